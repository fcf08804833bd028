"""``dr:dependencies`` understood: who waits for whom, in which order, and where that cannot be.

How a dependency may be written: ``model.called``. Waves run one after another and shards of a
wave side by side, so a dependency holds if it lies in an earlier wave, and orders the admission
inside one shard. Everything is linear in resources and dependencies.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drstate.errors import PlanRefusedError
from drstate.model.called import Called
from drstate.model.catalog import CatalogEntry
from drstate.planning.waves import effective_group, effective_wave


@dataclass(frozen=True)
class Dependencies:
    """key -> keys that it depends on, and what could not be understood."""

    of: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...] = ()


def resolve(entries: Sequence[CatalogEntry]) -> Dependencies:
    """Understand every entry's dependencies. Raises PlanRefusedError for a cycle."""
    known = Called(entry.resource for entry in entries)
    of: dict[str, tuple[str, ...]] = {}
    warnings: list[str] = []
    for entry in entries:
        found: list[str] = []
        for written in entry.resource.tags.dependencies:
            keys = known.keys(written)
            if len(keys) == 1:
                found.append(keys[0])
            elif keys:
                warnings.append(
                    f"{entry.key}: dependency {written!r} fits {', '.join(keys)}; it is ignored "
                    "until dr:dependencies names one key"
                )
            else:
                warnings.append(
                    f"{entry.key}: dependency {written!r} is not a protected resource of this "
                    "scope; it is ignored (protect it, or correct dr:dependencies)"
                )
        of[entry.key] = tuple(dict.fromkeys(found))
    _refuse_cycle(of)
    return Dependencies(of, tuple(warnings))


def check_waves(entries: Sequence[CatalogEntry], dependencies: Dependencies) -> list[str]:
    """Warnings about dependencies that side-by-side shards cannot keep.

    Raises PlanRefusedError naming every dependency on a later wave, with its mend.
    """
    by_key = {entry.key: entry for entry in entries}
    refused: list[str] = []
    warnings: list[str] = []
    for entry in entries:
        wave = effective_wave(entry)
        for key in dependencies.of[entry.key]:
            other = by_key[key]
            other_wave = effective_wave(other)
            if other_wave > wave:
                refused.append(
                    f"{entry.key} (wave {wave}) depends on {key} (wave {other_wave}): set dr:wave "
                    f"of {entry.key} to {other_wave} or more, or of {key} to {wave} or less"
                )
            elif other_wave == wave and _shard(entry) != _shard(other):
                warnings.append(
                    f"{entry.key} depends on {key}, which runs at the same time in another "
                    f"account: put {key} in a wave before {wave} if it has to be healthy first"
                )
    if refused:
        raise PlanRefusedError(
            f"{_count(refused)} on a later wave",
            why="\n".join(refused),
            hint="correct dr:wave or dr:dependencies, then `drstate discover --refresh`",
        )
    return warnings


def admission_order(
    entries: Iterable[CatalogEntry], dependencies: Mapping[str, tuple[str, ...]]
) -> list[CatalogEntry]:
    """Dependencies first, then by priority, then by key."""
    by_key = {entry.key: entry for entry in entries}
    waiting: dict[str, int] = {}
    followers: dict[str, list[str]] = defaultdict(list)
    for key in by_key:
        inside = [other for other in dependencies.get(key, ()) if other in by_key]
        waiting[key] = len(inside)
        for other in inside:
            followers[other].append(key)
    ready = [_rank(by_key[key]) for key, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[CatalogEntry] = []
    while ready:
        _, key = heapq.heappop(ready)
        ordered.append(by_key[key])
        for follower in followers[key]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, _rank(by_key[follower]))
    return ordered


def _rank(entry: CatalogEntry) -> tuple[int, str]:
    return entry.resource.tags.priority.rank, entry.key


def _shard(entry: CatalogEntry) -> tuple[str, str]:
    return entry.resource.account, effective_group(entry)


def _refuse_cycle(of: Mapping[str, tuple[str, ...]]) -> None:
    done: set[str] = set()
    for start in sorted(of):
        path: dict[str, int] = {}
        stack = [(start, iter(of[start]))] if start not in done else []
        if stack:
            path[start] = 0
        while stack:
            key, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                del path[key]
                done.add(key)
            elif following in path:
                _refuse([*list(path)[path[following] :], following])
            elif following not in done:
                path[following] = len(path)
                stack.append((following, iter(of[following])))


def _refuse(cycle: Sequence[str]) -> None:
    first = min(range(len(cycle) - 1), key=lambda index: cycle[index])
    turned = [*cycle[first:-1], *cycle[:first], cycle[first]]
    raise PlanRefusedError(
        "dr:dependencies go in a circle",
        why=" -> ".join(turned),
        hint=f"take one of them out, say {turned[1]} from dr:dependencies of {turned[0]}, then "
        "`drstate discover --refresh`",
    )


def _count(rows: Sequence[str]) -> str:
    return f"{len(rows)} dependenc{'y is' if len(rows) == 1 else 'ies are'}"
