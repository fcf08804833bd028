"""The sandbox's own endpoints under /_sandbox/, for its process's owner only.

    GET  status          the status file's content
    GET  calls?since=N   the record of calls numbered above N, and how many were dropped
    GET  digest          what exists (?account= &customer= &environment= &region=)
    GET  facts           the estate's identifiers
    GET  scopes          scope files for the estate, where it comes with some
    POST reset           back to the fresh estate
    POST fork?home=DIR   a copy of this process with all its state, on a port of its own
    POST load            load every service now, so that copies need not
    POST options?busy_zones=1 (or 0): changes of a zone must wait for each other
    POST options?policies=1 (or 0): callers are held to their identity policies
    POST options?limits=off|generous|strict: how many calls AWS allows
    GET  faults          the fault rules with their counts
    POST faults          put rules in force; the body is a JSON list of them
    POST faults/clear    remove one rule (?id=) or all; calls that hang are let go
    POST clock?advance=S push time forward; POST clock?settle=1 finishes everything pending
    POST latency?ms=50   answer every call that much later, as over a network
    POST snapshot?file=F write everything into a file, sealed with the home's key
    POST restore?file=F  put a snapshot's state in place of this one

Every one needs the token from the status file in the header X-Sandbox-Token.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from moto.core.request import Request

from drstate.errors import DrstateError

from .answer import Answer
from .aws import runtime
from .calls import CallRecord
from .digest import Selection, digest
from .faults import codes
from .faults.limits import Profile
from .faults.rule import FaultRule
from .status import SandboxStatus
from .wire import CONTROL_PREFIX

TOKEN_HEADER = "X-Sandbox-Token"  # noqa: S105 - a header's name


class Host(Protocol):
    """What the control endpoints need from the server."""

    status: SandboxStatus

    def calls(self, since: int) -> list[dict[str, Any]]:
        """The record of calls."""

    def facts(self) -> dict[str, Any]:
        """The estate's identifiers."""

    def reset(self) -> None:
        """Back to the fresh estate."""

    def fork(self, home: Path) -> SandboxStatus:
        """Copy the process; raises OSError where that fails."""

    def exclusively(self, action: Callable[[], Any]) -> Any:
        """Run while no request is served."""

    def scopes(self) -> dict[str, str]:
        """The estate's scope files."""

    def load(self) -> None:
        """Load every service."""

    def set_latency(self, milliseconds: float) -> None:
        """Answer every call that much later."""

    def snapshot(self, file: Path) -> int:
        """Write everything into a file; its size in bytes."""

    def restore(self, file: Path) -> SandboxStatus:
        """Put a snapshot's state in place; raises DrstateError where it is refused."""


@dataclass(frozen=True)
class _Order:
    """What came with a control request."""

    args: Mapping[str, str]
    body: bytes
    record: CallRecord


class Control:
    """Answers the control endpoints."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._routes: dict[tuple[str, str], Callable[[_Order], Any]] = {
            ("GET", "status"): self._status,
            ("GET", "calls"): self._calls,
            ("GET", "digest"): self._digest,
            ("GET", "facts"): self._facts,
            ("GET", "scopes"): lambda _order: self._host.scopes(),
            ("POST", "latency"): self._latency,
            ("POST", "snapshot"): self._snapshot,
            ("POST", "restore"): self._restore,
            ("POST", "reset"): self._reset,
            ("POST", "fork"): self._fork,
            ("POST", "load"): lambda _order: self._host.exclusively(self._host.load),
            ("POST", "clock"): self._clock,
            ("POST", "options"): self._options,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_faults,
            ("POST", "faults/clear"): self._clear_faults,
        }

    def answer(self, request: Request, body: bytes, record: CallRecord) -> Answer:
        """Serve one control request."""
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given, self._host.status.control_token):
            return _json(403, {"error": "the control token is missing or wrong"})
        name = request.path.removeprefix(CONTROL_PREFIX).strip("/")
        route = self._routes.get((request.method, name))
        if route is None:
            known = sorted(f"{method} {path}" for method, path in self._routes)
            return _json(404, {"error": f"no such endpoint; there are: {', '.join(known)}"})
        try:
            return _json(200, route(_Order(request.args, body, record)))
        except ValueError as error:
            return _json(400, {"error": str(error)})
        except DrstateError as error:
            return _json(409, {"error": f"{error.what} {error.why}"})
        except OSError as error:
            return _json(409, {"error": f"{type(error).__name__}: {error}"})

    def _status(self, _order: _Order) -> Any:
        return self._host.status.model_dump(mode="json")

    def _calls(self, order: _Order) -> Any:
        since = int(order.args.get("since", "0"))
        return self._host.exclusively(
            lambda: {"calls": self._host.calls(since), "dropped": order.record.dropped(since)}
        )

    def _digest(self, order: _Order) -> Any:
        selection = Selection(
            account=order.args.get("account"),
            region=order.args.get("region"),
            customer=order.args.get("customer"),
            environment=order.args.get("environment"),
        )
        return self._host.exclusively(lambda: digest(selection))

    def _facts(self, _order: _Order) -> Any:
        return self._host.facts()

    def _reset(self, _order: _Order) -> Any:
        profile = runtime.get().limits.profile
        runtime.get().hangs.release()
        self._host.reset()
        runtime.get().limits.choose(profile)
        return self._host.status.model_dump(mode="json")

    def _fork(self, order: _Order) -> Any:
        home = order.args.get("home")
        if not home:
            raise ValueError("fork needs ?home=, the directory for the copy's files")
        return self._host.fork(Path(home)).model_dump(mode="json")

    def _latency(self, order: _Order) -> Any:
        self._host.set_latency(float(order.args.get("ms", "0")))
        return {}

    def _snapshot(self, order: _Order) -> Any:
        return {"bytes": self._host.snapshot(_file(order, "snapshot"))}

    def _restore(self, order: _Order) -> Any:
        runtime.get().hangs.release()
        return self._host.restore(_file(order, "restore")).model_dump(mode="json")

    def _options(self, order: _Order) -> Any:
        def choose() -> dict[str, Any]:
            state = runtime.get()
            if "busy_zones" in order.args:
                state.busy_zones = order.args["busy_zones"] == "1"
            if "policies" in order.args:
                state.policies = order.args["policies"] == "1"
            if "limits" in order.args:
                state.limits.choose(_profile(order.args["limits"]))
            return {
                "busy_zones": state.busy_zones,
                "policies": state.policies,
                "limits": state.limits.profile,
            }

        return self._host.exclusively(choose)

    def _faults(self, _order: _Order) -> Any:
        def listed() -> dict[str, Any]:
            state = runtime.get()
            return {
                "faults": state.faults.listed(state.clock.seconds()),
                "hanging": len(state.hangs),
                "limits": state.limits.profile,
            }

        return self._host.exclusively(listed)

    def _add_faults(self, order: _Order) -> Any:
        given = json.loads(order.body or b"null")
        if not isinstance(given, list):
            raise ValueError("the body must be a JSON list of rules")  # noqa: TRY004 - answered
        rules = [FaultRule.model_validate(one) for one in given]
        for rule in rules:
            codes.check(rule)

        def add() -> dict[str, Any]:
            state = runtime.get()
            added = [state.faults.add(rule, state.clock.seconds()) for rule in rules]
            return {"ids": [rule.id for rule in added]}

        return self._host.exclusively(add)

    def _clear_faults(self, order: _Order) -> Any:
        def clear() -> dict[str, int]:
            state = runtime.get()
            removed = state.faults.clear(order.args.get("id"))
            return {"removed": removed, "released": state.hangs.release()}

        return self._host.exclusively(clear)

    def _clock(self, order: _Order) -> Any:
        def move() -> dict[str, float]:
            clock = runtime.clock()
            if order.args.get("settle"):
                clock.settle()
            clock.push(float(order.args.get("advance", "0")))
            clock.run_due()
            return {"now": clock.seconds()}

        return self._host.exclusively(move)


def _file(order: _Order, name: str) -> Path:
    file = order.args.get("file")
    if not file:
        raise ValueError(f"{name} needs ?file=, the snapshot's path")
    return Path(file)


def _profile(text: str) -> Profile:
    try:
        return Profile(text)
    except ValueError as error:
        known = ", ".join(Profile)
        raise ValueError(f"limits: {text!r} is none of {known}") from error


def _json(status: int, document: Any) -> Answer:
    body = json.dumps(document, sort_keys=True).encode("utf-8")
    return Answer(status, [("Content-Type", "application/json")], body)
