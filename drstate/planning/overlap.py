"""Which waves a wave waits for, where the scope lets waves overlap. Pure.

A stage waits for the stages that hold something its resources depend on: by ``dr:dependencies``,
through others as well, and by host names in their captured configurations, since what answers there
has to be recorded first. What moves traffic or runs a hook without saying what it depends on waits
for everything before it: it is there because of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.plan import Stage
from drstate.model.resource import Technology
from drstate.planning.bindings import Endpoints

#: what sends clients to a site, and hooks: without dependencies of their own, they are the last
AFTER_ALL = frozenset(
    {
        Technology.ROUTE53,
        Technology.EKS_DNS,
        Technology.EVENTBRIDGE,
        Technology.SSM,
        Technology.LAMBDA_HOOK,
        "http-hook",
        "command-hook",
    }
)


def overlapping(
    stages: Sequence[Stage], catalog: Catalog, dependencies: Mapping[str, Sequence[str]]
) -> list[Stage]:
    """The stages of one phase, each with the earlier ones that it waits for."""
    entries = {entry.key: entry for entry in catalog.entries}
    endpoints = Endpoints(catalog)
    home: dict[str, str] = {}
    for stage in stages:
        if stage.wave:
            home |= {key: stage.id for shard in stage.shards for key in shard.resources}
    known: dict[str, tuple[str, ...]] = {}

    def direct(key: str) -> tuple[str, ...]:
        if key not in known:
            bound = endpoints.bindings([entries[key]], stages[0].region) if stages else ()
            known[key] = (*dependencies.get(key, ()), *(one.key for one in bound))
        return known[key]

    found: list[Stage] = []
    for stage in stages:
        before = [row.id for row in found]
        keys = [key for shard in stage.shards for key in shard.resources]
        if not stage.wave or any(_last(entries[key], dependencies) for key in keys):
            needs = before
        else:
            wanted = {home[one] for one in _reached(keys, direct) if one in home}
            spanning = {row.id for row in found if not row.wave}
            needs = [one for one in before if one in wanted | spanning]
        found.append(stage.model_copy(update={"needs": tuple(needs)}))
    return found


def _last(entry: CatalogEntry, dependencies: Mapping[str, Sequence[str]]) -> bool:
    return entry.resource.technology in AFTER_ALL and not dependencies.get(entry.key)


def _reached(keys: Iterable[str], direct: Callable[[str], Iterable[str]]) -> set[str]:
    """Everything that these depend on, through others as well."""
    seen: set[str] = set()
    waiting = list(keys)
    while waiting:
        for one in direct(waiting.pop()):
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return seen
