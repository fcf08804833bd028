"""What the files of a folder backend tell about stacks: hundreds in a second, no engine, no lock.

Pulumi's own layout, read only. A file that cannot be read is told in the row of its stack and hides
no other; a stack that is worked on meanwhile shows what was last written.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drstate.model.declared import PROVIDER_OR_ROOT

_TAGS = ".pulumi-tags"
_HISTORY = ".history.json"
_STATES = (".json", ".json.gz")


@dataclass(frozen=True)
class Update:
    """The newest entry of a stack's history."""

    kind: str = ""
    result: str = ""
    message: str = ""
    ended: datetime | None = None


@dataclass(frozen=True)
class StackFile:
    """One stack as its files tell it."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    #: without the stack itself and its providers
    resources: int | None = None
    pending: int | None = None
    update: Update = field(default_factory=Update)
    locked_by: str = ""
    problem: str = ""
    #: its page, and its last update's, where the backend shows them
    url: str = ""
    permalink: str = ""


def read_stacks(folder: Path, project: str) -> Iterator[StackFile]:
    """Every stack of the project in the backend at ``folder``, which holds ``.pulumi``, by name."""
    root = folder / ".pulumi"
    files: dict[str, Path] = {}
    for ending in _STATES:
        for file in (root / "stacks" / project).glob(f"*{ending}"):
            files[file.name.removesuffix(ending)] = file
    for name in sorted(files):
        yield _stack(root, project, name, files[name])


def _stack(root: Path, project: str, name: str, file: Path) -> StackFile:
    problems: list[str] = []

    def read(path: Path) -> dict[str, Any]:
        try:
            found = json.loads(_bytes(path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            problems.append(f"{path.name} cannot be read: {error}")
            return {}
        return found if isinstance(found, dict) else {}

    latest = (read(file).get("checkpoint") or {}).get("latest") or {}
    resources = latest.get("resources") or []
    tags = read(file.with_name(f"{name}{_TAGS}")).get("tags") or {}
    newest = _newest(root / "history" / project / name, name)
    locks = root / "locks" / "organization" / project / name
    held = [read(lock) for lock in sorted(locks.glob("*.json"))] if locks.is_dir() else []
    return StackFile(
        name=name,
        tags={str(key): str(value) for key, value in tags.items()},
        resources=None if problems else _counted(resources),
        pending=None if problems else len(latest.get("pending_operations") or []),
        update=_update(read(newest)) if newest is not None else Update(),
        locked_by=", ".join(_holder(one) for one in held),
        problem="; ".join(problems),
    )


def _bytes(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _counted(resources: list[dict[str, Any]]) -> int:
    return sum(
        not str(one.get("type", "")).startswith(PROVIDER_OR_ROOT) and not one.get("delete")
        for one in resources
    )


def _newest(folder: Path, name: str) -> Path | None:
    """The last entry: the number in its name is the time at which it was written."""

    def stamp(path: Path) -> int:
        text = path.name[len(name) + 1 : -len(_HISTORY)]
        return int(text) if text.isdigit() else 0

    found = folder.glob(f"*{_HISTORY}") if folder.is_dir() else iter(())
    return max(found, key=stamp, default=None)


def _update(entry: Mapping[str, Any]) -> Update:
    ended = entry.get("endTime") or entry.get("startTime")
    return Update(
        kind=str(entry.get("kind") or ""),
        result=str(entry.get("result") or ""),
        message=str(entry.get("message") or ""),
        ended=datetime.fromtimestamp(ended, UTC) if isinstance(ended, int) else None,
    )


def _holder(lock: Mapping[str, Any]) -> str:
    who = f"{lock.get('username') or 'somebody'}@{lock.get('hostname') or 'somewhere'}"
    return f"{who}, process {lock.get('pid')}" if lock.get("pid") else who
