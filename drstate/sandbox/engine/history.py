"""The history of a stack's updates, one file an update, newest first when listed.

It refuses to number versions: with this backend the CLI always says 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import write_durably
from drstate.sandbox.engine.layout import Layout
from drstate.sandbox.engine.names import StackName

_SUFFIX = ".history.json"


@dataclass(frozen=True)
class Entry:
    """One update. Times in whole seconds since 1970; ``config`` as in the stack's settings."""

    kind: str
    start: int
    end: int
    message: str
    environment: Mapping[str, str]
    config: Mapping[str, Any]
    succeeded: bool
    changes: Mapping[str, int]


def save_entry(layout: Layout, stack: StackName, stamp: int, entry: Entry, state: bytes) -> None:
    """Write the entry and, beside it, the state as it was afterwards."""
    folder = layout.history(stack)
    stem = f"{stack.name}-{stamp}"
    content: dict[str, Any] = {
        "kind": entry.kind,
        "startTime": entry.start,
        "message": entry.message,
        "environment": dict(sorted(entry.environment.items())),
        "config": dict(sorted(entry.config.items())),
        "version": 0,
        "result": "succeeded" if entry.succeeded else "failed",
        "endTime": entry.end,
    }
    if entry.changes:
        content["resourceChanges"] = dict(sorted(entry.changes.items()))
    write_durably(folder / f"{stem}{_SUFFIX}", _dump(content))
    write_durably(folder / f"{stem}.checkpoint.json", state)


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def entries(
    layout: Layout, stack: StackName, page_size: int = 0, page: int = 1
) -> list[dict[str, Any]]:
    """The entries as stored, newest first; ``page_size`` 0 means all."""
    files = _files(layout.history(stack), stack.name)
    if page_size > 0:
        first = (max(page, 1) - 1) * page_size
        files = files[first : first + page_size]
    found = []
    for path in files:
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise FailedCommandError(
                f"could not read the history entry {path}: {error}; move the file away to go on"
            ) from error
    return found


def _files(folder: Path, name: str) -> list[Path]:
    def stamp(path: Path) -> int:
        text = path.name[len(name) + 1 : -len(_SUFFIX)]
        return int(text) if text.isdigit() else 0

    if not folder.is_dir():
        return []
    found = [
        path
        for path in folder.iterdir()
        if path.name.startswith(f"{name}-") and path.name.endswith(_SUFFIX)
    ]
    return sorted(found, key=stamp, reverse=True)


def rename_history(layout: Layout, old: StackName, new: StackName) -> None:
    """Move a stack's history to its new name."""
    source, target = layout.history(old), layout.history(new)
    if not source.is_dir():
        return
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.name.startswith(f"{old.name}-"):
            path.rename(target / (new.name + path.name[len(old.name) :]))
    if not any(source.iterdir()):
        source.rmdir()


def remove_history(layout: Layout, stack: StackName) -> None:
    """Remove a stack's history."""
    folder = layout.history(stack)
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        path.unlink(missing_ok=True)
    folder.rmdir()
