"""Whether a request was signed with the secret of the key that it names, and when."""

from __future__ import annotations

import hmac
import re
from datetime import datetime

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.request import Request

from .wire import Asked

_PARTS = re.compile(r"SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]+)")


def fits(request: Request, body: bytes, asked: Asked, secret: str) -> bool:
    """Recompute the SigV4 signature over what was signed, and compare."""
    given = _PARTS.search(request.headers.get("Authorization", ""))
    moment = request.headers.get("X-Amz-Date")
    if given is None or moment is None:
        return False
    signed = {
        name: request.headers.get(name, "")
        for name in given["headers"].split(";")
        if name != "authorization"
    }
    kind = S3SigV4Auth if asked.service in {"s3", "s3control"} else SigV4Auth
    auth = kind(Credentials(asked.access_key, secret), asked.signing_name, asked.region)
    repeated = AWSRequest(method=request.method, url=request.raw_url, headers=signed, data=body)
    repeated.context["timestamp"] = moment
    canonical = auth.canonical_request(repeated)
    expected = auth.signature(auth.string_to_sign(repeated, canonical), repeated)
    return hmac.compare_digest(expected, given["signature"])


def seconds_ahead(request: Request, now: float) -> float | None:
    """How far the date in the signature is ahead of `now`; None where it has none to read."""
    try:
        moment = datetime.strptime(request.headers.get("X-Amz-Date", ""), "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None
    return moment.timestamp() - now
