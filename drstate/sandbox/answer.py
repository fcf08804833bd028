"""A response, kept whole so that its status can be recorded and corrected."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
_REQUEST_ID = ("x-amzn-requestid", "x-amz-request-id")
# What moto writes into every answer of the XML services.
_SAME_FOR_ALL = re.compile(rb"<(request(?:id|ID|Id)|Request(?:ID|Id))>request-id</\1>")
_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


@dataclass
class Answer:
    """Status, headers, body; and the AWS error code where the sandbox itself refuses."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    error: str = ""
    request_id: str = ""

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Hand it to the WSGI server."""
        headers = [
            (name, value) for name, value in self.headers if name.lower() != "content-length"
        ]
        headers.append(("Content-Length", str(len(self.body))))
        reason = _REASONS.get(self.status, "Status")
        start_response(f"{self.status} {reason}", headers)
        return [self.body]

    def send_head(self, start_response: StartResponse) -> Iterable[bytes]:
        """The same for HEAD: headers, and nothing of the body."""
        start_response(f"{self.status} Status", self.headers)
        return [b""]

    def identified(self, request_id: uuid.UUID) -> None:
        """Keep the request id that the service gave, or give this one."""
        given = [value for name, value in self.headers if name.lower() in _REQUEST_ID and value]
        self.request_id = given[0] if given else str(request_id)
        if not given:
            self.headers.append(("x-amzn-RequestId", self.request_id))
        if b"request-id</" in self.body:
            said = self.request_id.encode("ascii")
            self.body = _SAME_FOR_ALL.sub(rb"<\1>" + said + rb"</\1>", self.body)

    def error_code(self) -> str:
        """The AWS error code of an error's body; empty where there is none to be found."""
        if self.error or self.status < 400:
            return self.error
        for name, value in self.headers:
            if name.lower() in {"x-amzn-errortype", "x-amzn-query-error"}:
                return value.split(";", 1)[0].rsplit("#", 1)[-1].split(":", 1)[0]
        found = _XML_CODE.search(self.body)
        if found is not None:
            return found[1].decode("utf-8", "replace")
        try:
            document = json.loads(self.body)
        except ValueError:
            return ""
        kind = document.get("__type", "") if isinstance(document, dict) else ""
        return str(kind).rsplit("#", 1)[-1]
