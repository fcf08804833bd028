"""Which network an identifier is in, found out from what is named together.

A spec says which subnets and groups its resource uses, and rarely their VPC. What one resource
uses is in one VPC, so identifiers that are named together are one network; what is left over is in
the account's first one. Ranges and zones are in no spec but DRS's, and are made up: the same at
every start, without overlaps, and two subnets of one resource in two zones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Network
from typing import Any

from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.scope import Scope, SiteMapTable

from .launches import launched

_NETWORKED = re.compile(r"^(vpc|subnet|sg)-[0-9a-f]+$")
#: groups of subnets, which are in the network of those who name them
SUBNET_GROUPS = (
    SiteMapTable.DB_SUBNET_GROUPS,
    SiteMapTable.CACHE_SUBNET_GROUPS,
    SiteMapTable.MEMORYDB_SUBNET_GROUPS,
)
#: letters of zones, in the order in which they are given
ZONES = "abc"
_NETWORK_TABLES = (SiteMapTable.VPCS, SiteMapTable.SUBNETS, SiteMapTable.SECURITY_GROUPS)


def texts(value: Any) -> Iterator[str]:
    """Every text in plain data, keys of tables too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def made_up(kind: str, *names: str) -> str:
    """An identifier of this kind that is the same at every start: ``vpc-0123456789abcdef0``."""
    return f"{kind}-{sha256('|'.join(names).encode()).hexdigest()[:17]}"


@dataclass
class Network:
    """A VPC of one account and region. ``members`` are all identifiers that are in it."""

    vpc: str
    range: IPv4Network
    members: set[str] = field(default_factory=set)
    #: subnet -> letter of its zone
    zones: dict[str, str] = field(default_factory=dict)
    #: subnet -> its range, where that is known
    ranges: dict[str, IPv4Network] = field(default_factory=dict)

    @property
    def subnets(self) -> list[str]:
        """Its subnets, by name."""
        return sorted(one for one in self.members if one.startswith("subnet-"))


class Ground:
    """The networks of a scope's accounts at both sites."""

    def __init__(self, scope: Scope, catalog: Catalog, serving: str) -> None:
        self._scope = scope
        self.serving = serving
        self.other = scope.regions.other(serving)
        self._networks: dict[tuple[str, str], list[Network]] = {}
        self._number = 0
        entries = defaultdict(list)
        for entry in catalog.entries:
            entries[entry.resource.account].append(entry)
        claimed = {text for entry in catalog.entries for text in texts(entry.spec)}
        mapped = scope.site_map.get(self.other, {}).get(SiteMapTable.VPCS, {})
        self._unclaimed = sorted(set(mapped) - claimed)
        for account in scope.accounts:
            self._survey(account.id, entries[account.id])

    def network(self, account: str, region: str, identifier: str = "") -> Network:
        """The network that it is in; the account's first one, from now on, where nobody says."""
        found = self._networks.get((account, region))
        if found is None:
            found = self._networks[account, region] = [self._made_up(account, region)]
        known = next(
            (one for one in found if identifier == one.vpc or identifier in one.members), None
        )
        if known is None:
            known = found[0]
            if identifier.startswith("subnet-"):
                known.members.add(identifier)
                _fill(known, account, region)
        return known

    def _survey(self, account: str, entries: list[CatalogEntry]) -> None:
        groups = {
            name
            for table in SUBNET_GROUPS
            for tables in self._scope.site_map.values()
            for pair in tables.get(table, {}).items()
            for name in pair
        }
        named = [
            [text for text in texts(entry.spec) if _NETWORKED.match(text) or text in groups]
            for entry in entries
        ]
        parts = _together(named)
        whole = [part for part in parts if any(one.startswith("vpc-") for one in part)]
        loose = [part for part in parts if part not in whole]
        if not whole:
            vpc = next(iter(self._unclaimed), made_up("vpc", account, self.serving))
            whole = [{vpc, *next((part for part in loose if _told(part, entries)), ())}]
        here: list[Network] = []
        for part in whole:
            vpc = min(one for one in part if one.startswith("vpc-"))
            here.append(Network(vpc, self._range(part, entries), {*part}))
        for part in loose:
            told = _told(part, entries).values()
            home = next((one for one in here if all(it.subnet_of(one.range) for it in told)), None)
            if home is None:
                vpc = made_up("vpc", account, self.serving, min(part))
                home = Network(vpc, self._range(part, entries))
                here.append(home)
            home.members |= part
        for network in here:
            network.zones = _zones(network.members, named)
            network.ranges = _told(network.members, entries)
            _fill(network, account, self.serving)
        self._networks[account, self.serving] = here
        self._networks[account, self.other] = [
            self._counterpart(account, one, entries) for one in here
        ]

    def _range(self, members: Iterable[str], entries: list[CatalogEntry]) -> IPv4Network:
        known = sorted(_told(set(members), entries).values())
        if not known:
            return self._next_range()
        for text in self._scope.site_map.get(self.other, {}).get(SiteMapTable.IDENTIFIERS, {}):
            wide = _wide(text)
            if wide is not None and all(one.subnet_of(wide) for one in known):
                return wide
        return known[0].supernet(new_prefix=16) if known[0].prefixlen > 16 else known[0]

    def _counterpart(self, account: str, source: Network, entries: list[CatalogEntry]) -> Network:
        """The same network at the other site, as the site map says it."""
        tables = self._scope.site_map.get(self.other, {})
        mapped = {
            here: there
            for table in (*_NETWORK_TABLES, *SUBNET_GROUPS)
            for here, there in tables.get(table, {}).items()
        }
        vpc = mapped.get(source.vpc, made_up("vpc", account, self.other, source.vpc))
        there = _wide(tables.get(SiteMapTable.IDENTIFIERS, {}).get(str(source.range), ""))
        own, said = launched(self._scope, entries, source.members, mapped)
        if there is None and said:
            there = min(said.values()).supernet(new_prefix=16)
        made = Network(vpc, there or self._next_range(), own, ranges=dict(said))
        for member in source.members:
            if member in mapped:
                made.members.add(mapped[member])
                if member in source.zones:
                    made.zones[mapped[member]] = source.zones[member]
                if member in source.ranges and made.range.prefixlen <= source.range.prefixlen:
                    # as large, and in the same place: what is copied keeps the ends of addresses
                    moved = _moved(source.ranges[member], source.range, made.range)
                    if not any(moved.overlaps(one) for one in made.ranges.values()):
                        made.ranges[mapped[member]] = moved
        _fill(made, account, self.other)
        return made

    def _made_up(self, account: str, region: str) -> Network:
        made = Network(made_up("vpc", account, region), self._next_range())
        _fill(made, account, region)
        return made

    def _next_range(self) -> IPv4Network:
        self._number += 1
        return IPv4Network(f"10.{self._number % 256}.0.0/16")


def _together(named: list[list[str]]) -> list[set[str]]:
    """Sets of identifiers that are named together, in the order in which they first are."""
    parts: list[set[str]] = []
    for names in named:
        if not names:
            continue
        touching = [part for part in parts if not part.isdisjoint(names)]
        joined = set(names).union(*touching)
        first = parts.index(touching[0]) if touching else len(parts)
        parts = [part for part in parts if part not in touching]
        parts.insert(min(first, len(parts)), joined)
    return parts


def _zones(members: set[str], named: list[list[str]]) -> dict[str, str]:
    """A letter for each subnet; those of one resource differ as long as there are letters."""
    zones: dict[str, str] = {}
    # who names several has more to say about them than who names one
    for names in sorted(named, key=len, reverse=True):
        subnets = [one for one in dict.fromkeys(names) if one in members and "subnet" in one[:6]]
        for subnet in subnets:
            if subnet not in zones:
                taken = {zones[one] for one in subnets if one in zones}
                zones[subnet] = _letter(zones, taken)
    return zones


def _letter(zones: dict[str, str], taken: set[str]) -> str:
    """One that is not taken, and of those the one with the fewest subnets so far."""
    used = list(zones.values())
    return min(ZONES, key=lambda one: (one in taken, used.count(one), one))


def _told(members: set[str], entries: list[CatalogEntry]) -> dict[str, IPv4Network]:
    """Ranges of subnets that specs know."""
    found = {}
    for entry in entries:
        subnet, text = entry.spec.get("subnet"), entry.spec.get("subnet_cidr")
        known = _wide(text) if isinstance(text, str) else None
        if subnet in members and known is not None:
            found[str(subnet)] = known
    return found


def _fill(network: Network, account: str, region: str) -> None:
    """Zones and ranges for all subnets, and where there is room a subnet in a second zone."""
    for subnet in network.subnets:
        if subnet not in network.zones:
            network.zones[subnet] = _letter(network.zones, set())
        if subnet not in network.ranges:
            found = _room(network)
            if found is None:
                raise ValueError(
                    f"{network.vpc} in {account}, {region}: its range {network.range} has no room "
                    f"for the subnet {subnet}"
                )
            network.ranges[subnet] = found
    for letter in ZONES[:2]:
        found = _room(network)
        if letter not in network.zones.values() and found is not None:
            subnet = made_up("subnet", account, region, network.vpc, letter)
            network.members.add(subnet)
            network.zones[subnet] = letter
            network.ranges[subnet] = found


def _room(network: Network) -> IPv4Network | None:
    """A range of the network that no subnet has: a /24, or what is left."""
    taken = list(network.ranges.values())
    for prefix in (24, 26, 28):
        if prefix > network.range.prefixlen:
            for one in network.range.subnets(new_prefix=prefix):
                if not any(one.overlaps(other) for other in taken):
                    return one
    return None


def _moved(subnet: IPv4Network, source: IPv4Network, target: IPv4Network) -> IPv4Network:
    """The subnet at the same distance from the beginning of a range that is as large."""
    distance = int(subnet.network_address) - int(source.network_address)
    return IPv4Network((int(target.network_address) + distance, subnet.prefixlen))


def _wide(text: str) -> IPv4Network | None:
    try:
        found = IPv4Network(text)
    except ValueError:
        return None
    return found if 16 <= found.prefixlen <= 28 else None
