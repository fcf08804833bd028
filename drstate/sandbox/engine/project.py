"""Reads Pulumi.yaml: what the engine needs of a project, and nothing else.

It refuses a project file that cannot be read or that names no project, and never writes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.language.runtime import Runtime, read_runtime

PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True)
class ConfigDeclaration:
    """One entry under ``config:`` of the project file."""

    type: str | None = None
    default: Any = None
    value: Any = None
    secret: bool = False
    has_default: bool = False
    has_value: bool = False


@dataclass(frozen=True)
class Project:
    """A project. ``folder`` holds Pulumi.yaml; plugin paths are resolved against it."""

    name: str
    file: Path
    main: str = ""
    stack_config_dir: str = ""
    backend_url: str = ""
    config: Mapping[str, ConfigDeclaration] = field(default_factory=dict)
    #: provider package -> resolved folder or executable
    plugins: Mapping[str, str] = field(default_factory=dict)
    #: the language of the program, for programs that are not handed in
    runtime: Runtime = field(default_factory=Runtime)

    @property
    def folder(self) -> Path:
        """The folder of the project file."""
        return self.file.parent

    @property
    def program_folder(self) -> Path:
        """Where the program's sources are."""
        return self.folder / self.main if self.main else self.folder

    def stack_file(self, stack: str) -> Path:
        """The settings file of a stack."""
        return self.folder / self.stack_config_dir / f"Pulumi.{stack}.yaml"


def load_project(start: Path) -> Project:
    """The project of a working directory: its own Pulumi.yaml or that of a folder above.

    Raises FailedCommandError if there is none, or if it is not a project file.
    """
    for folder in (start, *start.parents):
        for name in PROJECT_FILES:
            file = folder / name
            if file.is_file():
                return _parse(file)
    raise FailedCommandError(
        f"no Pulumi.yaml project file found (searching upwards from {start}). If you have not "
        "created a project yet, use `pulumi new` to do so: no project file found"
    )


def _parse(file: Path) -> Project:
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FailedCommandError(f"could not read the project file {file}: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or not data["name"]:
        raise FailedCommandError(
            f"the project file {file} has no 'name'; add a line such as `name: drstate`"
        )
    plugins = data.get("plugins") or {}
    providers = plugins.get("providers") if isinstance(plugins, dict) else None
    backend = data.get("backend") or {}
    try:
        runtime = read_runtime(data.get("runtime"))
    except ValueError as error:
        raise FailedCommandError(f"could not read the project file {file}: {error}") from error
    return Project(
        name=data["name"],
        file=file,
        main=str(data.get("main") or ""),
        stack_config_dir=str(data.get("stackConfigDir") or data.get("config_dir") or ""),
        backend_url=str(backend.get("url") or "") if isinstance(backend, dict) else "",
        config=_declarations(file, data.get("config")),
        plugins=_plugins(file, providers),
        runtime=runtime,
    )


def _plugins(file: Path, providers: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, one in enumerate(providers or []):
        if not isinstance(one, dict) or not one.get("name") or not one.get("path"):
            raise FailedCommandError(
                f"plugins.providers[{index}] in {file} needs both 'name' and 'path'"
            )
        found[str(one["name"])] = str((file.parent / str(one["path"])).resolve())
    return found


def _declarations(file: Path, config: Any) -> dict[str, ConfigDeclaration]:
    if config is None or isinstance(config, str):
        return {}
    if not isinstance(config, dict):
        raise FailedCommandError(f"'config' in {file} must be a mapping of key to declaration")
    found: dict[str, ConfigDeclaration] = {}
    for key, raw in config.items():
        if not isinstance(raw, dict):
            found[str(key)] = ConfigDeclaration(value=raw, has_value=True)
            continue
        found[str(key)] = ConfigDeclaration(
            type=raw.get("type"),
            default=raw.get("default"),
            value=raw.get("value"),
            secret=bool(raw.get("secret", False)),
            has_default="default" in raw,
            has_value="value" in raw,
        )
    return found
