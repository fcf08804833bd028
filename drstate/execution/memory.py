"""How much memory is left, as far as the system tells: admission of shards depends on it.

The smallest of what the machine has available and what the limits of the process's control groups
leave (containers, systemd units, Kubernetes pods), versions 1 and 2. Page cache that can be dropped
counts as free. Only Linux tells; elsewhere the answer is None, and nobody is kept waiting for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

#: what version 1 writes where there is no limit is near 2**63
_NO_LIMIT = 1 << 60


def available_bytes(root: Path = Path("/")) -> int | None:
    """Bytes that can still be used without swapping or being killed; None: not known."""
    known = [*_machine(root), *_groups(root)]
    return max(0, min(known)) if known else None


def _machine(root: Path) -> Iterator[int]:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _groups(root: Path) -> Iterator[int]:
    """What each group with a limit leaves, from the process's own up to the root of the tree."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            base, names = root / "sys/fs/cgroup", ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            base = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        folder = base / path.lstrip("/")
        # inside a container the path is the host's: the group's own files are at the base
        for group in (folder, *folder.parents):
            if group == base.parent:
                break
            yield from _left(group, *names)


def _left(group: Path, limit_name: str, used_name: str) -> Iterator[int]:
    limit, used = _number(group / limit_name), _number(group / used_name)
    if limit is None or used is None or limit >= _NO_LIMIT:
        return
    yield limit - used + _droppable(group)


def _droppable(group: Path) -> int:
    rows = dict(
        line.split(" ", 1) for line in _text(group / "memory.stat").splitlines() if " " in line
    )
    # version 1 tells of the group alone, and with "total_" of all below it
    return int(rows.get("total_inactive_file", rows.get("inactive_file", "0")))


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() else None  # "max": no limit


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
