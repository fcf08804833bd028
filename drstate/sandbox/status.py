"""What is known about a sandbox process, and the files that say so.

The status file holds working credentials of the emulated operator and the token of the
control endpoints; it is written for its owner only, and is no secret of any real account.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

STATUS_FILE = "sandbox.json"
PID_FILE = "sandbox.pid"
LOG_FILE = "sandbox.log"
VERSION = "1"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SandboxAccount(_Frozen):
    """One emulated account. `roles` maps a role's name to its external id."""

    id: str
    name: str
    role_arn: str | None = None
    external_id: str | None = None
    roles: dict[str, str] = {}


class SandboxCredentials(_Frozen):
    """The emulated operator's long-lived key."""

    access_key_id: str
    secret_access_key: str


class SandboxStatus(_Frozen):
    """A running sandbox: where it listens, what is in it, how to get in."""

    endpoint: str
    accounts: tuple[SandboxAccount, ...]
    regions: tuple[str, ...]
    pid: int
    estate: str
    port: int
    started_at: datetime
    credentials: SandboxCredentials
    control_token: str
    start_token: str
    time_scale: float
    #: file with the certificate of the authority that the emulated ONTAP's certificates are from
    ontap_ca: str = ""
    version: str = VERSION


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    scratch.replace(path)


def save(home: Path, status: SandboxStatus) -> None:
    """Write status and pid files into `home`."""
    write_private(home / STATUS_FILE, status.model_dump_json(indent=2) + "\n")
    write_private(home / PID_FILE, f"{status.pid}\n")


def load(home: Path) -> SandboxStatus | None:
    """The status on disk, or None where there is none or it is not readable as one."""
    try:
        text = (home / STATUS_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return SandboxStatus.model_validate_json(text)
    except ValueError:
        return None


def remove(home: Path) -> None:
    """Delete status and pid files; absent ones are fine."""
    for name in (STATUS_FILE, PID_FILE):
        (home / name).unlink(missing_ok=True)
