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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from drstate.errors import ConfigError, OperationError

from . import launching, snapshots
from . import status as files
from .status import SandboxStatus

if TYPE_CHECKING:
    from .faults.rule import FaultRule

CONTROL_SECONDS = 30.0
STOP_SECONDS = 10.0
DEFAULT_SCALE = 0.01
LIMITS = ("off", "generous", "strict")
TOKEN_HEADER = "X-Sandbox-Token"  # noqa: S105 - a header's name
LOCK_FILE = "sandbox.lock"


def start(
    home: Path,
    estate: str = "demo",
    port: int = 0,
    time_scale: float = DEFAULT_SCALE,
    *,
    snapshot: Path | None = None,
    latency_ms: float = 0.0,
) -> SandboxStatus:
    """Start a sandbox in `home`, or return the one that runs there already.

    `port` 0 lets the system choose. `time_scale` multiplies the nominal durations of
    emulated work (0: immediate). With `snapshot`, estate, time scale and everything else are
    as in that file. `latency_ms`: every call is answered that much later. Raises ConfigError
    for an unknown estate or a refused snapshot, OperationError where the process does not
    come up.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home):
        running = status(home)
        if running is not None:
            return running
        files.remove(home)
        if snapshot is not None:
            snapshot = snapshot.resolve()
            snapshots.read(snapshot, home)
        return launching.spawn(home, estate, port, time_scale, snapshot, latency_ms)


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


def load(home: Path) -> None:
    """Have the sandbox load every service now, so that no copy of it needs to. Takes seconds."""
    _control(_running(home), "POST", "load")


def snapshot(home: Path, file: Path) -> int:
    """Write the whole sandbox, and what drstate remembers of it, into `file`. Its size in bytes.

    Only a sandbox in a home with the same key can be made from it. Raises OperationError.
    """
    target = f"snapshot?file={quote(str(file.resolve()))}"
    return int(_control(_running(home), "POST", target, launching.SNAPSHOT_SECONDS)["bytes"])


def restore(home: Path, file: Path) -> SandboxStatus:
    """Make the sandbox in `home` what `snapshot` wrote into `file`; starts one if none runs.

    Raises ConfigError where the file is refused.
    """
    home, file = home.resolve(), file.resolve()
    known = status(home)
    if known is None:
        return start(home, snapshot=file)
    snapshots.read(file, home)
    answer = _control(known, "POST", f"restore?file={quote(str(file))}", launching.SNAPSHOT_SECONDS)
    return SandboxStatus.model_validate(answer)


def latency(home: Path, milliseconds: float) -> None:
    """Answer every call that much later, as over a network (0: at once)."""
    _control(_running(home), "POST", f"latency?ms={milliseconds}")


def scopes(home: Path) -> dict[str, str]:
    """Scope files that the estate comes with: path below stacks/ -> text."""
    return _control(_running(home), "GET", "scopes")


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


def policies(home: Path, *, on: bool = True) -> None:
    """Hold callers to the identity policies of their roles and users, or let them do anything."""
    _control(_running(home), "POST", f"options?policies={int(on)}")


def limits(home: Path, profile: str) -> None:
    """How many calls AWS allows: "off", "generous" (the default) or "strict"."""
    if profile not in LIMITS:
        raise ConfigError(
            "There are no such limits of calls.",
            why=f"limits: {profile!r} is none of them",
            hint=f"Give one of {', '.join(LIMITS)}.",
        )
    _control(_running(home), "POST", f"options?limits={profile}")


def add_fault(home: Path, rule: FaultRule | Mapping[str, Any]) -> str:
    """Put a fault rule in force; returns its id. ConfigError names what is wrong with it."""
    return add_faults(home, [rule])[0]


def add_faults(home: Path, rules: Sequence[FaultRule | Mapping[str, Any]]) -> list[str]:
    """Put rules in force, all or none; their ids. ConfigError names what is wrong."""
    # botocore is slow to load, and a start or a stop has no need of it
    from .faults.files import rule_from  # noqa: PLC0415

    checked = [rule_from(one, f"rule {number}") for number, one in enumerate(rules, 1)]
    document = [rule.model_dump(mode="json", exclude_unset=True) for rule in checked]
    ids: list[str] = _control(_running(home), "POST", "faults", document=document)["ids"]
    return ids


def faults(home: Path) -> list[dict[str, Any]]:
    """The rules in force: `rule`, `matched` and `struck` (calls), `over` (done with)."""
    found: list[dict[str, Any]] = _control(_running(home), "GET", "faults")["faults"]
    return found


def clear_faults(home: Path, rule_id: str | None = None) -> int:
    """Remove one rule, or all; calls that hang are let go. How many rules were removed."""
    target = "faults/clear" + (f"?id={quote(rule_id)}" if rule_id else "")
    return int(_control(_running(home), "POST", target)["removed"])


def hanging(home: Path) -> int:
    """How many calls hang just now."""
    return int(_control(_running(home), "GET", "faults")["hanging"])


def call_record(home: Path, since: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Calls numbered above `since`, and how many of these were dropped (0: it is complete)."""
    answer = _control(_running(home), "GET", f"calls?since={since}")
    return answer["calls"], int(answer["dropped"])


def environment(status: SandboxStatus) -> dict[str, str]:
    """The variables that make an AWS client talk to this sandbox and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": status.endpoint,
        # S3 Control's account goes in front of the host; here it ends up in front of a user's
        # name, which is sent nowhere, instead of making a host that does not resolve.
        "AWS_ENDPOINT_URL_S3_CONTROL": status.endpoint.replace("://", "://sandbox@", 1),
        "AWS_ACCESS_KEY_ID": status.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": status.credentials.secret_access_key,
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": status.regions[0],
        "AWS_DEFAULT_REGION": status.regions[0],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        # ONTAP's management endpoints resolve in their VPC only: they are reached through here.
        "DRSTATE_ONTAP_PROXY": status.endpoint,
        "DRSTATE_ONTAP_CA_FILE": status.ontap_ca,
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


def _control(
    known: SandboxStatus,
    method: str,
    target: str,
    seconds: float = CONTROL_SECONDS,
    *,
    document: Any = None,
) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", known.port, timeout=seconds)
    try:
        connection.request(
            method,
            f"/_sandbox/{target}",
            body=None if document is None else json.dumps(document),
            headers={TOKEN_HEADER: known.control_token},
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
