"""Start, stop, look at, reset and copy sandbox processes.

A sandbox belongs to a home directory: its status, pid and log files are there. It runs in
a session of its own and outlives the command that started it. A process is only taken for
the sandbox if it answers on its port with its start token: a recycled pid is not.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from drstate.errors import ConfigError, OperationError

from . import status as files
from .status import SandboxStatus

START_SECONDS = 60.0
STOP_SECONDS = 10.0
DEFAULT_SCALE = 0.01
TOKEN_HEADER = "X-Sandbox-Token"  # noqa: S105 - a header's name
LOCK_FILE = "sandbox.lock"


def start(
    home: Path, estate: str = "demo", port: int = 0, time_scale: float = DEFAULT_SCALE
) -> SandboxStatus:
    """Start a sandbox in `home`, or return the one that runs there already.

    `port` 0 lets the system choose. `time_scale` multiplies the nominal durations of
    emulated work (0: immediate). Raises ConfigError for an unknown estate, OperationError
    where the process does not come up.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home):
        running = status(home)
        if running is not None:
            return running
        files.remove(home)
        return _spawn(home, estate, port, time_scale)


def status(home: Path) -> SandboxStatus | None:
    """The sandbox that runs in `home`, or None."""
    known = files.load(home)
    if known is None or not _alive(known.pid):
        return None
    try:
        answer = _control(known, "GET", "status")
    except (OSError, HTTPException, OperationError):
        return None
    if answer.get("start_token") != known.start_token:
        return None
    return known


def stop(home: Path) -> bool:
    """Stop the sandbox in `home`. False where none was running."""
    known = status(home)
    if known is None:
        files.remove(home)
        return False
    os.kill(known.pid, signal.SIGTERM)
    if not _wait_for_end(known.pid, STOP_SECONDS):
        os.kill(known.pid, signal.SIGKILL)
        _wait_for_end(known.pid, STOP_SECONDS)
    files.remove(home)
    return True


def reset(home: Path) -> SandboxStatus:
    """Back to the fresh estate: same process, same port. Raises OperationError if none runs."""
    known = _running(home)
    return SandboxStatus.model_validate(_control(known, "POST", "reset"))


def fork(home: Path, new_home: Path) -> SandboxStatus:
    """A copy of the running sandbox with all its state; its files are in `new_home`."""
    known = _running(home)
    new_home = new_home.resolve()
    if status(new_home) is not None:
        raise OperationError(
            f"A sandbox already runs in {new_home}.",
            why="A copy needs a directory of its own.",
            hint="Stop that sandbox first, or give another directory.",
        )
    target = f"fork?home={quote(str(new_home))}"
    return SandboxStatus.model_validate(_control(known, "POST", target))


def digest(home: Path, **selection: str) -> dict[str, Any]:
    """What exists (filters: account, region, customer, environment)."""
    query = "&".join(f"{name}={quote(value)}" for name, value in selection.items())
    return _control(_running(home), "GET", f"digest?{query}")


def calls(home: Path, since: int = 0) -> list[dict[str, Any]]:
    """The record of calls numbered above `since`."""
    found: list[dict[str, Any]] = _control(_running(home), "GET", f"calls?since={since}")["calls"]
    return found


def facts(home: Path) -> dict[str, Any]:
    """The estate's identifiers, by `<customer>/<environment>`."""
    return _control(_running(home), "GET", "facts")


def advance(home: Path, seconds: float = 0.0, *, settle: bool = False) -> float:
    """Push the sandbox's time forward, or finish everything pending. Returns its time."""
    query = f"advance={seconds}" + ("&settle=1" if settle else "")
    return float(_control(_running(home), "POST", f"clock?{query}")["now"])


def busy_zones(home: Path, *, on: bool = True) -> None:
    """Make changes of a DNS zone wait for each other (PriorRequestNotComplete), or not."""
    _control(_running(home), "POST", f"options?busy_zones={int(on)}")


def environment(status: SandboxStatus) -> dict[str, str]:
    """The variables that make an AWS client talk to this sandbox and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": status.endpoint,
        "AWS_ACCESS_KEY_ID": status.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": status.credentials.secret_access_key,
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": status.regions[0],
        "AWS_DEFAULT_REGION": status.regions[0],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        # Profiles and proxies of the person's own must not take part.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _running(home: Path) -> SandboxStatus:
    known = status(home)
    if known is None:
        raise OperationError(
            f"No sandbox runs in {home}.",
            why="There is no status file, or its process is gone.",
            hint="Start one with: drstate sandbox start",
        )
    return known


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Two starts at once must not make two sandboxes."""
    with (home / LOCK_FILE).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _spawn(home: Path, estate: str, port: int, time_scale: float) -> SandboxStatus:
    reader, writer = os.pipe()
    command = [
        sys.executable, "-m", "drstate.sandbox.serve",
        "--home", str(home), "--estate", estate, "--port", str(port),
        "--time-scale", str(time_scale), "--ready", str(writer),
    ]  # fmt: skip
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
    text = _read_all(reader, START_SECONDS)
    if not text:
        _end(process)
        raise OperationError(
            "The sandbox did not start.",
            why=_tail(log_file) or f"It was not ready within {START_SECONDS:.0f} s.",
            hint=f"Look into {log_file}.",
        )
    answer = json.loads(text)
    if "error" in answer:
        process.wait()
        raise ConfigError(
            "The sandbox did not start.",
            why=str(answer["error"]),
            hint="Choose another estate or port.",
        )
    return SandboxStatus.model_validate(answer)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let a failing process finish its log, then make sure that it is gone."""
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_all(descriptor: int, seconds: float) -> str:
    """Everything up to end of file, or what came until the deadline."""
    deadline = time.monotonic() + seconds
    chunks = []
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        while True:
            ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                break
            chunk = stream.read(65536)
            if not chunk:
                break
            chunks.append(chunk)
    return b"".join(chunks).decode("utf-8")


def _tail(log_file: Path, lines: int = 3) -> str:
    try:
        text = log_file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return " | ".join(text.strip().splitlines()[-lines:])


def _control(known: SandboxStatus, method: str, target: str) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", known.port, timeout=30)
    try:
        connection.request(
            method, f"/_sandbox/{target}", headers={TOKEN_HEADER: known.control_token}
        )
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        answer = {"error": "the answer is not JSON"}
    if response.status != 200:
        raise OperationError(
            f"The sandbox refused {method} {target.split('?', maxsplit=1)[0]}.",
            why=str(answer.get("error", response.status)),
            hint="Look at `drstate sandbox status`, or start a fresh one.",
        )
    return answer


def _alive(pid: int) -> bool:
    """Whether the process exists and has not ended (a zombie has)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return state.rsplit(")", 1)[-1].split()[0] != "Z"


def _wait_for_end(pid: int, seconds: float) -> bool:
    """Wait until the process has ended; True if it did in time."""
    try:
        descriptor = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return not _alive(pid)
    try:
        ended, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    _reap(pid)
    return bool(ended)


def _reap(pid: int) -> None:
    """Collect the exit status where the process is a child of ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
