"""Signed HTTP requests to a host of the customer's own: an OpenSearch domain.

Snapshots of a domain are no operations of AWS's API: the domain itself is asked, over HTTPS, signed
like any call. IAM knows three permissions for it, one per kind of request. A domain in a VPC is
reached from inside of it only.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

_SERVICE = "es"
_LOWEST_ERROR = 300
_AWS = ("amazonaws.com", "api.aws", "amazonaws.com.cn")


class HostClient:
    """A domain as if it were a client of botocore's: methods that answer dicts or raise."""

    def __init__(
        self, client: Any, host: str, *, connect_seconds: float, read_seconds: float
    ) -> None:
        """``client``: of the service, for its credentials and region."""
        self._client = client
        self._host = host
        limits: Any = (connect_seconds, read_seconds)
        self._session = URLLib3Session(timeout=limits)

    def es_http_get(self, path: str, body: Any = None) -> dict[str, Any]:
        """Read. Raises ClientError."""
        return self._send("GET", path, body)

    def es_http_put(self, path: str, body: Any = None) -> dict[str, Any]:
        """Create or replace. Raises ClientError."""
        return self._send("PUT", path, body)

    def es_http_post(self, path: str, body: Any = None) -> dict[str, Any]:
        """Have something done. Raises ClientError."""
        return self._send("POST", path, body)

    def es_http_delete(self, path: str, body: Any = None) -> dict[str, Any]:
        """Delete. Raises ClientError."""
        return self._send("DELETE", path, body)

    def _send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        request = AWSRequest(
            method=method,
            url=f"{self._base()}{path}",
            data=b"" if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Host": self._host},
        )
        held = self._client._get_credentials()  # noqa: SLF001 - botocore has no other way in
        keys = held.get_frozen_credentials()
        SigV4Auth(keys, _SERVICE, self._client.meta.region_name).add_auth(request)
        answer = self._session.send(request.prepare())
        found = _parsed(answer.content)
        if answer.status_code >= _LOWEST_ERROR:
            refused: Any = {
                "Error": _error(found, answer.status_code),
                "ResponseMetadata": {"HTTPStatusCode": answer.status_code},
            }
            raise ClientError(refused, f"ESHttp{method.capitalize()}")
        return found

    def _base(self) -> str:
        """The domain itself, or the emulated AWS that stands for everything."""
        endpoint = str(self._client.meta.endpoint_url)
        if str(urlsplit(endpoint).hostname).endswith(_AWS):
            return f"https://{self._host}"
        return endpoint.rstrip("/")


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {"message": content.decode("utf-8", "replace")[:500]}
    return found if isinstance(found, dict) else {"items": found}


def _error(found: dict[str, Any], status: int) -> dict[str, Any]:
    """OpenSearch's own words: the type of the error is its code."""
    error = found.get("error")
    if isinstance(error, dict):
        return {"Code": str(error.get("type")), "Message": str(error.get("reason"))}
    code = str(found.get("__type") or found.get("code") or status)
    return {"Code": code, "Message": str(error or found.get("message") or found.get("Message"))}
