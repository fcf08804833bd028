"""Which engine carries stack operations, and where it came from.

The Pulumi CLI is taken where it is found; the embedded engine only rehearses, so it is offered in
the sandbox alone. This module refuses to download anything and never imports the sandbox: whoever
opens the sandbox hands in a factory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation as auto
from semver import VersionInfo

from drstate.engine.cliprocess import StoppableCommand
from drstate.errors import ConfigError, EngineError

#: older ones do not stream their events, or do not run inline programs in every operation
MINIMUM = VersionInfo(3, 206, 0)
CLI = "pulumi"
EMBEDDED = "embedded"
REQUESTS = ("auto", CLI, EMBEDDED)

_INSTALL = (
    "`drstate engine install`, or install the Pulumi CLI (https://www.pulumi.com/docs/install/) "
    "and put it on PATH, then check with `drstate doctor`; to rehearse without it, add --sandbox"
)


@dataclass(frozen=True)
class EngineChoice:
    """An engine that is ready to run commands."""

    #: ``pulumi`` or ``embedded``
    name: str
    version: str
    command: auto.PulumiCommand
    #: path of the executable, or ``in process``
    origin: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.origin})"


def choose_engine(
    *,
    sandbox: bool,
    requested: str | None = None,
    embedded: Callable[[], auto.PulumiCommand] | None = None,
    env: Mapping[str, str] | None = None,
) -> EngineChoice:
    """The engine to use. ``requested`` is ``auto`` (None), ``pulumi`` (or ``cli``), ``embedded``.

    Raises ConfigError for an unknown or forbidden request, EngineError where no engine is found or
    the one found cannot be used.
    """
    wanted = {"cli": CLI, None: "auto", "": "auto"}.get(requested, requested)
    if wanted not in REQUESTS:
        raise ConfigError(
            f"unknown engine {requested!r}",
            why=f"engines are {', '.join(REQUESTS)}",
            hint="set DRSTATE_ENGINE (or --engine) to one of them, or leave it out",
        )
    if wanted == EMBEDDED:
        return _embedded(sandbox, embedded)
    executable = _find_cli(os.environ if env is None else env)
    if executable is not None:
        return _cli(executable)
    if wanted == "auto" and sandbox and embedded is not None:
        return _embedded(sandbox, embedded)
    raise EngineError(
        "no Pulumi CLI was found",
        why="`pulumi` is neither on PATH nor in ~/.pulumi",
        hint=_INSTALL,
    )


def _embedded(sandbox: bool, factory: Callable[[], auto.PulumiCommand] | None) -> EngineChoice:
    if not sandbox or factory is None:
        raise ConfigError(
            "the embedded engine is for rehearsals only",
            why="it was requested without --sandbox; real state belongs to the Pulumi CLI",
            hint="add --sandbox, or leave DRSTATE_ENGINE unset and " + _INSTALL,
        )
    command = factory()
    return EngineChoice(EMBEDDED, _version(command), command, "in process")


def _cli(executable: Path) -> EngineChoice:
    try:
        command = _PinnedCommand(executable)
    except auto.InvalidVersionError as error:
        raise EngineError(
            f"the Pulumi CLI at {executable} does not fit the SDK",
            why=str(error),
            hint="upgrade it: `pulumi self-upgrade`, or your package manager",
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise EngineError(
            f"the Pulumi CLI at {executable} cannot be run", why=str(error), hint=_INSTALL
        ) from error
    return EngineChoice(CLI, _version(command), command, str(executable))


class _PinnedCommand(StoppableCommand):
    """The CLI at one path, so that a change of PATH during a run changes nothing."""

    def __init__(self, executable: Path) -> None:
        if executable.parent.name == "bin":
            super().__init__(root=str(executable.parent.parent), version=MINIMUM)
        else:  # the SDK only knows <root>/bin/pulumi; anything else has to be found through PATH
            super().__init__(version=MINIMUM)
            self.command = str(executable)


def _find_cli(env: Mapping[str, str]) -> Path | None:
    found = shutil.which("pulumi", path=env.get("PATH", ""))
    if found:
        return Path(found)
    home = Path(env.get("HOME") or Path.home())
    candidates = [home / ".pulumi" / "bin" / "pulumi"]
    versions = home / ".pulumi" / "versions"
    if versions.is_dir():
        candidates += sorted((one / "bin" / "pulumi" for one in versions.iterdir()), reverse=True)
    return next((one for one in candidates if os.access(one, os.X_OK) and one.is_file()), None)


def _version(command: auto.PulumiCommand) -> str:
    return str(command.version) if command.version is not None else "unknown"
