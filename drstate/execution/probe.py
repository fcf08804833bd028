"""The health URL of a resource (``dr:health-check-url``): asked once, with limits.

Only http and https, also after redirects: a tag must not make the runner read files or other
protocols. The body is not read.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO, Any

from drstate.errors import OperationError

TIMEOUT_SECONDS = 10.0
_SCHEMES = ("http", "https")


@dataclass(frozen=True)
class ProbeResult:
    """What the address answered."""

    ok: bool
    detail: str


class _SameKindOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        if newurl.split(":", 1)[0].lower() not in _SCHEMES:
            raise OperationError(
                f"the health URL redirects to {newurl.split(':', 1)[0]}:",
                why="only http and https are followed",
                hint="mend dr:health-check-url of the resource",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def probe(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> ProbeResult:
    """Whether the address answers 2xx within the time. One that does not is no exception."""
    if url.split(":", 1)[0].lower() not in _SCHEMES:
        return ProbeResult(False, f"{url} is not an http or https address")
    opener = urllib.request.build_opener(_SameKindOnly())
    request = urllib.request.Request(url, headers={"User-Agent": "drstate"})  # noqa: S310
    try:
        with opener.open(request, timeout=timeout_seconds) as response:
            return ProbeResult(200 <= response.status < 300, f"{url} answers {response.status}")
    except urllib.error.HTTPError as error:
        return ProbeResult(False, f"{url} answers {error.code}")
    except OperationError as error:
        return ProbeResult(False, error.what)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return ProbeResult(False, f"{url} does not answer: {reason}")
