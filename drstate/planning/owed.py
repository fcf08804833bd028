"""What an earlier CLEANUP could not clean up: planned alone where CLEANUP is asked for again. Pure.

It blocks nothing, so that it would be forgotten if no plan spoke of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.phases import Phase, SiteState
from drstate.model.words import counted
from drstate.planning.waves import effective_group


def only_owed(phase: Phase, catalog: Catalog, chosen: Collection[str]) -> frozenset[str]:
    """What of the chosen resources the phase handles.

    CLEANUP of a site that is retired handles the shards that still owe something, and no other; all
    that is chosen where none of them does.
    """
    chosen = frozenset(chosen)
    owing = _owing(phase, catalog, chosen)
    if not owing:
        return chosen
    shards = {_shard(entry) for entry in catalog.entries if entry.key in owing}
    return frozenset(e.key for e in catalog.entries if e.key in chosen and _shard(e) in shards)


def told(phase: Phase, catalog: Catalog, chosen: Collection[str]) -> Iterator[str]:
    """What a plan says of it."""
    handled = only_owed(phase, catalog, chosen)
    owing = _owing(phase, catalog, frozenset(chosen))
    if owing:
        left = len({*chosen} - handled)
        rest = f"; {counted(left, 'resource')} cleaned up before, left as is" if left else ""
        yield f"CLEANUP of {catalog.target(phase)} is owed for {', '.join(sorted(owing))}{rest}"
        return
    for region, keys in sorted(catalog.uncleaned.items()):
        superseded = phase is Phase.REPLICATE and region == catalog.target(phase)
        if not superseded:
            scope = catalog.scope
            yield (
                f"CLEANUP of {region} is owed for {', '.join(keys)}: drstate up --phase cleanup "
                f"-c {scope.customer} -e {scope.environment}"
            )


def _owing(phase: Phase, catalog: Catalog, chosen: frozenset[str]) -> frozenset[str]:
    if phase is not Phase.CLEANUP:
        return frozenset()
    region = catalog.target(phase)
    if catalog.sites[region] is not SiteState.RETIRED:
        return frozenset()
    return frozenset(catalog.uncleaned.get(region, ())) & chosen


def _shard(entry: CatalogEntry) -> tuple[str, str]:
    return entry.resource.account, effective_group(entry)
