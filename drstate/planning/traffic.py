"""What sends clients to a site: it comes last in its wave, once everything else there is healthy.

A wave of ACTIVATE that holds both is made into two stages. The second begins only where the first
was found well, or a person decided to go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from drstate.model.catalog import CatalogEntry
from drstate.model.phases import Phase
from drstate.model.resource import Technology

#: technologies whose activation turns clients to the site, and does nothing else
TRAFFIC = frozenset({Technology.ROUTE53, Technology.EKS_DNS})
#: end of the id of a stage that turns clients
SUFFIX = "-traffic"


def turns_traffic(entry: CatalogEntry) -> bool:
    """Whether the resource is there for clients to be sent by."""
    return entry.resource.technology in TRAFFIC


def parted(
    phase: Phase, entries: Iterable[CatalogEntry], dependencies: Mapping[str, Collection[str]]
) -> list[tuple[str, tuple[CatalogEntry, ...]]]:
    """The entries of one wave as stages: (end of the stage's id, its entries).

    ``dependencies``: key -> keys it depends on. A name that something else of the wave depends on
    stays with it.
    """
    listed = tuple(entries)
    others = [entry.key for entry in listed if not turns_traffic(entry)]
    needed = {key for other in others for key in dependencies.get(other, ())}
    last = tuple(entry for entry in listed if turns_traffic(entry) and entry.key not in needed)
    if phase is not Phase.ACTIVATE or not others or not last:
        return [("", listed)]
    held = {entry.key for entry in last}
    return [("", tuple(entry for entry in listed if entry.key not in held)), (SUFFIX, last)]
