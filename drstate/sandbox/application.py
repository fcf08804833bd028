"""The WSGI application: every request to the emulated AWS passes through here.

Order: control endpoints; who asks for what; is the caller known; then, one request at a
time, what has become due, the operation, the record. One at a time because moto's checks
and changes are not atomic, and because a copy of the process may only be taken between
two requests. An exception inside the emulation is answered as a 400 that names it: a 500
would be retried by every SDK until the cause is out of sight.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from . import refusals
from .aws import own_service, runtime
from .aws.ids import SeededIds
from .calls import CallRecord
from .wire import Asked, identify, refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from .control import Control

log = logging.getLogger("drstate.sandbox")
CONTROL_PREFIX = "/_sandbox/"
_SEED = "drstate-sandbox"
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
_NOTHING = Asked("", "", "", "", "")


@dataclass
class Answer:
    """A response, kept whole so that its status can be recorded and corrected."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    error: str = ""

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Hand it to the WSGI server."""
        headers = [
            (name, value) for name, value in self.headers if name.lower() != "content-length"
        ]
        headers.append(("Content-Length", str(len(self.body))))
        reason = _REASONS.get(self.status, "Status")
        start_response(f"{self.status} {reason}", headers)
        return [self.body]


class _ServedRequest(Request):  # type: ignore[misc]
    """The server writes the Date header itself."""

    from_wsgi_server = True


class SandboxApplication:
    """Serves emulated AWS. `lock` is held while a request changes or reads its state."""

    def __init__(self, calls: CallRecord) -> None:
        self.lock = threading.RLock()
        self.calls = calls
        self.seed = _SEED
        self.ids = SeededIds(_SEED)
        self.control: Control | None = None
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        body = _read_body(environ)
        request = _ServedRequest(environ)
        if request.path.startswith(CONTROL_PREFIX) and self.control is not None:
            return self.control.answer(request, body).send(start_response)
        with self.lock:
            answer = self._serve(environ, request, body)
        if request.method == "HEAD":
            return _headers_only(answer, start_response)
        return answer.send(start_response)

    def _serve(self, environ: WSGIEnvironment, request: Request, body: bytes) -> Answer:
        state = runtime.get()
        state.caller = None
        asked: Asked | None = None
        try:
            state.clock.run_due()
            asked = _signed(request, body)
            state.caller = state.access.authenticate(asked, request, body)
            self.ids.before(state.caller.account, asked.region, asked.operation, request.path, body)
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = state.caller.account
            answer = self._operate(environ, request, asked)
        except refusals.Refused as refused:
            answer = _refused(request, asked or _NOTHING, refused)
        except Exception as error:
            log.exception("fault before %s was served", asked)
            fault = refusals.broken("sandbox", request.path, error)
            answer = _refused(request, asked or _NOTHING, fault)
        self._record(asked or _NOTHING, answer)
        state.caller = None
        return answer

    def _operate(self, environ: WSGIEnvironment, request: Request, asked: Asked) -> Answer:
        if not asked.operation:
            raise refusals.not_implemented(asked.service, "", f"{request.method} {request.path}")
        try:
            answer = self._reach(environ, request, asked)
        except NotImplementedError as error:
            log.info("not implemented: %s:%s: %s", asked.service, asked.operation, error)
            raise refusals.not_implemented(asked.service, asked.operation, "") from error
        except refusals.Refused:
            raise
        except Exception as error:
            log.exception("fault in %s:%s", asked.service, asked.operation)
            raise refusals.broken(asked.service, asked.operation, error) from error
        if answer.status >= 500:
            log.error("%s:%s answered %s", asked.service, asked.operation, answer.status)
            answer.status = 400
        return answer

    def _reach(self, environ: WSGIEnvironment, request: Request, asked: Asked) -> Answer:
        own = own_service(asked.service)
        if own is not None:
            status, headers, content = own.dispatch(request, request.raw_url, request.headers)
            return Answer(int(status), _pairs(headers), _bytes(content))
        host = self._moto.infer_service_region_host(environ, request.path)
        if self._moto.get_backend_for_host(host) is None:
            raise NotImplementedError(asked.service)
        return _call(self._moto.get_application(environ), environ)

    def _record(self, asked: Asked, answer: Answer) -> None:
        state = runtime.get()
        caller = state.caller
        self.calls.add(
            time=state.clock.seconds(),
            service=asked.service,
            operation=asked.operation,
            region=asked.region,
            account=caller.account if caller else "",
            principal=(caller.role_arn or caller.arn) if caller else asked.access_key,
            session=caller.session if caller else "",
            status=answer.status,
            error=answer.error,
        )


def _signed(request: Request, body: bytes) -> Asked:
    asked = identify(request, body)
    if asked is None:
        raise refusals.missing_authentication("sts")
    return asked


def _refused(request: Request, asked: Asked, refused: refusals.Refused) -> Answer:
    status, headers, body = refusal(
        request, asked.service or "sts", refused.status, refused.code, refused.message
    )
    return Answer(status, headers, body, error=refused.code)


def _read_body(environ: WSGIEnvironment) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _call(app: Any, environ: WSGIEnvironment) -> Answer:
    answer = Answer(500)

    def start(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> Any:
        answer.status = int(status.split(" ", 1)[0])
        answer.headers = list(headers)
        return None

    chunks = app(environ, start)
    try:
        answer.body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return answer


def _headers_only(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    start_response(f"{answer.status} Status", answer.headers)
    return [b""]


def _pairs(headers: Any) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in dict(headers).items() if name != "status"]


def _bytes(content: Any) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else bytes(content or b"")
