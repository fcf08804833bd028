"""The programs of all technologies: those of the enum ``Technology``, and installed packages'.

A technology's program is the ``PROGRAM`` of the module of its name. A package brings one by the
entry-point group ``drstate.programs``; each entry names a ``Program``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from drstate.errors import ConfigError, InternalError
from drstate.model.catalog import GLOBAL
from drstate.model.resource import BUILT_IN, module_of
from drstate.programs.base import Declare, Program

GROUP = "drstate.programs"


@cache
def program_for(technology: str) -> Program | None:
    """The technology's program, or None where it has none (only actions)."""
    if technology in BUILT_IN:
        built_in: Program = import_module(f"drstate.programs.{module_of(technology)}").PROGRAM
        return built_in
    for point in entry_points(group=GROUP):
        if point.name == technology:
            loaded = point.load()
            if not isinstance(loaded, Program):
                raise ConfigError(
                    f"entry point {point.name} = {point.value} of group {GROUP} is no Program",
                    why=f"it is {loaded!r}",
                    hint="uninstall the package, or have its author name a Program",
                )
            return loaded
    return None


@cache
def programs() -> tuple[Program, ...]:
    """Every program, by technology."""
    names = {*BUILT_IN, *(point.name for point in entry_points(group=GROUP))}
    found = (program_for(name) for name in sorted(names))
    return tuple(program for program in found if program is not None)


def declare_for(technology: str, region: str) -> Declare:
    """The function for a region or ``global``. Raises InternalError where there is none."""
    program = program_for(technology)
    found = None
    if program is not None:
        found = program.spanning if region == GLOBAL else program.site
    if found is None:
        raise InternalError(
            f"{technology} declares nothing at {region}",
            why="the catalog says that it is declared there",
            hint="drstate technologies says what each technology declares",
        )
    return found


@cache
def stateful_types() -> Mapping[str, str]:
    """Type tokens whose replacement or deletion loses data -> what would be lost."""
    return {token: what for program in programs() for token, what in program.stateful.items()}


@cache
def taggable_types() -> frozenset[str]:
    """Type tokens of what programs declare that can carry tags: ``tags`` has an owner."""
    return frozenset(
        token
        for program in programs()
        for owners in program.owners.values()
        for token, properties in owners.items()
        if any(one.name == "tags" for one in properties)
    )


@cache
def identities() -> Mapping[str, str]:
    """Type token -> how the id in the state is made from the inputs."""
    return {token: form for program in programs() for token, form in program.identities.items()}


def identity(resource_type: str, inputs: Mapping[str, Any]) -> str | None:
    """The id that a resource with these inputs has once it exists; None if it cannot be told."""
    form = identities().get(resource_type)
    if form is None:
        return None
    try:
        made = form.format_map(inputs)
    except KeyError:
        return None
    return made or None


def touch(technologies: Collection[str] | None = None) -> int:
    """Touch every class that these programs (or all) use; returns how many. See ``preload``."""
    from drstate.programs.lazy import aws  # noqa: PLC0415 - takes seconds

    touched = [aws.Provider, aws.ProviderAssumeRoleArgs]
    return len(touched) + sum(
        len(program.classes())
        for program in programs()
        if technologies is None or program.technology in technologies
    )
