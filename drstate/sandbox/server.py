"""The server process: emulated AWS on a loopback port, started by serve.py.

The main thread waits for work that must not run in a request's thread: taking a copy of
the process, and stopping. Requests run in threads of the WSGI server. It listens on
127.0.0.1 only, and stops on SIGTERM, removing its status file if that is still its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import queue
import secrets
import signal
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from . import aws, estates, forking, status
from .access import Access
from .application import SandboxApplication
from .aws import runtime
from .aws.ids import SeededIds
from .calls import CallRecord
from .clock import ScaledClock
from .control import Control
from .status import SandboxStatus

log = logging.getLogger("drstate.sandbox")
LOOPBACK = "127.0.0.1"


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    """The call record replaces the access log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Stopped(BaseException):
    """SIGTERM arrived."""


class SandboxServer:
    """One sandbox: application, estate, listener, and the main thread's work."""

    def __init__(self, home: Path, estate: str, port: int, scale: float) -> None:
        self.home = home
        self._estate_name = estate
        self._scale = scale
        self._application = SandboxApplication(CallRecord())
        self._application.control = Control(self)
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._server: BaseWSGIServer | None = None
        self._old_servers: list[Any] = []
        aws.install()
        self._furnish()
        self.status = self._listen(port)

    # What the control endpoints use ---------------------------------------------------

    def calls(self, since: int) -> list[dict[str, Any]]:
        """The record of calls numbered above `since`."""
        return self._application.calls.since(since)

    def facts(self) -> dict[str, Any]:
        """The estate's identifiers."""
        return dict(self._estate.facts)

    def exclusively(self, action: Callable[[], Any]) -> Any:
        """Run while no request is served, after what is due."""
        with self._application.lock:
            runtime.clock().run_due()
            return action()

    def reset(self) -> None:
        """Back to the fresh estate, under the same port and token."""
        with self._application.lock:
            BackendDict.reset()
            self._application.calls.clear()
            self._furnish()

    def fork(self, home: Path) -> SandboxStatus:
        """Copy this process; the main thread does it, between two requests."""
        done: Future[SandboxStatus] = Future()
        self._work.put((done, lambda: self._fork(home)))
        return done.result(timeout=60)

    # The main thread ------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGTERM."""
        try:
            while True:
                done, action = self._work.get()
                try:
                    done.set_result(action())
                except OSError as error:
                    done.set_exception(error)
        except Stopped:
            log.info("stopping")
        finally:
            if self._server is not None:
                self._server.server_close()
            known = status.load(self.home)
            if known is not None and known.start_token == self.status.start_token:
                status.remove(self.home)

    def _fork(self, home: Path) -> SandboxStatus:
        home.mkdir(parents=True, exist_ok=True)
        with self._application.lock:
            copy = forking.fork(home / status.LOG_FILE)
            if copy.is_child:
                # Objects of the parent's listener stay referenced: their file numbers
                # are parked on /dev/null and must not be closed under a new owner.
                self._old_servers.append(self._server)
                self.home = home
                self._work = queue.SimpleQueue()
                self._application.calls.clear()
                self.status = self._listen(0)
                copy.report(self.status.model_dump_json())
                return self.status
        return SandboxStatus.model_validate_json(copy.outcome())

    def _furnish(self) -> None:
        clock = ScaledClock(self._scale)
        runtime.install(runtime.Runtime(clock=clock, access=Access(clock)))
        ids = SeededIds(self._application.seed)
        self._application.ids = ids
        self._estate = estates.build(self._estate_name, ids)
        clock.settle()

    def _listen(self, port: int) -> SandboxStatus:
        try:
            self._server = make_server(
                LOOPBACK, port, self._application, threaded=True, request_handler=_QuietHandler
            )
        except SystemExit as error:
            # That is how the server says that it cannot bind.
            raise OSError(f"port {port} on {LOOPBACK} cannot be used; is it taken?") from error
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 30}, daemon=True
        ).start()
        bound = self._server.port
        now = status.SandboxStatus(
            endpoint=f"http://{LOOPBACK}:{bound}",
            accounts=self._estate.accounts,
            regions=self._estate.regions,
            pid=os.getpid(),
            estate=self._estate_name,
            port=bound,
            started_at=datetime.now(tz=UTC),
            credentials=self._estate.credentials,
            control_token=secrets.token_urlsafe(24),
            start_token=secrets.token_urlsafe(12),
            time_scale=self._scale,
        )
        status.save(self.home, now)
        return now


def _stop(_signal: int, _frame: Any) -> None:
    raise Stopped


def main(arguments: list[str] | None = None) -> int:
    """Start serving. Writes one JSON line to the file descriptor given by --ready."""
    parser = argparse.ArgumentParser(prog="drstate-sandbox-server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--estate", default="demo")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--time-scale", type=float, default=0.01)
    parser.add_argument("--ready", type=int, default=1)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    # moto warns about every error code that a service's model does not list.
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(options.ready, "w", encoding="utf-8") as ready:
        try:
            server = SandboxServer(options.home, options.estate, options.port, options.time_scale)
        except (ValueError, OSError) as error:
            json.dump({"error": f"{error}"}, ready)
            return 1
        ready.write(server.status.model_dump_json())
    with contextlib.suppress(Stopped):
        server.run()
    return 0
