"""Which provider plugins there are: in folders that Pulumi.yaml names, and in Pulumi's own folder.

Looked for in files only, so that it can be told without an engine too. It starts no plugin.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version as package_version
from pathlib import Path

from drstate.engine.backends import Trouble, pulumi_home
from drstate.engine.settings import EngineSettings

AWS_PLUGIN = "aws"
_INSTALLED = re.compile(r"resource-(?P<name>[a-z0-9-]+)-v(?P<version>[0-9][^/]*)")
INSTALL = "drstate engine install"


def plugin_version() -> str:
    """The version of the aws plugin that the installed pulumi_aws asks for."""
    return package_version("pulumi_aws")


def configured(settings: EngineSettings) -> tuple[tuple[str, Path], ...]:
    """Package and folder of each plugin that the project names. Raises ConfigError."""
    plugins = settings.project().get("plugins")
    providers = plugins.get("providers") if isinstance(plugins, dict) else None
    return tuple(
        (str(one["name"]), Path(settings.work_dir, str(one["path"])).resolve())
        for one in providers or ()
        if isinstance(one, dict) and "name" in one and "path" in one
    )


def installed(settings: EngineSettings, env: Mapping[str, str]) -> tuple[str, ...]:
    """``aws 7.51.1`` for each plugin in Pulumi's own folder."""
    folder = pulumi_home(settings, env) / "plugins"
    return tuple(sorted(_installed(folder))) if folder.is_dir() else ()


def _installed(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        found = _INSTALLED.fullmatch(entry.name)
        # a download that was broken off leaves this mark beside the folder
        partial = entry.with_name(f"{entry.name}.partial").exists()
        if found and entry.is_dir() and not partial:
            yield f"{found['name']} {found['version']}"


def plugin_troubles(named: tuple[tuple[str, Path], ...], plugins: tuple[str, ...]) -> list[Trouble]:
    """What is wrong with the plugins of folders (``named``) and with the aws plugin in general.

    One in a folder that the project names is taken as it is, whatever its version.
    """
    troubles = [trouble for name, path in named for trouble in _folder_troubles(name, path)]
    if any(name == AWS_PLUGIN for name, _ in named):
        return troubles
    wanted = plugin_version()
    found = [one.split() for one in plugins if one.split()[0] == AWS_PLUGIN]
    if not found:
        return [*troubles, Trouble("the provider plugin 'aws' is not installed", INSTALL)]
    if any(one[1:] == [wanted] for one in found):
        return troubles
    versions = ", ".join(" ".join(one[1:]) or "of unknown version" for one in found)
    what = f"the provider plugin 'aws' is {versions}; pulumi_aws {wanted} asks for {wanted}"
    return [*troubles, Trouble(what, INSTALL)]


def _folder_troubles(name: str, path: Path) -> Iterator[Trouble]:
    if path.is_dir() and (path / "PulumiPlugin.yaml").is_file():
        return  # written in a language, and started by its runtime
    executable = path if path.is_file() else path / f"pulumi-resource-{name}"
    if not executable.is_file():
        yield Trouble(
            f"the provider plugin '{name}' is not there: {executable} does not exist",
            f"correct plugins.providers of Pulumi.yaml, or put pulumi-resource-{name} there",
        )
    elif not os.access(executable, os.X_OK):
        yield Trouble(
            f"the provider plugin '{name}' cannot be started: {executable} is not executable",
            f"chmod +x '{executable}'",
        )
