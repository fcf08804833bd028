"""Whether the process that wrote a lock is gone. When in doubt, it lives.

A process id alone proves little: ids are used again, in containers at once. So a process that began
after the lock was written is not its holder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from drstate.engine.failures import Holder


def is_dead(
    holder: Holder, *, host: str, began: Callable[[int], datetime | None] | None = None
) -> bool:
    """Whether the holder ran on ``host`` and is provably gone."""
    if holder.host != host or holder.pid <= 0:
        return False
    if not _exists(holder.pid):
        return True
    started = (began or began_at)(holder.pid)
    locked_at = _time(holder.since)
    return started is not None and locked_at is not None and started > locked_at


def began_at(pid: int) -> datetime | None:
    """When the process began, in UTC; None where the system does not tell (only Linux does)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        system = Path("/proc/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    boot = next((line for line in system.splitlines() if line.startswith("btime ")), None)
    if boot is None:
        return None
    # the command's name is in brackets and may hold spaces; start time is field 22
    ticks = int(stat.rpartition(")")[2].split()[19])
    seconds = int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
    return datetime.fromtimestamp(seconds, UTC)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
