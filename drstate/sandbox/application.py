"""The WSGI application: every request to the emulated AWS passes through here.

Order: control endpoints; who asks for what; do fault rules strike it; is the caller known;
is there a call left for it; then, one request at a time, what has become due, the
operation, the record. One at a time because moto's checks and changes are not atomic, and
because a copy of the process may only be taken between two requests. Calls that hang, or wait
for something to happen, do so outside of that. An exception inside the emulation is answered as
a 400 that names it: a 500 would be retried by every SDK until the cause is out of sight.
"""

from __future__ import annotations

import io
import logging
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from time import time as wall_seconds
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from . import calls, refusals
from .answer import Answer
from .aws import own_service, runtime
from .aws.buckets import region_of_bucket
from .aws.ids import SeededIds
from .calls import Call, CallRecord
from .faults.hanging import cut
from .faults.rule import Effect
from .faults.table import NOTHING, Target, Verdict
from .policies import require_permission
from .waiting import NotYet, bell, gone
from .wire import CONTROL_PREFIX, Asked, bucket_of, identify, refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from .control import Control

log = logging.getLogger("drstate.sandbox")
LIMIT = "limit"
# How far AWS's clock is off for a request: the server's Date header goes by it.
SKEW = "drstate.skew"
_SEED = "drstate-sandbox"
_NOTHING = Asked("", "", "", "", "")


class _ServedRequest(Request):  # type: ignore[misc]
    """The server writes the Date header itself."""

    from_wsgi_server = True


@dataclass
class _Visit:
    """A request on its way: what it asks for, and what fault rules say about it."""

    environ: WSGIEnvironment
    request: Request
    body: bytes
    asked: Asked | None
    verdict: Verdict
    by_limit: bool = False
    unreadable: Exception | None = None
    # When its waiting is over, by the sandbox's clock; None where it does not wait.
    until: float | None = None


class SandboxApplication:
    """Serves emulated AWS. `lock` is held while a request changes or reads its state."""

    def __init__(self, calls: CallRecord) -> None:
        self.lock = threading.RLock()
        self.calls = calls
        self.seed = _SEED
        self.ids = SeededIds(_SEED)
        self.control: Control | None = None
        self._moto = DomainDispatcherApplication(create_backend_app)
        runtime.recorded_by(self._history)
        runtime.served_under(self.lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or end its connection."""
        body = _read_body(environ)
        request = _ServedRequest(environ)
        if request.path.startswith(CONTROL_PREFIX) and self.control is not None:
            return self.control.answer(request, body, self.calls).send(start_response)
        answer: Answer | None = None
        with self.lock:
            visit = self._arrive(environ, request, body)
            if visit.verdict.no_answer:
                self._record(visit, Answer(0), calls.NO_ANSWER)
            else:
                answer = self._serve(visit)
        if visit.until is not None:
            answer = self._wait(visit)
        if answer is None or visit.verdict.lost:
            _leave_unanswered(environ, visit.verdict)
            # What the server takes for a caller that has gone.
            raise ConnectionResetError("no answer, by a fault rule")
        if request.method == "HEAD":
            return answer.send_head(start_response)
        return answer.send(start_response)

    def _history(self) -> tuple[Call, ...]:
        return self.calls.kept()

    def _arrive(self, environ: WSGIEnvironment, request: Request, body: bytes) -> _Visit:
        state = runtime.get()
        verdict = NOTHING
        try:
            asked = identify(request, body)
        except Exception as error:
            log.exception("%s %s cannot be read", request.method, request.path)
            return _Visit(environ, request, body, None, verdict, unreadable=error)
        if state.faults and asked is not None:
            owner = state.access.owner(asked.access_key)
            verdict = state.faults.decide(
                Target(
                    asked.service,
                    asked.operation,
                    asked.region,
                    owner.account if owner is not None else "",
                    region_of_bucket(bucket_of(request)) if asked.service == "s3" else "",
                ),
                state.clock.seconds(),
            )
        return _Visit(environ, request, body, asked, verdict)

    def _wait(self, visit: _Visit) -> Answer | None:
        """Serve it again whenever something happened. None: its caller has gone."""
        connection = visit.environ["werkzeug.socket"]
        while True:
            with self.lock:
                if gone(connection):
                    self._record(visit, Answer(0), calls.NO_ANSWER)
                    return None
                turn = bell.turn
                answer = self._serve(visit)
                left = (visit.until or 0.0) - runtime.clock().seconds()
            if answer is not None:
                return answer
            bell.wait(turn, max(left, 0.0))

    def _serve(self, visit: _Visit) -> Answer | None:
        """The answer; None where the call waits for something to happen."""
        state = runtime.get()
        state.caller = None
        state.skew = visit.verdict.skew
        state.waited = visit.until is not None and state.clock.seconds() >= visit.until
        asked = visit.asked or _NOTHING
        try:
            state.clock.run_due()
            _check_readable(visit)
            state.caller = state.access.authenticate(
                asked, visit.request, visit.body, visit.verdict.skew
            )
            if state.policies:
                require_permission(state.caller, asked, visit.request, visit.body)
            if visit.until is None:
                self._check(visit, asked, state.caller.account)
            self.ids.before(
                state.caller.account,
                asked.region,
                asked.operation,
                visit.request.path,
                visit.body,
            )
            visit.environ["HTTP_X_MOTO_ACCOUNT_ID"] = state.caller.account
            answer = self._operate(visit.environ, visit.request, asked)
        except NotYet as wait:
            if visit.until is None:
                visit.until = state.clock.seconds() + wait.seconds * state.clock.scale
            return None
        except refusals.Refused as refused:
            answer = _refused(visit.request, asked, refused)
        except Exception as error:
            log.exception("fault before %s was served", asked)
            fault = refusals.broken("sandbox", visit.request.path, error)
            answer = _refused(visit.request, asked, fault)
        visit.environ[SKEW] = visit.verdict.skew
        answered = calls.ERROR if answer.status >= 400 else calls.ANSWERED
        self._record(visit, answer, calls.ANSWER_LOST if visit.verdict.lost else answered)
        state.caller = None
        state.skew = 0.0
        return answer

    def _check(self, visit: _Visit, asked: Asked, account: str) -> None:
        """Raise Refused where a fault rule or AWS's limit of calls stands against it."""
        rule = visit.verdict.rule
        if rule is not None and rule.effect is Effect.ERROR:
            raise refusals.faulty(asked.service, rule.code or "", rule.message, rule.status)
        if rule is not None and rule.effect is Effect.THROTTLE:
            raise refusals.throttled(asked.service, rule.message or "")
        state = runtime.get()
        if not state.limits.allows(
            account, asked.region, asked.service, asked.operation, state.clock.seconds()
        ):
            visit.by_limit = True
            raise refusals.throttled(asked.service)

    def _operate(self, environ: WSGIEnvironment, request: Request, asked: Asked) -> Answer:
        if not asked.operation:
            raise refusals.not_implemented(asked.service, "", f"{request.method} {request.path}")
        try:
            answer = self._reach(environ, request, asked)
        except NotImplementedError as error:
            log.info("not implemented: %s:%s: %s", asked.service, asked.operation, error)
            raise refusals.not_implemented(asked.service, asked.operation, "") from error
        except (refusals.Refused, NotYet):
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

    def _record(self, visit: _Visit, answer: Answer, outcome: str) -> None:
        state = runtime.get()
        asked = visit.asked or _NOTHING
        # Of a call that was not let in, whose key it came with.
        caller = state.caller or state.access.owner(asked.access_key)
        answer.identified(uuid.uuid5(uuid.NAMESPACE_OID, f"{_SEED}/{self.calls.next_number}"))
        self.calls.add(
            time=state.clock.seconds(),
            at=wall_seconds(),
            service=asked.service,
            operation=asked.operation,
            region=asked.region,
            account=caller.account if caller else "",
            principal=(caller.role_arn or caller.arn) if caller else asked.access_key,
            session=caller.session if caller else "",
            status=answer.status,
            error=answer.error_code(),
            outcome=outcome,
            request_id=answer.request_id if answer.status else "",
            access_key=asked.access_key,
            fault=LIMIT if visit.by_limit else visit.verdict.named,
        )
        bell.ring()


def _check_readable(visit: _Visit) -> None:
    if visit.unreadable is not None:
        raise refusals.broken("sandbox", visit.request.path, visit.unreadable)
    if visit.asked is None:
        raise refusals.missing_authentication("sts")


def _leave_unanswered(environ: WSGIEnvironment, verdict: Verdict) -> None:
    """Hold the connection for as long as the rule says, then end it without an answer."""
    connection = environ["werkzeug.socket"]
    if verdict.hang_seconds is not None:
        runtime.get().hangs.wait(connection, verdict.hang_seconds)
    cut(connection)


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


def _pairs(headers: Any) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in dict(headers).items() if name != "status"]


def _bytes(content: Any) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else bytes(content or b"")
