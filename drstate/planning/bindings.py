"""Endpoints of other resources that a shard's resources refer to, as found in their specs.

A captured configuration names other resources by the host names of the site where it was captured.
Each such name is one binding: the text as captured, and what answers in its place at the shard's
region as far as it is recorded. Linear in the size of the specs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry
from drstate.model.plan import ShardPlan
from drstate.model.shard import Binding

#: what host names are made of; every run of it in a text is looked up
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Endpoints:
    """Every endpoint of a catalog, to be asked for many shards."""

    def __init__(self, catalog: Catalog) -> None:
        #: host -> (key, endpoint name)
        self._hosts: dict[str, tuple[str, str]] = {}
        #: (key, region) -> endpoint name -> host
        self._at: dict[tuple[str, str], dict[str, str]] = {}
        for entry in sorted(catalog.entries, key=lambda one: one.key):
            for region, endpoints in _known(entry).items():
                self._at[entry.key, region] = endpoints
                for name, host in sorted(endpoints.items()):
                    self._hosts.setdefault(host, (entry.key, name))

    def bindings(self, entries: Iterable[CatalogEntry], region: str) -> tuple[Binding, ...]:
        """What these entries refer to, seen from ``region``, sorted by the text."""
        found: dict[str, Binding] = {}
        for entry in entries:
            for text in _texts(entry.spec):
                # the whole text too: an ARN is an endpoint of what registers in a target group
                for word in (text, *_HOST.findall(text)):
                    host = word.rstrip("._-")  # a name's final dot, the end of a sentence
                    if host not in found and host in self._hosts:
                        key, name = self._hosts[host]
                        if key != entry.key:
                            target = self._at.get((key, region), {}).get(name)
                            found[host] = Binding(key=key, name=name, source=host, target=target)
        return tuple(found[host] for host in sorted(found))


def bindings_for(shard: ShardPlan, catalog: Catalog) -> tuple[Binding, ...]:
    """The bindings of one shard, resolved from what ``catalog`` has recorded."""
    if shard.id.region == GLOBAL:
        return ()
    entries = {entry.key: entry for entry in catalog.entries}
    return Endpoints(catalog).bindings((entries[key] for key in shard.resources), shard.id.region)


def _known(entry: CatalogEntry) -> dict[str, dict[str, str]]:
    known = {region: dict(names) for region, names in entry.endpoints.items()}
    captured = entry.spec.get("endpoints")
    region = entry.spec.get("region")
    if isinstance(region, str) and isinstance(captured, dict):
        known[region] = {**{str(k): str(v) for k, v in captured.items()}, **known.get(region, {})}
    return known


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
