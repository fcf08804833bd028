"""Facts about the engine for ``drstate doctor`` and header lines, with a remedy for each problem.

Everything is asked read only, and every question is answered even if another one fails. Without an
engine, files and variables tell what they can.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import automation as auto

from drstate.engine.backends import Trouble, backend_of, backend_troubles, stack_files
from drstate.engine.choice import EMBEDDED, EngineChoice
from drstate.engine.failures import engine_failure
from drstate.engine.places import PASSPHRASE, default_secrets, misplaced
from drstate.engine.pluginfacts import configured, installed, plugin_troubles
from drstate.engine.secretsfacts import missing_passphrase, passphrase_source, wrong_passphrase
from drstate.engine.settings import PROJECT, EngineSettings
from drstate.engine.statefile import damage, holders, newest_whole_backup
from drstate.errors import DrstateError
from drstate.model.scope import RegionPair


@dataclass(frozen=True)
class EngineFacts:
    """What doctor shows. Where there is no engine, ``engine`` is "" and so are its details."""

    engine: str
    version: str
    origin: str
    project: str
    work_dir: str
    #: "" where none is chosen
    backend: str
    #: of new stacks; "" where it depends on a backend that is not chosen
    secrets_provider: str
    #: where the passphrase comes from, if one is needed
    passphrase: str
    #: ``aws 7.51.1`` or ``aws at <folder>``
    plugins: tuple[str, ...]
    #: None: it takes an engine to know
    stacks: tuple[str, ...] | None
    troubles: tuple[Trouble, ...]


def engine_facts(
    engine: EngineChoice | None, settings: EngineSettings, env: Mapping[str, str] | None = None
) -> EngineFacts:
    """Look at engine, project, backend, secrets and plugins. Never raises a DrstateError."""
    known = os.environ if env is None else env
    troubles: list[Trouble] = []
    project = _project(settings, troubles)
    backend = backend_of(settings, known) if project else settings.backend_url or ""
    hindered = backend_troubles(settings, backend, known)
    troubles += hindered
    asks = engine is not None and engine.name != EMBEDDED
    if engine is not None and asks and not hindered:
        backend = _asked_backend(engine, settings, troubles) or backend
    named = configured(settings) if project else ()
    listed = _listed(engine, settings, troubles) if engine is not None and asks else ()
    if engine is None:
        listed = installed(settings, known)
    troubles += plugin_troubles(named, listed)
    stacks = None
    if project and not hindered:
        asked = None if engine is None else _stacks(engine, settings, troubles)
        stacks = asked if asked is not None else stack_files(settings, known)
        troubles += _damages(settings, stacks or (), known)
        troubles += _locks(settings, stacks or (), known)
    secrets = settings.secrets_provider or (default_secrets(backend) if backend else "")
    if secrets == PASSPHRASE:
        troubles += _passphrase(engine, settings, project, known)
    return EngineFacts(
        engine=engine.name if engine else "",
        version=engine.version if engine else "",
        origin=engine.origin if engine else "",
        project=project,
        work_dir=str(settings.work_dir),
        backend=backend,
        secrets_provider=secrets,
        passphrase=passphrase_source(settings, known) if secrets == PASSPHRASE else "",
        plugins=(*(f"{name} at {path}" for name, path in named), *listed),
        stacks=stacks,
        troubles=tuple(dict.fromkeys(troubles)),
    )


def _passphrase(
    engine: EngineChoice | None, settings: EngineSettings, project: str, env: Mapping[str, str]
) -> list[Trouble]:
    missing = missing_passphrase(settings, env)
    if missing is not None:
        return [missing]
    return wrong_passphrase(engine, settings) if engine is not None and project else []


def misplaced_troubles(
    settings: EngineSettings, regions: RegionPair, env: Mapping[str, str] | None = None
) -> tuple[Trouble, ...]:
    """State and keys that are in the region which a recovery leaves. Raises ConfigError."""
    backend = settings.backend(os.environ if env is None else env)
    providers = {*settings.stack_secrets(), settings.secrets_provider or ""}
    found = misplaced(backend, providers, regions.primary, regions.recovery)
    return tuple(Trouble(one.what, one.mend) for one in found)


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


def _workspace(engine: EngineChoice, settings: EngineSettings) -> auto.LocalWorkspace:
    return auto.LocalWorkspace(
        work_dir=str(settings.work_dir),
        pulumi_home=str(settings.pulumi_home) if settings.pulumi_home else None,
        env_vars=settings.command_env(),
        pulumi_command=engine.command,
    )


def _listed(
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
        return ""


def _stacks(
    engine: EngineChoice, settings: EngineSettings, troubles: list[Trouble]
) -> tuple[str, ...] | None:
    try:
        listed = _workspace(engine, settings).list_stacks()
    except (auto.CommandError, OSError, ValueError) as error:
        troubles.append(_told(error))
        return None
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


def _told(error: Exception) -> Trouble:
    known = engine_failure(error)
    return Trouble(f"{known}: {known.why}" if known.why else str(known), known.hint)
