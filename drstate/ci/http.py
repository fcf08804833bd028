"""One request to GitHub's REST API, with the patience that its documentation asks of clients.

Tried again: what did not arrive, answers of 5xx, and rate limits, for as long as GitHub says and at
most ``PATIENCE`` seconds in all. Refused: sending the token over plain HTTP to another machine, or
to another address than the API's own. The token is in no error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from drstate.aws.clock import Clock
from drstate.errors import (
    ConfigError,
    CredentialsError,
    DrstateError,
    OperationError,
    Retry,
    TimedOutError,
)
from drstate.version import VERSION

API_VERSION = "2022-11-28"
#: seconds that one command waits for GitHub in all; a job's minutes are paid for
PATIENCE = 300.0
_TIMEOUT = urllib3.Timeout(connect=10.0, read=30.0)
#: waits after failures, in seconds; one more failure than these is an error
_BACKOFF = (1.0, 2.0, 4.0, 8.0)
#: GitHub: where a secondary limit names no time, wait at least a minute
_SECONDARY = 60.0
_REDIRECTS = (301, 302, 307, 308)
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?')
PERMISSION = "give the job the permission: `permissions: {pull-requests: write}`"


@dataclass(frozen=True)
class Answer:
    """A good answer: its document (None where it has none) and the address of the next page."""

    document: Any
    next: str | None


class Api:
    """The REST API of one GitHub."""

    def __init__(self, url: str, token: str, clock: Clock, *, patience: float = PATIENCE) -> None:
        """``url``: as GITHUB_API_URL has it. Raises ConfigError, CredentialsError."""
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise ConfigError(
                f"GITHUB_API_URL {url!r} is not the address of a GitHub API",
                why="it has to begin with https://; the token is sent there",
                hint="https://api.github.com, or https://HOST/api/v3 of an Enterprise server",
            )
        if not token:
            raise CredentialsError(
                "there is no token for GitHub",
                why="GITHUB_TOKEN is not set",
                hint="in the step: `env: {GITHUB_TOKEN: ${{ github.token }}}`",
            )
        self._url = url.rstrip("/")
        self._token = token
        self._clock = clock
        self._left = patience
        self._pool = _pool(parts.scheme, parts.hostname)

    def get(self, path: str) -> Answer:
        """Read. ``path`` begins with a slash; also what ``Answer.next`` names."""
        return self._send("GET", path)

    def patch(self, path: str, document: Mapping[str, Any]) -> Answer:
        """Change; the same change twice is one."""
        return self._send("PATCH", path, document)

    def delete(self, path: str) -> None:
        """Remove; what is gone already is removed."""
        self._send("DELETE", path, gone=True)

    def post(self, path: str, document: Mapping[str, Any]) -> Answer:
        """Make. It is not tried again where nobody knows whether it was made.

        Raises OperationError with ``Retry.TRANSIENT`` then: look, and try again.
        """
        return self._send("POST", path, document, repeat=False)

    def wait(self, seconds: float, what: str) -> None:
        """Sleep, within the patience. Raises TimedOutError naming ``what``."""
        if seconds > self._left:
            until = datetime.fromtimestamp(self._clock.now().timestamp() + seconds, UTC)
            raise TimedOutError(
                f"GitHub did not do it in time: {what}",
                why=f"it would have to be waited for until {until:%H:%M:%S} UTC",
                hint="run the job again then; nothing is done twice",
            )
        self._left -= seconds
        self._clock.sleep(seconds)

    def _send(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        *,
        repeat: bool = True,
        gone: bool = False,
    ) -> Answer:
        failures = limits = redirects = 0
        while True:
            try:
                found = self._once(method, path, document)
            except urllib3.exceptions.HTTPError as error:
                status, said = 0, self._hidden(f"{type(error).__name__}: {error}")
            else:
                status, said = found.status, self._message(found)
                if status in _REDIRECTS and redirects < 3:
                    redirects += 1
                    path = self._inside(found.headers.get("Location", ""))
                    continue
                if 200 <= status < 300 or (gone and status in (404, 410)):
                    return self._answer(found)
                seconds = self._limited(found, said, limits)
                if seconds is not None:
                    limits += 1
                    self.wait(seconds, f"{method} {path} met a rate limit")
                    continue
            if status and status < 500:
                raise self._refused(method, path, status, said)
            if not repeat or failures >= len(_BACKOFF):
                raise OperationError(
                    f"GitHub did not answer {method} {path}",
                    why=said or f"status {status}",
                    hint="see https://www.githubstatus.com, then run the job again",
                    retry=Retry.TRANSIENT,
                )
            self.wait(_BACKOFF[failures], f"{method} {path}: {said or status}")
            failures += 1

    def _once(
        self, method: str, path: str, document: Mapping[str, Any] | None
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method,
            self._url + path,
            body=None if document is None else json.dumps(document).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "User-Agent": f"drstate/{VERSION}",
                "X-GitHub-Api-Version": API_VERSION,
            },
            timeout=_TIMEOUT,
            retries=False,
            redirect=False,
        )

    def _answer(self, found: urllib3.BaseHTTPResponse) -> Answer:
        link = _NEXT.search(found.headers.get("Link", ""))
        try:
            document = json.loads(found.data) if found.data else None
        except ValueError:
            raise OperationError(
                "GitHub's answer is no JSON",
                why=f"status {found.status} with {len(found.data)} bytes",
                hint="is GITHUB_API_URL the address of the API? a proxy may have answered",
            ) from None
        return Answer(document, self._inside(link[1]) if link else None)

    def _inside(self, address: str) -> str:
        """The path of an address that GitHub named: the token goes to this API only."""
        base = urlsplit(self._url)
        parts = urlsplit(address)
        if not parts.path.startswith(f"{base.path}/") or (
            parts.netloc and parts.netloc != base.netloc
        ):
            raise OperationError(
                f"GitHub sends on to {parts.netloc or address!r}, which is not followed",
                why=f"the token is for {base.netloc} only",
                hint="was the repository moved? then give its new name: --repository",
            )
        return parts.path.removeprefix(base.path) + (f"?{parts.query}" if parts.query else "")

    def _limited(self, found: urllib3.BaseHTTPResponse, said: str, before: int) -> float | None:
        """Seconds until it may be asked again; None: that is not what it says."""
        if found.status not in (403, 429):
            return None
        after = found.headers.get("Retry-After", "")
        if after.isdigit():
            return float(after)
        reset = found.headers.get("X-RateLimit-Reset", "")
        if found.headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
            return max(1.0, float(reset) - self._clock.now().timestamp() + 1.0)
        if found.status == 429 or "rate limit" in said.lower():
            return float(_SECONDARY * 2**before)
        return None

    def _refused(self, method: str, path: str, status: int, said: str) -> DrstateError:
        where = f"{method} {path}"
        why = said or f"status {status}"
        if status == 401:
            return CredentialsError(
                f"GitHub does not accept the token: {where}",
                why=why,
                hint="GITHUB_TOKEN has to be the job's own: `${{ github.token }}`",
            )
        if status in (403, 404):
            return CredentialsError(
                f"GitHub does not let the token do this: {where}",
                why=f"{why} (a 404 also means: no such repository or pull request)",
                hint=PERMISSION,
            )
        return OperationError(
            f"GitHub refuses {where} with {status}", why=why, hint="see what it says above"
        )

    def _message(self, found: urllib3.BaseHTTPResponse) -> str:
        try:
            told = json.loads(found.data) if found.data else {}
        except ValueError:
            return ""
        if not isinstance(told, dict):
            return ""
        more = [str(one) for one in told.get("errors") or ()]
        return self._hidden("; ".join([str(told.get("message", "")), *more]))[:500]

    def _hidden(self, text: str) -> str:
        return text.replace(self._token, "***")


def _pool(scheme: str, host: str) -> urllib3.PoolManager:
    # self-hosted runners stand behind proxies; the library leaves looking for one to its user
    proxy = getproxies().get(scheme)
    if proxy and not proxy_bypass(host):
        return urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}")
    return urllib3.PoolManager()
