"""Which wave a resource is recovered in, and what happens when ``dr:wave`` changes.

A stack holds one wave's group and is brought up as a whole, so a resource is recovered with the
group that holds its state. A changed tag takes effect by a move of that state between two stacks,
which only REPLICATE carries out: until then the resource stays where it is, and the plan says so.
Nothing is ever deleted and created for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from drstate.errors import ConfigError
from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry, Ownership
from drstate.model.named import HookWhen
from drstate.model.names import stack_name, wave_group
from drstate.model.plan import GeneratedWave, Move, Place
from drstate.model.scope import Scope

_GROUP = re.compile(r"w(?P<wave>[1-9][0-9]*)[a-z]*")


def group_wave(group: str) -> int:
    """The wave of a group (``w1``, ``w1b``). Raises ConfigError for anything else."""
    found = _GROUP.fullmatch(group)
    if not found:
        raise ConfigError(
            f"the catalog names a stack group {group!r}",
            why="groups are called w1, w1b, w2, …",
            hint="restore the catalog from a backup of the journal: drstate doctor",
        )
    return int(found["wave"])


def stack_regions(entry: CatalogEntry) -> tuple[str, ...]:
    """Regions in which a group's stack holds the resource."""
    return tuple(
        region
        for region, owner in sorted(entry.ownership.items())
        if owner is Ownership.DECLARED and region != GLOBAL
    )


def effective_group(entry: CatalogEntry) -> str:
    """The group that the resource is handled in now."""
    if stack_regions(entry):
        return entry.group
    wanted = entry.resource.tags.wave
    return entry.group if group_wave(entry.group) == wanted else wave_group(wanted)


def effective_wave(entry: CatalogEntry) -> int:
    """The wave that the resource is recovered in now."""
    return group_wave(effective_group(entry))


def is_pending_move(entry: CatalogEntry) -> bool:
    """Whether the tag asks for another wave than the stack that holds the resource."""
    return group_wave(effective_group(entry)) != entry.resource.tags.wave


def generated(
    entries: Iterable[CatalogEntry], chosen: Collection[str]
) -> tuple[GeneratedWave, ...]:
    """The chosen resources whose wave no tag says."""
    return tuple(
        GeneratedWave(resource=entry.key, wave=tags.wave, reason=tags.wave_reason)
        for entry in entries
        for tags in [entry.resource.tags]
        if tags.wave_reason and entry.key in chosen
    )


def places(scope: Scope) -> dict[tuple[str, str], Place]:
    """Name and account of each hook that stands before or after its whole wave, and where."""
    before = {True: Place.BEFORE, False: Place.AFTER}
    return {
        (hook.name, hook.account): before[hook.when is HookWhen.BEFORE]
        for hook in scope.hooks
        if hook.of_wave
    }


def moved(entry: CatalogEntry) -> CatalogEntry:
    """The entry as it is after its pending move."""
    return entry.model_copy(update={"group": wave_group(entry.resource.tags.wave)})


def moves_of(catalog: Catalog, entries: Iterable[CatalogEntry]) -> Iterator[Move]:
    """The moves that the entries' changed waves ask for: one per region that holds state."""
    for entry in entries:
        if not is_pending_move(entry):
            continue
        wave, group = entry.resource.tags.wave, wave_group(entry.resource.tags.wave)
        for region in stack_regions(entry):
            account = entry.resource.account
            yield Move(
                resource=entry.key,
                from_stack=stack_name(catalog.scope, region, account, entry.group),
                to_stack=stack_name(catalog.scope, region, account, group),
                from_group=entry.group,
                to_group=group,
                reason=f"dr:wave of {entry.key} is now {wave}",
            )


def pending_move_warning(entry: CatalogEntry) -> str:
    """What a plan without REPLICATE says of a changed wave."""
    return (
        f"dr:wave of {entry.key} is now {entry.resource.tags.wave}, its stack is still "
        f"{entry.group}: it is recovered in wave {effective_wave(entry)} until "
        "`drstate up --phase replicate` has moved it"
    )
