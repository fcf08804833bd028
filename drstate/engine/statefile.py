"""Looks at the files of a ``file://`` backend, read only: is the state whole, who holds a lock.

Other backends are the engine's own business: everything here answers "nothing known" for them. A
damaged file is refused with the backup to use; it is never mended and never overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from drstate.engine.failures import Holder
from drstate.engine.settings import EngineSettings
from drstate.errors import StateError


def state_file(settings: EngineSettings, stack: str, env: Mapping[str, str]) -> Path | None:
    """Where the stack's state is kept, if that is a file."""
    folder = settings.backend_folder(env)
    if folder is None:
        return None
    return folder / ".pulumi" / "stacks" / str(settings.project()["name"]) / f"{stack}.json"


def check_state_file(settings: EngineSettings, stack: str, env: Mapping[str, str]) -> None:
    """Refuse to go on with a state file that is damaged. Raises StateError."""
    file = state_file(settings, stack, env)
    if file is None or not file.exists():
        return
    problem = damage(file)
    if problem is None:
        return
    backup = newest_whole_backup(settings, stack, env)
    if backup is None:
        hint = "no whole backup was found beside it; restore the file from a copy of the backend"
    else:
        hint = f"put the backup in its place: cp '{backup}' '{file}'; then `drstate resume`"
    raise StateError(
        f"the state file of stack {stack} is damaged; nothing was changed",
        why=f"{file}: {problem}",
        hint=hint,
    )


def damage(file: Path) -> str | None:
    """What is wrong with a state file; None if it is whole."""
    try:
        data = json.loads(file.read_bytes())
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    except ValueError as error:
        return f"it is not whole JSON: {error}"
    if not isinstance(data, dict) or "checkpoint" not in data:
        return "it holds no checkpoint"
    return None


def newest_whole_backup(
    settings: EngineSettings, stack: str, env: Mapping[str, str]
) -> Path | None:
    """The newest backup of the stack that can be read; the copy beside the state file first."""
    file = state_file(settings, stack, env)
    if file is None:
        return None
    return next((one for one in _backups(file) if damage(one) is None), None)


def _backups(file: Path) -> Iterator[Path]:
    beside = file.with_name(f"{file.name}.bak")
    if beside.exists():
        yield beside
    folder = file.parents[2] / "backups" / file.parent.name / file.stem
    found = folder.glob(f"{file.stem}.*.json") if folder.is_dir() else ()
    yield from sorted(found, reverse=True)


def holders(settings: EngineSettings, stack: str, env: Mapping[str, str]) -> tuple[Holder, ...]:
    """Who holds the stack's locks, as far as files tell. Raises StateError for a damaged lock."""
    folder = settings.backend_folder(env)
    if folder is None:
        return ()
    project = str(settings.project()["name"])
    locks = folder / ".pulumi" / "locks" / "organization" / project / stack
    return tuple(_holder(file, stack) for file in sorted(locks.glob("*.json")))


def _holder(file: Path, stack: str) -> Holder:
    try:
        data = json.loads(file.read_bytes())
        return Holder(
            str(data["username"]), str(data["hostname"]), int(data["pid"]), str(data["timestamp"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"a lock of stack {stack} is damaged",
            why=f"{file}: {error}",
            hint=f"if no update is running: `pulumi cancel --stack {stack}`, then run again",
        ) from error
