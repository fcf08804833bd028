"""The language runtime of programs that are files: one process per run, its words as events.

The deployment half reaches it over gRPC, as it reaches the Automation API's. What the program
prints is shown to people, secrets of the configuration masked; all of it has been delivered when
the run is answered. It refuses runtimes other than Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from drstate.sandbox.engine.contract import Event
from drstate.sandbox.engine.language.interpreter import environment

MAIN = Path(__file__).with_name("program_main.py")
MASK = "[secret]"
#: shorter secrets would mask half of every text
SHORTEST_SECRET = 3
#: the program has said itself what went wrong
EXPLAINED = 32
#: how often a cancellation is looked for while a program runs
POLL_SECONDS = 0.2
#: how long a cancelled program may go on before it is interrupted, and then killed
PATIENCE_SECONDS = 2.0
#: how long something the program started may keep its output open
DRAIN_SECONDS = 5.0
SERVER_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Source:
    """A program to run: where it is and what runs it."""

    executable: str
    #: the folder of Pulumi.yaml
    root: Path
    #: the program's working directory, and what to run in it (``.``: the folder itself)
    folder: Path
    program: str
    env: Mapping[str, str]


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs a source program whenever it is asked to."""

    def __init__(
        self,
        source: Source,
        emit: Callable[[Event], None],
        hidden: Sequence[str],
        cancelled: Callable[[], bool],
    ) -> None:
        """``hidden``: texts that are not shown. ``cancelled``: the update is to end early."""
        self._source = source
        self._emit = emit
        self._hidden = sorted(
            {text for text in hidden if len(text) >= SHORTEST_SECRET}, key=len, reverse=True
        )
        self._cancelled = cancelled

    def Run(
        self, request: language_pb2.RunRequest, _context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        """Run the program to its end."""
        source = self._source
        try:
            process = subprocess.Popen(
                [source.executable, "-u", str(MAIN), json.dumps(_asked(source, request))],
                cwd=source.folder,
                env={**environment(source.executable, source.env), **_config(request)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                # an interrupt from the terminal is the engine's to pass on
                start_new_session=True,
            )
        except OSError as error:
            return language_pb2.RunResponse(
                error=f"{source.executable} could not be started: {error.strerror}"
            )
        readers = [
            threading.Thread(target=self._read, args=(process.stdout, "info"), daemon=True),
            threading.Thread(target=self._read, args=(process.stderr, "info#err"), daemon=True),
        ]
        for reader in readers:
            reader.start()
        code = self._wait(process)
        for reader in readers:
            reader.join(DRAIN_SECONDS)
        if code == EXPLAINED:
            return language_pb2.RunResponse(bail=True)
        if code != 0:
            return language_pb2.RunResponse(error=_ended(code))
        return language_pb2.RunResponse()

    def _wait(self, process: subprocess.Popen[str]) -> int:
        while True:
            try:
                return process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if not self._cancelled():
                    continue
            # the monitor refuses everything now: most programs end by themselves
            for number in (None, signal.SIGINT, signal.SIGKILL):
                if number is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(PATIENCE_SECONDS)

    def _read(self, stream: IO[str] | None, severity: str) -> None:
        for line in stream or ():
            text = line.rstrip("\n")
            for hidden in self._hidden:
                text = text.replace(hidden, MASK)
            # a blank line sets what a program prints off from the engine's own words
            body = {"message": f"{text}\n\n", "color": "never", "severity": severity}
            self._emit({"diagnosticEvent": body})


def _asked(source: Source, request: language_pb2.RunRequest) -> dict[str, object]:
    return {
        "project": request.project,
        "stack": request.stack,
        "organization": request.organization,
        "parallel": request.parallel,
        "dry_run": request.dryRun,
        "monitor": request.monitor_address,
        "engine": request.args[0] if request.args else "",
        "root": str(source.root),
        "folder": str(source.folder),
        "program": source.program,
    }


def _config(request: language_pb2.RunRequest) -> dict[str, str]:
    return {
        "PULUMI_CONFIG": _compact(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": _compact(list(request.configSecretKeys)),
    }


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _ended(code: int) -> str:
    if code < 0:
        return f"program was ended by signal {-code}"
    return f"program exited with non-zero exit code: {code}"


@contextlib.contextmanager
def serving(host: LanguageHost) -> Iterator[str]:
    """Serve a language host; yields its address."""
    pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="language")
    server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(SERVER_STOP_SECONDS).wait()
        pool.shutdown(wait=True)
