"""Facts about the engine for ``drstate doctor`` and header lines, with a remedy for each problem.

Everything is asked read only, and every question is answered even if another one fails.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as package_version
from pathlib import Path

from pulumi import automation as auto

from drstate.engine.choice import EMBEDDED, EngineChoice
from drstate.engine.failures import engine_failure
from drstate.engine.places import PASSPHRASE, default_secrets, misplaced
from drstate.engine.settings import PROJECT, EngineSettings
from drstate.engine.statefile import damage, holders, newest_whole_backup
from drstate.errors import DrstateError
from drstate.model.scope import RegionPair

AWS_PLUGIN = "aws"


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, and the command or edit that mends it."""

    what: str
    mend: str


@dataclass(frozen=True)
class EngineFacts:
    """What doctor shows."""

    engine: str
    version: str
    origin: str
    project: str
    work_dir: str
    backend: str
    secrets_provider: str
    #: ``aws 7.51.1`` or ``aws at <folder>``
    plugins: tuple[str, ...]
    stacks: tuple[str, ...]
    troubles: tuple[Trouble, ...]


def engine_facts(
    engine: EngineChoice, settings: EngineSettings, env: Mapping[str, str] | None = None
) -> EngineFacts:
    """Look at engine, project, backend, secrets and plugins. Never raises a DrstateError."""
    known = os.environ if env is None else env
    troubles: list[Trouble] = []
    project = _project(settings, troubles)
    backend, plugins = settings.backend_url or "", _configured(settings, project)
    if engine.name != EMBEDDED:
        backend = _asked_backend(engine, settings, troubles)
        plugins += _installed(engine, settings, troubles)
    elif project:
        backend = settings.backend(known)
    troubles += _plugin_troubles(plugins)
    stacks = _stacks(engine, settings, troubles) if project else ()
    if project:
        troubles += _damages(settings, stacks, known)
        troubles += _locks(settings, stacks, known)
    secrets_provider = settings.secrets_provider or default_secrets(backend)
    if secrets_provider == PASSPHRASE and not _has_passphrase(settings, known):
        troubles.append(
            Trouble(
                "no passphrase for the stacks' secrets",
                "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
            )
        )
    return EngineFacts(
        engine=engine.name,
        version=engine.version,
        origin=engine.origin,
        project=project,
        work_dir=str(settings.work_dir),
        backend=backend,
        secrets_provider=secrets_provider,
        plugins=plugins,
        stacks=stacks,
        troubles=tuple(troubles),
    )


def plugin_version() -> str:
    """The version of the aws plugin that the installed pulumi_aws asks for."""
    return package_version("pulumi_aws")


def misplaced_troubles(
    settings: EngineSettings, regions: RegionPair, env: Mapping[str, str] | None = None
) -> tuple[Trouble, ...]:
    """State and keys that are in the region which a recovery leaves. Raises ConfigError."""
    backend = settings.backend(os.environ if env is None else env)
    providers = {*settings.stack_secrets(), settings.secrets_provider or ""}
    found = misplaced(backend, providers, regions.primary, regions.recovery)
    return tuple(Trouble(one.what, one.mend) for one in found)


def _plugin_troubles(plugins: tuple[str, ...]) -> list[Trouble]:
    """A plugin in a folder that the project names is taken as it is."""
    found = [one.split() for one in plugins if one.split()[0] == AWS_PLUGIN]
    wanted = plugin_version()
    if not found:
        return [Trouble("the provider plugin 'aws' is not installed", "drstate engine install")]
    if any(one[1:2] == ["at"] or one[1:] == [wanted] for one in found):
        return []
    versions = ", ".join(" ".join(one[1:]) or "of unknown version" for one in found)
    return [
        Trouble(
            f"the provider plugin 'aws' is {versions}; pulumi_aws {wanted} asks for {wanted}",
            "drstate engine install",
        )
    ]


def _project(settings: EngineSettings, troubles: list[Trouble]) -> str:
    try:
        name = str(settings.project()["name"])
    except DrstateError as error:
        troubles.append(Trouble(str(error), error.hint))
        return ""
    if name != PROJECT:
        troubles.append(
            Trouble(
                f"the Pulumi project is called {name!r}, not {PROJECT!r}",
                f"set `name: {PROJECT}` in Pulumi.yaml before the first `drstate up`",
            )
        )
    return name


def _configured(settings: EngineSettings, project: str) -> tuple[str, ...]:
    if not project:
        return ()
    plugins = settings.project().get("plugins")
    providers = plugins.get("providers") if isinstance(plugins, dict) else None
    return tuple(
        f"{one['name']} at {Path(settings.work_dir, str(one['path'])).resolve()}"
        for one in providers or ()
        if isinstance(one, dict) and "name" in one and "path" in one
    )


def _workspace(engine: EngineChoice, settings: EngineSettings) -> auto.LocalWorkspace:
    return auto.LocalWorkspace(
        work_dir=str(settings.work_dir),
        pulumi_home=str(settings.pulumi_home) if settings.pulumi_home else None,
        env_vars=settings.command_env(),
        pulumi_command=engine.command,
    )


def _installed(
    engine: EngineChoice, settings: EngineSettings, troubles: list[Trouble]
) -> tuple[str, ...]:
    try:
        listed = _workspace(engine, settings).list_plugins()
    except (auto.CommandError, OSError, ValueError) as error:
        troubles.append(_told(error))
        return ()
    return tuple(sorted(f"{one.name} {one.version or ''}".strip() for one in listed))


def _asked_backend(engine: EngineChoice, settings: EngineSettings, troubles: list[Trouble]) -> str:
    try:
        return _workspace(engine, settings).who_am_i().url or ""
    except (auto.CommandError, OSError, ValueError) as error:
        troubles.append(_told(error))
        return settings.backend_url or ""


def _stacks(
    engine: EngineChoice, settings: EngineSettings, troubles: list[Trouble]
) -> tuple[str, ...]:
    try:
        listed = _workspace(engine, settings).list_stacks()
    except (auto.CommandError, OSError, ValueError) as error:
        troubles.append(_told(error))
        return ()
    return tuple(sorted(one.name for one in listed))


def _damages(
    settings: EngineSettings, stacks: tuple[str, ...], env: Mapping[str, str]
) -> list[Trouble]:
    folder = settings.backend_folder(env)
    if folder is None:
        return []
    files = folder / ".pulumi" / "stacks" / str(settings.project()["name"])
    names = {*stacks, *(file.stem for file in files.glob("*.json"))}
    troubles: list[Trouble] = []
    for stack in sorted(names):
        file = files / f"{stack}.json"
        problem = damage(file) if file.exists() else None
        if problem is not None:
            backup = newest_whole_backup(settings, stack, env)
            mend = f"cp '{backup}' '{file}'" if backup else f"restore {file} from a copy"
            troubles.append(Trouble(f"the state file of stack {stack}: {problem}", mend))
    return troubles


def _locks(
    settings: EngineSettings, stacks: tuple[str, ...], env: Mapping[str, str]
) -> list[Trouble]:
    troubles: list[Trouble] = []
    for stack in stacks:
        try:
            found = holders(settings, stack, env)
        except DrstateError as error:
            troubles.append(Trouble(str(error), error.hint))
            continue
        troubles += [
            Trouble(
                f"stack {stack} is locked by {holder}",
                "let it finish; if it is dead: drstate resume",
            )
            for holder in found
        ]
    return troubles


def _has_passphrase(settings: EngineSettings, env: Mapping[str, str]) -> bool:
    names = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
    return any(name in settings.env or name in env for name in names)


def _told(error: Exception) -> Trouble:
    known = engine_failure(error, "*")
    return Trouble(f"{known}: {known.why}" if known.why else str(known), known.hint)
