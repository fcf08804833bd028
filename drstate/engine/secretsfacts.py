"""Whether the stacks' secrets can be opened, asked without touching a stack.

A throw-away stack with a real one's salt is made in a throw-away backend: an engine refuses that
where the passphrase is another one. The salt is no secret; nothing else of the stack is copied.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from pulumi import automation as auto

from drstate.engine.backends import Trouble
from drstate.engine.choice import EngineChoice
from drstate.engine.failures import PassphraseError, engine_failure
from drstate.engine.scratch import scratch_settings
from drstate.engine.settings import EngineSettings

VARIABLE, FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
#: a key takes a third of a second and a core
AT_ONCE = 2


def passphrase_source(settings: EngineSettings, env: Mapping[str, str]) -> str:
    """Where the passphrase comes from; "" where there is none."""
    known = {**env, **settings.env}
    if VARIABLE in known:
        return VARIABLE
    return f"{FILE_VARIABLE}={known[FILE_VARIABLE]}" if known.get(FILE_VARIABLE) else ""


def missing_passphrase(settings: EngineSettings, env: Mapping[str, str]) -> Trouble | None:
    """What is wrong with the passphrase before it is tried."""
    known = {**env, **settings.env}
    source = passphrase_source(settings, env)
    if not source:
        return Trouble(
            "no passphrase for the stacks' secrets", f"set {VARIABLE} or {FILE_VARIABLE}"
        )
    file = Path(known.get(FILE_VARIABLE, ""))
    if source == VARIABLE or (file.is_file() and os.access(file, os.R_OK)):
        return None
    return Trouble(
        f"the file of the stacks' passphrase cannot be read: {file}",
        f"correct {FILE_VARIABLE}, or set {VARIABLE}",
    )


def wrong_passphrase(engine: EngineChoice, settings: EngineSettings) -> list[Trouble]:
    """Stacks whose secrets the passphrase does not open; one stack of each scope is tried."""
    salts = sorted(_salts(settings))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        opened = list(pool.map(lambda one: _opens(engine, settings, one[1]), salts))
    closed = [stack for (stack, _), well in zip(salts, opened, strict=True) if not well]
    if not closed:
        return []
    return [
        Trouble(
            f"the passphrase does not open the secrets of {', '.join(closed)}",
            f"set {VARIABLE} (or {FILE_VARIABLE}) to the one that the stacks were made with",
        )
    ]


def _salts(settings: EngineSettings) -> Iterator[tuple[str, str]]:
    folder = settings.work_dir / str(settings.project().get("stackConfigDir") or ".")
    seen: set[tuple[str, ...]] = set()
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        scope = tuple(stack.split(".")[:2])
        if scope in seen:
            continue
        try:
            data = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # the engine tells what is wrong with it
        salt = data.get("encryptionsalt") if isinstance(data, dict) else None
        if isinstance(salt, str):
            seen.add(scope)
            yield stack, salt


def _opens(engine: EngineChoice, settings: EngineSettings, salt: str) -> bool:
    with scratch_settings(settings, keep_passphrase=True) as scratch:
        name = "passphrase"
        text = yaml.safe_dump({"encryptionsalt": salt})
        (scratch.work_dir / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")
        workspace = auto.LocalWorkspace(
            work_dir=str(scratch.work_dir),
            pulumi_home=str(scratch.pulumi_home) if scratch.pulumi_home else None,
            env_vars=scratch.command_env(),
            pulumi_command=engine.command,
        )
        try:
            workspace.create_stack(name)
        except (auto.CommandError, OSError) as error:
            return not isinstance(engine_failure(error), PassphraseError)
    return True
