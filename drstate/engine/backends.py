"""Where state is and what is wrong with that place, told without an engine and without a call.

Pulumi's own order is followed: PULUMI_BACKEND_URL, Pulumi.yaml, the last ``pulumi login``. Of a
folder its existence, its writability and its space are looked at; other backends are the engine's
business. Nothing is written, not even to try.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drstate.engine.failures import BackendError, DiskError
from drstate.engine.settings import EngineSettings

#: what Pulumi takes for whoever only has a token
CLOUD_URL = "https://api.pulumi.com"
#: an update of a large stack writes its state, two copies of it, and a journal
ROOM_BYTES = 64 * 1024 * 1024
#: with less nothing is begun at all
LEAST_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, and the command or edit that mends it."""

    what: str
    mend: str


def backend_of(settings: EngineSettings, env: Mapping[str, str]) -> str:
    """The backend's address as far as files and variables tell; "" where nothing names one.

    Raises ConfigError for a project that cannot be read.
    """
    named = settings.backend(env) or _logged_in(settings, env)
    known = {**env, **settings.env}
    return named or (CLOUD_URL if known.get("PULUMI_ACCESS_TOKEN") else "")


def pulumi_home(settings: EngineSettings, env: Mapping[str, str]) -> Path:
    """The folder of Pulumi's own: logins and plugins."""
    if settings.pulumi_home is not None:
        return settings.pulumi_home
    known = {**env, **settings.env}
    if known.get("PULUMI_HOME"):
        return Path(known["PULUMI_HOME"])
    return Path(known.get("HOME") or Path.home()) / ".pulumi"


def _logged_in(settings: EngineSettings, env: Mapping[str, str]) -> str:
    try:
        found = json.loads((pulumi_home(settings, env) / "credentials.json").read_bytes())
    except (OSError, ValueError):
        return ""
    return str(found.get("current") or "") if isinstance(found, dict) else ""


def backend_troubles(
    settings: EngineSettings, backend: str, env: Mapping[str, str]
) -> tuple[Trouble, ...]:
    """What stands in the way of keeping state there, as far as it can be seen from here."""
    if not backend:
        return (
            Trouble(
                "no backend for the stacks' state is chosen",
                "set DRSTATE_BACKEND, or backend.url of Pulumi.yaml, or log in: pulumi login "
                "s3://<bucket>?region=<recovery region>",
            ),
        )
    folder = settings.backend_folder({**env, "PULUMI_BACKEND_URL": backend})
    return () if folder is None else folder_troubles(folder, "the stacks' state")


def require_room(settings: EngineSettings, env: Mapping[str, str] | None = None) -> None:
    """Refuse to begin what a stack could not follow: its state has nowhere to go.

    Raises BackendError for a folder that is not there, DiskError for one that takes no more.
    """
    folder = settings.backend_folder(os.environ if env is None else env)
    if folder is None:
        return
    for trouble in folder_troubles(folder, "the stacks' state", LEAST_BYTES):
        kind = DiskError if folder.is_dir() else BackendError
        raise kind(
            f"{trouble.what}; nothing was done",
            why="what is done now could not be kept",
            hint=f"{trouble.mend}; then run the command again",
        )


def folder_troubles(folder: Path, purpose: str, room: int | None = None) -> tuple[Trouble, ...]:
    """What stands in the way of writing to a folder. ``purpose``: what is kept there.

    ``room``: free bytes that it takes.
    """
    room = ROOM_BYTES if room is None else room
    if not folder.is_dir():
        return (
            Trouble(
                f"the folder of {purpose} does not exist: {folder}",
                f"mount it, or make it: mkdir -p '{folder}'",
            ),
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return (
            Trouble(
                f"the folder of {purpose} cannot be written: {folder}",
                f"make it writable (chmod u+rwx '{folder}'; if it is mounted read-only: "
                "mount -o remount,rw)",
            ),
        )
    free = shutil.disk_usage(folder).free
    if free < room:
        return (
            Trouble(
                f"the disk of {purpose} has {free / 1024 / 1024:.0f} MiB left: {folder}",
                f"make room: at least {room // 1024 // 1024} MiB",
            ),
        )
    return ()


def stack_files(settings: EngineSettings, env: Mapping[str, str]) -> tuple[str, ...] | None:
    """Names of the stacks in a folder; None where the backend is none."""
    folder = settings.backend_folder(env)
    if folder is None:
        return None
    files = folder / ".pulumi" / "stacks" / str(settings.project()["name"])
    return tuple(sorted(file.stem for file in files.glob("*.json")))
