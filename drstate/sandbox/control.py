"""The sandbox's own endpoints under /_sandbox/, for its process's owner only.

    GET  status          the status file's content
    GET  calls?since=N   the record of calls numbered above N
    GET  digest          what exists (?account= &customer= &environment= &region=)
    GET  facts           the estate's identifiers
    POST reset           back to the fresh estate
    POST fork?home=DIR   a copy of this process with all its state, on a port of its own
    POST options?busy_zones=1 (or 0): changes of a zone must wait for each other
    POST clock?advance=S push time forward; POST clock?settle=1 finishes everything pending

Every one needs the token from the status file in the header X-Sandbox-Token.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from moto.core.request import Request

from .application import CONTROL_PREFIX, Answer
from .aws import runtime
from .digest import Selection, digest
from .status import SandboxStatus

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


class Control:
    """Answers the control endpoints."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "status"): self._status,
            ("GET", "calls"): self._calls,
            ("GET", "digest"): self._digest,
            ("GET", "facts"): self._facts,
            ("POST", "reset"): self._reset,
            ("POST", "fork"): self._fork,
            ("POST", "clock"): self._clock,
            ("POST", "options"): self._options,
        }

    def answer(self, request: Request, _body: bytes) -> Answer:
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
            return _json(200, route(request))
        except ValueError as error:
            return _json(400, {"error": str(error)})
        except OSError as error:
            return _json(409, {"error": f"{type(error).__name__}: {error}"})

    def _status(self, _request: Request) -> Any:
        return self._host.status.model_dump(mode="json")

    def _calls(self, request: Request) -> Any:
        return {"calls": self._host.calls(int(request.args.get("since", "0")))}

    def _digest(self, request: Request) -> Any:
        selection = Selection(
            account=request.args.get("account"),
            region=request.args.get("region"),
            customer=request.args.get("customer"),
            environment=request.args.get("environment"),
        )
        return self._host.exclusively(lambda: digest(selection))

    def _facts(self, _request: Request) -> Any:
        return self._host.facts()

    def _reset(self, _request: Request) -> Any:
        self._host.reset()
        return self._host.status.model_dump(mode="json")

    def _fork(self, request: Request) -> Any:
        home = request.args.get("home")
        if not home:
            raise ValueError("fork needs ?home=, the directory for the copy's files")
        return self._host.fork(Path(home)).model_dump(mode="json")

    def _options(self, request: Request) -> Any:
        def choose() -> dict[str, bool]:
            state = runtime.get()
            state.busy_zones = request.args.get("busy_zones", "0") == "1"
            return {"busy_zones": state.busy_zones}

        return self._host.exclusively(choose)

    def _clock(self, request: Request) -> Any:
        def move() -> dict[str, float]:
            clock = runtime.clock()
            if request.args.get("settle"):
                clock.settle()
            clock.push(float(request.args.get("advance", "0")))
            clock.run_due()
            return {"now": clock.seconds()}

        return self._host.exclusively(move)


def _json(status: int, document: Any) -> Answer:
    body = json.dumps(document, sort_keys=True).encode("utf-8")
    return Answer(status, [("Content-Type", "application/json")], body)
