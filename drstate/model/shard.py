"""A shard: the part of a wave in one account and region, and the one value that a program gets."""

from __future__ import annotations

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ProtectionGroup
from drstate.model.phases import SiteState
from drstate.model.scope import Account, Policies, RegionPair, ScopeKey, SiteMap


class Binding(Value):
    """An endpoint of another resource that this shard's resources refer to.

    ``source`` is the text as captured at the source site, ``target`` what stands in its place here.
    ``target`` is None while the other shard has not made it yet (only in a preview).
    """

    key: str
    name: str
    source: str
    target: str | None


class ShardId(Value):
    """Where a shard lives. ``region`` is a region or ``global``; ``group`` is the wave's group."""

    scope: ScopeKey
    region: str
    account: str
    group: str

    def __str__(self) -> str:
        return f"{self.region}.{self.account}.{self.group}"


class Network(Value):
    """A VPC in which copies of a drill stand."""

    vpc: str
    #: its address ranges, IPv4 and IPv6, sorted
    ranges: tuple[str, ...]
    #: keys of the resources whose copies stand there
    resources: tuple[str, ...]


class ShardInput(Value):
    """Everything that a program needs, and all that it gets.

    ``resources`` are those that are declared in this shard, in a stable order. For the ``global``
    shard, ``provider_region`` is the scope's primary region (and programs may ask for a second
    provider in ``regions.recovery``).
    """

    id: ShardId
    stack: str
    site_state: SiteState
    regions: RegionPair
    provider_region: str
    account: Account
    site_map: SiteMap
    policies: Policies
    resources: tuple[CatalogEntry, ...]
    bindings: tuple[Binding, ...] = ()
    #: protection groups that any of the resources is in
    groups: tuple[ProtectionGroup, ...] = ()
    #: a drill's id: the stack is the drill's own, and declares what its copies stand in; it has no
    #: ``resources``. Empty: a live one
    drill: str = ""
    networks: tuple[Network, ...] = ()
