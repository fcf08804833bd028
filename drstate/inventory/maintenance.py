"""Maintenance windows of a scope: those of its file, and those of the whole project.

The project's stand in Pulumi.yaml under ``drstate.maintenance``, beside its journal, and hold for
every scope. A mistake there is refused with its place and mend: a window that is silently not kept
is worse than none. Light to load: a project without windows is not even parsed.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from drstate.errors import ConfigError
from drstate.model.maintenance import MaintenanceWindow, MaintenanceWindows, PlacedWindow
from drstate.model.scope import Scope

PROJECT_FILE, SECTION, KEY = "Pulumi.yaml", "drstate", "maintenance"
#: what else the section may hold; each is read where it is used
_KNOWN = (KEY, "journal", "secrets_provider")
_EXAMPLE = "- {begins: 2026-03-01T22:00:00Z, ends: 2026-03-02T01:00:00Z, reason: new firewall}"
_WINDOWS: TypeAdapter[list[MaintenanceWindow]] = TypeAdapter(MaintenanceWindows)


def windows_of(project_dir: Path, scope: Scope) -> tuple[PlacedWindow, ...]:
    """Every window that holds for the scope, the first to begin first. Raises ConfigError."""
    file = scope.key.file
    found = [PlacedWindow(window=one, of=str(scope.key), file=file) for one in scope.maintenance]
    found += [
        PlacedWindow(window=one, of="the whole project", file=PROJECT_FILE)
        for one in project_windows(project_dir)
    ]
    return tuple(sorted(found, key=lambda one: one.window.begins))


def project_windows(project_dir: Path) -> tuple[MaintenanceWindow, ...]:
    """The windows of the whole project. Raises ConfigError naming field, value and mend."""
    try:
        text = (project_dir / PROJECT_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()  # a project that cannot be read is told by whoever needs it
    if KEY[:5] not in text.lower():  # also where it is misspelt further on
        return ()
    from drstate.inventory.yamlfile import read_yaml  # noqa: PLC0415 slow to load, seldom needed

    section = read_yaml(project_dir / PROJECT_FILE, PROJECT_FILE).get(SECTION)
    if not isinstance(section, dict):
        return ()
    _refuse_unknown(section)
    try:
        return tuple(_WINDOWS.validate_python(section.get(KEY, [])))
    except ValidationError as error:
        raise ConfigError(
            f"{SECTION}.{KEY} of {PROJECT_FILE} is wrong",
            why="\n".join(_told(one) for one in error.errors(include_url=False)),
            hint=f"write a list of windows of 4 hours at most, each like\n  {_EXAMPLE}",
        ) from None


def _refuse_unknown(section: dict[str, Any]) -> None:
    for name in map(str, section):
        if name in _KNOWN:
            continue
        close = difflib.get_close_matches(name, _KNOWN, n=1)
        raise ConfigError(
            f"{SECTION}.{name} of {PROJECT_FILE}: there is no such setting",
            why=f"known are {', '.join(_KNOWN)}",
            hint=f"write {close[0]} instead of {name}" if close else f"remove {name}",
        )


def _told(found: Any) -> str:
    place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in found["loc"])
    text = str(found.get("ctx", {}).get("error", found["msg"]))
    shown = found["input"]
    value = f" is {shown!r}" if isinstance(shown, (str, int, float)) else ""
    return f"{SECTION}.{KEY}{place}{value}: {text}"
