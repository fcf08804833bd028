"""Bringing up the server process: its command, its surroundings, the wait for its first word.

The process says on a pipe that it serves, or why it does not. It gets nothing of the caller's
AWS settings, and a session of its own.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from drstate.errors import ConfigError, OperationError

from . import status as files
from .estates.generated.options import size
from .status import SandboxStatus

START_SECONDS = 60.0
#: allowed for each resource of a generated estate, on top
RESOURCE_SECONDS = 0.03
#: a large estate takes its time to be written into a file, or read
SNAPSHOT_SECONDS = 300.0


def spawn(
    home: Path,
    estate: str,
    port: int,
    time_scale: float,
    snapshot: Path | None,
    latency_ms: float,
) -> SandboxStatus:
    """Start the process and wait until it serves.

    Raises ConfigError for what it refuses to be, OperationError where it does not come up.
    Whatever is raised, no process and no status file is left.
    """
    reader, writer = os.pipe()
    command = [
        sys.executable, "-m", "drstate.sandbox.serve",
        "--home", str(home), "--estate", estate, "--port", str(port),
        "--time-scale", str(time_scale), "--latency-ms", str(latency_ms),
        "--ready", str(writer),
    ]  # fmt: skip
    if snapshot is not None:
        command += ["--from", str(snapshot)]
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))
    }
    package_root = str(Path(__file__).resolve().parents[2])
    paths = [package_root, inherited.get("PYTHONPATH", "")]
    inherited["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    log_file = home / files.LOG_FILE
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor,
            start_new_session=True, pass_fds=(writer,), env=inherited, cwd=home,
        )  # fmt: skip
    finally:
        os.close(descriptor)
        os.close(writer)
    allowed = _allowed(estate, snapshot)
    try:
        text = _read_all(reader, allowed)
    except BaseException:
        # Interrupted: nothing may be left of what nobody waits for.
        _end(process, 0)
        files.remove(home)
        raise
    if not text:
        # Let a failing process finish its log; one that is late is not waited for.
        _end(process, 0 if text is None else 2)
        files.remove(home)
        late = f"It was not ready within {allowed:.0f} s." if text is None else ""
        raise OperationError(
            "The sandbox did not start.",
            why=late or _tail(log_file) or "Its process ended without a word.",
            hint=f"Look into {log_file}.",
        )
    answer = json.loads(text)
    if "error" in answer:
        process.wait()
        raise ConfigError(
            "The sandbox did not start.",
            why=str(answer["error"]),
            hint=str(answer.get("hint") or "Choose another estate, snapshot or port."),
        )
    return SandboxStatus.model_validate(answer)


def _allowed(estate: str, snapshot: Path | None) -> float:
    """Seconds within which a sandbox has to be ready."""
    if snapshot is not None:
        return SNAPSHOT_SECONDS
    return START_SECONDS + RESOURCE_SECONDS * size(estate)


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Give a process that long to end by itself, then make sure that it is gone."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_all(descriptor: int, seconds: float) -> str | None:
    """Everything up to end of file, or None where that did not come in time."""
    deadline = time.monotonic() + seconds
    chunks: list[bytes] = []
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        while True:
            ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            chunk = stream.read(65536)
            if not chunk:
                return b"".join(chunks).decode("utf-8")
            chunks.append(chunk)


def _tail(log_file: Path, lines: int = 3) -> str:
    try:
        text = log_file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return " | ".join(text.strip().splitlines()[-lines:])
