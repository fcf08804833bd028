"""Waves and resources that were chosen, and what that leaves out.

The smallest thing that can be chosen is a shard of a stage: a stack is brought up as a whole, so a
chosen resource takes its neighbours along, and the plan says so. Everything left out is a ``Skip``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from drstate.errors import ConfigError, UnknownNameError
from drstate.model.called import Called
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import Skip
from drstate.planning.requests import PlanRequest
from drstate.planning.waves import effective_group, effective_wave

_SHOWN = 10


@dataclass(frozen=True)
class Selection:
    """Keys that the plan handles."""

    keys: frozenset[str]
    skips: tuple[Skip, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def partial(self) -> bool:
        """Whether anything was left out."""
        return bool(self.skips)


def select(request: PlanRequest, entries: Sequence[CatalogEntry]) -> Selection:
    """What the request chooses.

    Raises ConfigError for a wave without resources, UnknownNameError for an unknown resource.
    """
    waves = {effective_wave(entry) for entry in entries}
    unknown = sorted(set(request.waves) - waves)
    if unknown:
        raise ConfigError(
            f"no resource is in wave {unknown[0]}",
            why=f"waves with resources: {', '.join(map(str, sorted(waves)))}",
            hint="name one of them with --wave, or leave --wave out",
        )
    chosen = [entry for entry in entries if not request.waves or _in(entry, request.waves)]
    warnings: list[str] = []
    if request.targets:
        targets = _targets(request.targets, entries)
        shards = {_shard(entry) for entry in chosen if entry.key in targets}
        taken = [entry for entry in chosen if _shard(entry) in shards]
        along: dict[tuple[str, str], list[str]] = defaultdict(list)
        for entry in taken:
            if entry.key not in targets:
                along[_shard(entry)].append(entry.key)
        warnings = [
            f"account {account}, {group} is handled as a whole; chosen along with the targets: "
            f"{_some(neighbours)}"
            for (account, group), neighbours in sorted(along.items())
        ]
        chosen = taken
    keys = frozenset(entry.key for entry in chosen)
    skips = tuple(_skip(entry, request) for entry in entries if entry.key not in keys)
    return Selection(keys, skips, tuple(warnings))


def _in(entry: CatalogEntry, waves: Sequence[int]) -> bool:
    return effective_wave(entry) in waves


def _targets(targets: Sequence[str], entries: Sequence[CatalogEntry]) -> set[str]:
    called = Called(entry.resource for entry in entries)
    found: set[str] = set()
    for target in targets:
        keys = called.keys(target)
        if not keys:
            _refuse_unknown(target, called, entries)
        if len(keys) > 1:
            raise ConfigError(
                f"--target {target!r} fits {len(keys)} resources",
                why=", ".join(keys),
                hint=f"name the one that is meant by its key: --target {keys[0]}",
            )
        found |= set(keys)
    return found


def _refuse_unknown(target: str, called: Called, entries: Sequence[CatalogEntry]) -> NoReturn:
    similar = called.similar(target)
    raise UnknownNameError(
        f"there is no resource {target!r} in this scope",
        why=f"known are: {_some(sorted(entry.key for entry in entries))}",
        hint=(f"did you mean {' or '.join(similar)}? " if similar else "")
        + "List them with `drstate discover`; name one by key, name or ARN",
    )


def _shard(entry: CatalogEntry) -> tuple[str, str]:
    return entry.resource.account, effective_group(entry)


def _skip(entry: CatalogEntry, request: PlanRequest) -> Skip:
    wave = effective_wave(entry)
    if request.waves and wave not in request.waves:
        return Skip(
            resource=entry.key,
            reason=f"it is in wave {wave}, which was not chosen",
            mend=f"add --wave {wave}, or leave --wave out",
        )
    return Skip(
        resource=entry.key,
        reason="it shares no stack with a target",
        mend=f"add --target {entry.key}, or leave --target out",
    )


def _some(keys: Sequence[str]) -> str:
    more = len(keys) - _SHOWN
    return ", ".join(keys[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
