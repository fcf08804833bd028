"""Asks whether something answers over the network: TCP, DNS or HTTP, once, with a time limit.

One file with nothing but the standard library, because it runs in two places: inside drstate, and
as an AWS Lambda function in the VPC that is to be looked at from inside (``handler``; how to deploy
it: docs/probes.md). It changes nothing, reads no body, and follows no redirect out of http(s).

Request and answer are JSON, versioned by ``schema``::

    {"schema": "drstate.probe/1", "kind": "tcp", "host": "db.example", "port": 5432, "timeout": 5}
    {"schema": "drstate.probe/1", "kind": "dns", "host": "app.example", "timeout": 5}
    {"schema": "drstate.probe/1", "kind": "http", "url": "https://app.example/health", "timeout": 5}

    {"schema": "drstate.probe/1", "ok": true, "detail": "…", "milliseconds": 12, "names": []}

``names`` are the names and addresses that a name resolves to (``dns`` only). A target that does not
answer is an answer with ``ok`` false, never an exception.
"""

from __future__ import annotations

import http.client
import queue
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any

SCHEMA = "drstate.probe/1"
KINDS = ("tcp", "dns", "http")
LONGEST_SECONDS = 25.0
_SCHEMES = ("http", "https")


def handler(event: Any, _context: Any) -> dict[str, Any]:
    """AWS Lambda's entry point."""
    return answer(event)


def answer(request: Any) -> dict[str, Any]:
    """Carry out one request; what cannot be understood is answered with ``ok`` false."""
    wrong = _wrong(request)
    if wrong:
        return _told(False, f"the probe was not understood: {wrong}")
    seconds = min(float(request.get("timeout", 5.0)), LONGEST_SECONDS)
    begun = time.monotonic()
    names: list[str] = []
    try:
        if request["kind"] == "tcp":
            detail = _connect(request["host"], request["port"], seconds)
        elif request["kind"] == "dns":
            names = _in_time(request["host"], seconds)
            detail = f"{request['host']} resolves to {', '.join(names)}"
        else:
            detail = _get(request["url"], seconds)
    except _NoGoodAnswerError as error:
        return _told(False, str(error), _since(begun))
    except (OSError, http.client.HTTPException, ValueError) as error:
        what = request.get("url") or request["host"]
        if request["kind"] == "tcp":
            what = f"{what}:{request['port']}"
        reason = getattr(error, "reason", error)
        return _told(False, f"{what} does not answer: {reason}", _since(begun))
    return _told(True, detail, _since(begun), names)


class _NoGoodAnswerError(Exception):
    """It answered, and not well."""


def _wrong(request: Any) -> str:
    if not isinstance(request, dict):
        return "the request is not a JSON object"
    if request.get("schema") != SCHEMA:
        return f"schema is {request.get('schema')!r}, this function speaks {SCHEMA}"
    kind = request.get("kind")
    if kind not in KINDS:
        return f"kind is {kind!r}, known are {', '.join(KINDS)}"
    seconds = request.get("timeout", 5.0)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        return f"timeout is {seconds!r}, seconds above 0 are wanted"
    if kind == "http":
        url = request.get("url")
        if not isinstance(url, str) or url.split(":", 1)[0].lower() not in _SCHEMES:
            return f"{url} is not an http or https address"
        return ""
    if not isinstance(request.get("host"), str) or not request["host"]:
        return "host is missing"
    port = request.get("port")
    if kind == "tcp" and not (isinstance(port, int) and 0 < port < 65536):
        return f"port is {port!r}, 1 to 65535 are wanted"
    return ""


def _connect(host: str, port: int, seconds: float) -> str:
    with socket.create_connection((host, port), timeout=seconds):
        return f"{host}:{port} accepts connections"


def _in_time(host: str, seconds: float) -> list[str]:
    """Names and addresses of ``host``. The resolver knows no time limit, so it is left behind."""
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            found.put(_names(host))
        except OSError as error:
            found.put(error)

    threading.Thread(target=resolve, daemon=True).start()
    try:
        answered = found.get(timeout=seconds)
    except queue.Empty:
        raise _NoGoodAnswerError(f"{host} was not resolved within {seconds:g} s") from None
    if isinstance(answered, OSError):
        raise _NoGoodAnswerError(f"{host} does not resolve: {answered}")
    return answered


def _names(host: str) -> list[str]:
    plain = host.rstrip(".")
    try:
        canonical, aliases, addresses = socket.gethostbyname_ex(plain)
    except OSError:
        # a name with IPv6 addresses only
        rows = socket.getaddrinfo(plain, None, type=socket.SOCK_STREAM)
        return sorted({str(row[4][0]) for row in rows})
    names = [name for name in (canonical, *aliases) if name.rstrip(".") != plain]
    return [*dict.fromkeys(names), *sorted(addresses)]


class _SameKindOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        kind = newurl.split(":", 1)[0].lower()
        if kind not in _SCHEMES:
            raise _NoGoodAnswerError(
                f"the address redirects to {kind}:, and only http and https are followed"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _get(url: str, seconds: float) -> str:
    opener = urllib.request.build_opener(_SameKindOnly())
    request = urllib.request.Request(url, headers={"User-Agent": "drstate"})  # noqa: S310
    try:
        with opener.open(request, timeout=seconds) as response:
            status = response.status
    except urllib.error.HTTPError as error:
        status = error.code
    if not 200 <= status < 300:
        raise _NoGoodAnswerError(f"{url} answers {status}")
    return f"{url} answers {status}"


def _told(
    ok: bool, detail: str, milliseconds: int = 0, names: list[str] | None = None
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "ok": ok,
        "detail": detail,
        "milliseconds": milliseconds,
        "names": names or [],
    }


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
