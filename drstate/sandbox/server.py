"""The server process: emulated AWS on a loopback port, started by serve.py.

The main thread waits for work that must not run in a request's thread: taking a copy of
the process, and stopping. Requests run in threads of the WSGI server. It listens on
127.0.0.1 only, and stops on SIGTERM, removing its status file if that is still its own.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import logging
import os
import queue
import secrets
import signal
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from drstate.errors import DrstateError

from . import aws, estates, forking, freezing, snapshots, status
from .access import Access
from .application import SKEW, SandboxApplication
from .aws import runtime
from .aws.ids import SeededIds
from .calls import CallRecord
from .clock import ScaledClock
from .control import Control
from .distance import Distance
from .ontap import tunnel
from .status import SandboxStatus
from .waiting import bell

log = logging.getLogger("drstate.sandbox")
LOOPBACK = "127.0.0.1"
#: how often a server looks whether its home is still there
LOOK_SECONDS = 60.0
#: what the application itself keeps that belongs into a snapshot
_KEPT = ("ids", "calls")


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    """The call record replaces the access log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by AWS's clock where a fault rule has it off."""
        moment = time.time() if timestamp is None else timestamp
        return str(super().date_time_string(moment + self.environ.get(SKEW, 0.0)))

    def do_CONNECT(self) -> None:
        """The way to the emulated ONTAP."""
        tunnel.serve(self)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Stopped(BaseException):
    """SIGTERM arrived."""


class SandboxServer:
    """One sandbox: application, estate, listener, and the main thread's work."""

    def __init__(
        self,
        home: Path,
        estate: str,
        port: int,
        scale: float,
        snapshot: Path | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """With `snapshot`, everything but home and port is as it was when that was written."""
        self.home = home
        self._look_seconds = look_seconds
        self._estate_name = estate
        self._scale = scale
        self._application = SandboxApplication(CallRecord())
        self._application.control = Control(self)
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._server: BaseWSGIServer | None = None
        self._old_servers: list[Any] = []
        self._distance = Distance(self._application)
        aws.install()
        if snapshot is None:
            self._furnish()
        else:
            self._take(snapshots.read(snapshot, home))
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
            result = action()
        bell.ring()
        return result

    def reset(self) -> None:
        """Back to the fresh estate, under the same port and token."""
        with self._application.lock:
            gc.unfreeze()  # what is replaced now is garbage after all
            groups = list(BackendDict._instances)  # noqa: SLF001 - moto has no other list of them
            BackendDict.reset()
            for group in groups:
                # some backends make others anew while they are reset
                group.clear()
            self._application.calls.clear()
            self._furnish()

    def fork(self, home: Path) -> SandboxStatus:
        """Copy this process; the main thread does it, between two requests."""
        done: Future[SandboxStatus] = Future()
        self._work.put((done, lambda: self._fork(home)))
        return done.result(timeout=60)

    def scopes(self) -> dict[str, str]:
        """Scope files for the estate: path below stacks/ -> text."""
        return dict(self._estate.scopes)

    def load(self) -> None:
        """Load every service now."""
        aws.load()
        # as at the start: a copy would copy every page that the collector looks at
        gc.freeze()

    def set_latency(self, milliseconds: float) -> None:
        """Answer every call that much later. Raises ValueError for a negative one."""
        self._distance.set(milliseconds / 1000)

    def snapshot(self, file: Path) -> int:
        """Write everything into a file. Returns its size in bytes."""

        def freeze() -> int:
            state = runtime.get()
            kept = {name: getattr(self._application, name) for name in _KEPT}
            parts = {"runtime": state, "estate": self._estate, "kept": kept}
            facts = {"estate": self._estate_name, "time": state.clock.seconds()}
            return snapshots.write(file, self.home, freezing.freeze(parts), facts)

        size: int = self.exclusively(freeze)
        return size

    def restore(self, file: Path) -> SandboxStatus:
        """Put the state of a snapshot in place of this one, under the same port and token."""
        found = snapshots.read(file, self.home)
        with self._application.lock:
            gc.unfreeze()
            self._take(found)
            self.status = self.status.model_copy(update=self._contents())
            status.save(self.home, self.status)
        return self.status

    # The main thread ------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGTERM, or until the home is gone."""
        try:
            while True:
                try:
                    done, action = self._work.get(timeout=self._look_seconds)
                except queue.Empty:
                    if self.home.is_dir():
                        continue
                    # Nobody can reach it any more, nor stop it.
                    log.info("the home is gone")
                    break
                try:
                    done.set_result(action())
                except OSError as error:
                    done.set_exception(error)
        except Stopped:
            log.info("stopping")
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the port, and of the status file where it is still this process's own."""
        if self._server is not None:
            self._server.server_close()
        known = status.load(self.home)
        if known is not None and known.start_token == self.status.start_token:
            tunnel.withdraw(self.home)
            status.remove(self.home)

    def _fork(self, home: Path) -> SandboxStatus:
        home.mkdir(parents=True, exist_ok=True)
        with self._application.lock:
            aws.require_copyable()
            copy = forking.fork(home / status.LOG_FILE)
            if copy.is_child:
                # Objects of the parent's listener stay referenced: their file numbers
                # are parked on /dev/null and must not be closed under a new owner.
                self._old_servers.append(self._server)
                bell.renew()
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

    def _take(self, found: snapshots.Snapshot) -> None:
        parts = freezing.thaw(found.aws)
        state: runtime.Runtime = parts["runtime"]
        state.caller = None
        runtime.install(state)
        for name, value in parts["kept"].items():
            setattr(self._application, name, value)
        self._estate = parts["estate"]
        self._estate_name = found.header["estate"]
        self._scale = state.clock.scale
        snapshots.remember(self.home, found.memory)

    def _contents(self) -> dict[str, Any]:
        """The part of the status that tells what is in the sandbox."""
        return {
            "accounts": self._estate.accounts,
            "regions": self._estate.regions,
            "estate": self._estate_name,
            "credentials": self._estate.credentials,
            "time_scale": self._scale,
        }

    def _listen(self, port: int) -> SandboxStatus:
        try:
            self._server = make_server(
                LOOPBACK, port, self._distance, threaded=True, request_handler=_QuietHandler
            )
        except SystemExit as error:
            # That is how the server says that it cannot bind.
            raise OSError(f"port {port} on {LOOPBACK} cannot be used; is it taken?") from error
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 30}, daemon=True
        ).start()
        bound = self._server.port
        runtime.reached_at(f"http://{LOOPBACK}:{bound}")
        now = status.SandboxStatus(
            endpoint=runtime.endpoint(),
            pid=os.getpid(),
            port=bound,
            started_at=datetime.now(tz=UTC),
            control_token=secrets.token_urlsafe(24),
            start_token=secrets.token_urlsafe(12),
            ontap_ca=str(tunnel.publish(self.home)),
            **self._contents(),
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
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--from", dest="snapshot", type=Path)
    parser.add_argument("--ready", type=int, default=1)
    parser.add_argument("--look-seconds", type=float, default=LOOK_SECONDS)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    # moto warns about every error code that a service's model does not list.
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server: SandboxServer | None = None
    try:
        with os.fdopen(options.ready, "w", encoding="utf-8") as ready:
            try:
                server = SandboxServer(
                    options.home,
                    options.estate,
                    options.port,
                    options.time_scale,
                    options.snapshot,
                    options.look_seconds,
                )
                server.set_latency(options.latency_ms)
            except (ValueError, OSError, DrstateError) as error:
                json.dump({"error": _words(error), "hint": getattr(error, "hint", "")}, ready)
                return 1
            # What is there now stays: looking through it again and again finds nothing, and a
            # copy of the process would copy every page that was looked at.
            gc.freeze()
            gc.enable()
            ready.write(server.status.model_dump_json())
    except (BrokenPipeError, Stopped):
        # Whoever started this has gone, or changed their mind: nothing may be left of it.
        log.info("nobody waits for this sandbox any more")
        if server is not None:
            server.close()
        return 1
    with contextlib.suppress(Stopped):
        server.run()
    return 0


def _words(error: Exception) -> str:
    if isinstance(error, DrstateError):
        return ": ".join(part for part in (error.what.rstrip("."), error.why) if part)
    return str(error)
