"""What is rebuilt, and what the pieces ask of it: the ground that captured resources stand on.

A piece builds its resource, and asks here for everything that the resource refers to: each thing
is made once, when it is first asked for, under the identifier that it has in its account. What no
spec says of such a thing (a network's range, the rules of a group that is not protected) is made
up, the same at every start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from moto.ec2 import models as ec2
from moto.ec2.models import security_groups, subnets, vpcs

from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.scope import Scope, SiteMapTable
from drstate.programs.security_group import SecurityGroupSpec
from drstate.sandbox.aws.ids import SeededIds

from .forcing import forced
from .ground import Ground, Network, texts
from .problems import cannot


@dataclass(frozen=True)
class Captured:
    """A scope with its catalog, being built. ``serving`` is the region that specs describe."""

    ids: SeededIds
    scope: Scope
    catalog: Catalog
    serving: str
    ground: Ground
    #: (table or kind, account, region, identifier) of what was asked for already
    made: set[tuple[str, str, str, str]] = field(default_factory=set)

    @property
    def other(self) -> str:
        """The region that recovers."""
        return self.scope.regions.other(self.serving)

    def first(self, kind: str, account: str, region: str, identifier: str) -> bool:
        """Whether it is asked for the first time; draws of what is then built are its own."""
        asked = (kind, account, region, identifier)
        if asked in self.made:
            return False
        self.made.add(asked)
        self.ids.named(account, region, kind, identifier)
        return True

    def tags(self, entry: CatalogEntry) -> dict[str, str]:
        """The resource's tags as discovery found them."""
        return dict(entry.resource.raw_tags)

    def own_tags(self) -> dict[str, str]:
        """Tags of what the scope has and does not protect."""
        return {"Customer": self.scope.customer, "Environment": str(self.scope.environment)}

    def entries(self, technology: str) -> Iterator[CatalogEntry]:
        """Everything protected of a technology."""
        return (one for one in self.catalog.entries if one.resource.technology == technology)

    def naming(self, identifier: str, *, part: bool = False) -> list[CatalogEntry]:
        """Entries whose specs name it; ``part``: also inside of a longer text."""
        if part:
            return [entry for entry, said in self._said if identifier in said]
        return self._named.get(identifier, [])

    @cached_property
    def _named(self) -> dict[str, list[CatalogEntry]]:
        """Text -> the entries whose specs have it."""
        found: dict[str, list[CatalogEntry]] = {}
        for entry in self.catalog.entries:
            for text in dict.fromkeys(texts(entry.spec)):
                found.setdefault(text, []).append(entry)
        return found

    @cached_property
    def _said(self) -> list[tuple[CatalogEntry, str]]:
        """Every entry with all that its spec says."""
        return [(entry, "\n".join(texts(entry.spec))) for entry in self.catalog.entries]

    @cached_property
    def _groups(self) -> dict[tuple[str, str], SecurityGroupSpec]:
        """Account and id -> a protected security group."""
        return {
            (entry.resource.account, str(entry.spec["group_id"])): SecurityGroupSpec.model_validate(
                entry.spec
            )
            for entry in self.entries("security-group")
        }

    def here(self, table: SiteMapTable, identifier: str) -> str:
        """The serving site's name of something of the other site; itself where none is said."""
        pairs = self.scope.site_map.get(self.other, {}).get(table, {})
        return next((here for here, there in pairs.items() if there == identifier), identifier)

    def there(self, table: SiteMapTable, identifier: str) -> str:
        """The other site's name of something that serves; itself where none is said."""
        return self.scope.site_map.get(self.other, {}).get(table, {}).get(identifier, identifier)

    def have(self, table: SiteMapTable, identifier: str, account: str, region: str) -> None:
        """Make what a site map's table would call so, unless it is there.

        Raises ConfigError where nothing of that name can be made.
        """
        from .things import MAKERS  # noqa: PLC0415 - they need this module's class

        if self.first(str(table), account, region, identifier):
            MAKERS[table](self, account, region, identifier)

    def network(self, account: str, region: str, identifier: str = "") -> Network:
        """The network that an identifier is in, made; the account's first one without one."""
        network = self.ground.network(account, region, identifier)
        # a backend that is asked for the first time makes a default network of its own
        self.first("defaults", account, region, "")
        backend = ec2.ec2_backends[account][region]
        if self.first("vpc", account, region, network.vpc):
            with forced(vpcs, "random_vpc_id", network.vpc):
                backend.create_vpc(str(network.range))
            backend.create_tags([network.vpc], self.own_tags())
        return network

    def vpc(self, account: str, region: str, vpc_id: str = "") -> str:
        """This VPC, made on first use; the account's first one where none is named."""
        return self.network(account, region, vpc_id).vpc

    def subnet(self, account: str, region: str, subnet_id: str) -> None:
        """The subnet with this id."""
        network = self.network(account, region, subnet_id)
        if not self.first("subnet", account, region, subnet_id):
            return
        with forced(subnets, "random_subnet_id", subnet_id):
            ec2.ec2_backends[account][region].create_subnet(
                network.vpc,
                str(network.ranges[subnet_id]),
                availability_zone=f"{region}{network.zones[subnet_id]}",
                tags={"subnet": self.own_tags()},
            )

    def subnets_of(self, account: str, region: str, identifier: str = "") -> list[str]:
        """Ids of all subnets of the network that something is in, made."""
        found = self.network(account, region, identifier).subnets
        for subnet in found:
            self.subnet(account, region, subnet)
        return found

    def security_group(
        self, account: str, region: str, group_id: str, name: str | None = None
    ) -> None:
        """The group with this id; one that is protected as its spec says, without its rules."""
        spec = self._groups.get((account, group_id)) if region == self.serving else None
        network = self.network(account, region, spec.vpc if spec else group_id)
        if not self.first("security-group", account, region, group_id):
            return
        backend = ec2.ec2_backends[account][region]
        called = spec.name if spec else name or f"captured-{group_id}"
        said = (spec.description if spec else "") or "rebuilt from a catalog"
        if called == "default":
            raise cannot(f"security group {group_id}", "name", "it is its VPC's own default group")
        with forced(security_groups, "random_security_group_id", group_id):
            backend.create_security_group(called, said, network.vpc, tags=self.own_tags())

    def kms_key(self, arn: str) -> None:
        """The key with this ARN."""
        parts = arn.split(":", 5)
        if len(parts) != 6 or not parts[5].startswith("key/"):
            raise cannot("a KMS key", arn, "only a key's own ARN says which one it is")
        self.have(SiteMapTable.KMS_KEYS, arn, parts[4], parts[3])

    def role(self, arn: str) -> None:
        """The role with this ARN, which every AWS service may assume."""
        self.have(SiteMapTable.ROLES, arn, arn.split(":", 5)[4], self.serving)
