"""Installs the Pulumi CLI and the aws plugin, so that a recovery region needs no download later.

The CLI comes by the Automation API's own installer, the plugin in the version that the installed
pulumi_aws was made for, or from a file brought by hand. It refuses to say "installed" for anything
that it did not find afterwards.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation as auto
from semver import VersionInfo

from drstate.engine.choice import EngineChoice
from drstate.engine.pluginfacts import AWS_PLUGIN, plugin_version
from drstate.errors import ConfigError, EngineError, UnknownNameError


@dataclass(frozen=True)
class Installed:
    """What is there now."""

    engine: str
    version: str
    origin: str
    #: ``aws 7.51.1``
    plugin: str


def install_cli(version: str | None = None, root: Path | None = None) -> auto.PulumiCommand:
    """The CLI under ``root`` (by default ``~/.pulumi/versions/<version>``), downloaded if need be.

    ``version`` is by default the SDK's own. Raises ConfigError for a version that is none,
    EngineError where it cannot be had.
    """
    try:
        wanted = VersionInfo.parse(version.removeprefix("v")) if version else None
    except ValueError as error:
        raise ConfigError(
            f"--version {version!r} is not a version",
            why=str(error),
            hint="give one like 3.260.0, or leave it out",
        ) from error
    try:
        return auto.PulumiCommand.install(root=str(root) if root else None, version=wanted)
    except subprocess.CalledProcessError as error:
        text = (error.output or b"").decode(errors="replace").strip()
        why = text.splitlines()[-1] if text else str(error)
        raise _not_had(why) from error
    except (OSError, ValueError, RuntimeError, auto.InvalidVersionError) as error:
        raise _not_had(str(error)) from error


def install_plugin(engine: EngineChoice, file: Path | None = None) -> str:
    """Install the aws plugin for ``engine``, from ``file`` if given; ``aws <version>``.

    Raises UnknownNameError for a file that does not exist, EngineError where it cannot be had.
    """
    wanted = plugin_version()
    if file is not None and not file.is_file():
        raise UnknownNameError(
            f"there is no file {file}",
            why="--plugin-file names the plugin's archive",
            hint=f"bring pulumi-resource-aws-v{wanted}-<system>-<machine>.tar.gz to this machine",
        )
    # it is put where no project is: a project's own plugins must not take part
    with tempfile.TemporaryDirectory(prefix="drstate-plugins-") as folder:
        workspace = auto.LocalWorkspace(work_dir=folder, pulumi_command=engine.command)
        arguments = ["plugin", "install", "resource", AWS_PLUGIN, f"v{wanted}"]
        if file is not None:
            arguments += ["--file", str(file.resolve())]
        try:
            engine.command.run(arguments, workspace.work_dir, {"PULUMI_SKIP_UPDATE_CHECK": "true"})
            listed = workspace.list_plugins()
        except (auto.CommandError, OSError) as error:
            raise EngineError(
                f"the provider plugin aws {wanted} was not installed",
                why=str(error).rpartition("stderr: ")[2].strip() or str(error),
                hint="without a network: download the archive elsewhere and give it by "
                "`drstate engine install --plugin-file FILE`",
            ) from error
    if not any(one.name == AWS_PLUGIN and str(one.version) == wanted for one in listed):
        raise EngineError(
            f"the provider plugin aws {wanted} is not there after its installation",
            why=f"{engine.origin} lists no such plugin",
            hint="see what is there: `pulumi plugin ls`; is PULUMI_HOME the same as in your runs?",
        )
    return f"{AWS_PLUGIN} {wanted}"


def _not_had(why: str) -> EngineError:
    return EngineError(
        "the Pulumi CLI was not installed",
        why=why,
        hint="check the network; without one, bring the release archive to this machine, unpack it "
        "and put `pulumi` on PATH",
    )
