"""Use case: install the engine and its aws plugin. Changes this machine, no stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drstate.engine.install import Installed


def set_up(
    version: str | None = None, root: Path | None = None, plugin_file: Path | None = None
) -> Installed:
    """Install both; a CLI that is there already in this version is kept.

    Raises ConfigError, UnknownNameError, EngineError.
    """
    from drstate.engine.choice import CLI, EngineChoice  # noqa: PLC0415 loaded when it is needed
    from drstate.engine.install import (  # noqa: PLC0415 loaded when it is needed
        Installed,
        install_cli,
        install_plugin,
    )

    command = install_cli(version, root)
    engine = EngineChoice(CLI, str(command.version), command, command.command)
    return Installed(CLI, engine.version, engine.origin, install_plugin(engine, plugin_file))
