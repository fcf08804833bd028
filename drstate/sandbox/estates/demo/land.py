"""What the pieces of initech/production stand on: accounts, networks, keys, tags.

Initech has one resource of every technology, each from a piece of its own (``pieces/``). A piece
builds what serves in the east and the landing zone that it needs in the west, and says how the
scope file translates the one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.kms.models import kms_backends

from drstate.sandbox.aws.ids import SeededIds

from . import names
from .data import dr_tags
from .names import PRIMARY, RECOVERY, DemoScope
from .network import Network, build_network

SCOPE = DemoScope(names.INITECH, "production")


@dataclass(frozen=True)
class Piece:
    """What one technology has in the demo.

    ``facts`` are its identifiers, ``site_map`` goes into the scope file (table -> identifier in the
    east -> identifier in the west), ``scope`` are further top-level entries of the file, lists of
    several pieces are joined.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    site_map: dict[str, dict[str, str]] = field(default_factory=dict)
    scope: dict[str, Any] = field(default_factory=dict)


class Land:
    """The ground of one scope; networks and keys are built when a piece first asks for them."""

    scope = SCOPE
    data = names.INITECH.data
    app = names.INITECH.app
    dns = names.DNS
    primary = PRIMARY
    recovery = RECOVERY

    def __init__(self, ids: SeededIds) -> None:
        self._ids = ids
        self._networks: dict[tuple[str, str], Network] = {}
        self._keys: dict[tuple[str, str], str] = {}

    def tags(
        self,
        wave: int,
        priority: str | None = None,
        *,
        dependencies: str | None = None,
        strategy: str | None = None,
    ) -> dict[str, str]:
        """The owner's tags and those that ask for protection."""
        made = {**self.scope.tags(), **dr_tags(str(wave), priority, dependencies)}
        if strategy is not None:
            made["dr:recovery-strategy"] = strategy
        return made

    def network(self, account: str, region: str) -> Network:
        """A VPC with two subnets and a security group, one per account and region."""
        where = (account, region)
        if where not in self._networks:
            data = account == self.data
            group = f"{self.scope.prefix}-{'data' if data else 'app'}{self.suffix(region)}"
            self._networks[where] = build_network(
                self._ids, self.scope, account, region, group, data=data
            )
        return self._networks[where]

    def kms(self, account: str, region: str) -> str:
        """ARN of a key for data at rest, one per account and region."""
        where = (account, region)
        if where not in self._keys:
            self._ids.named(account, region, self.scope.prefix, "kms")
            key = kms_backends[account][region].create_key(
                policy=None,
                key_usage="ENCRYPT_DECRYPT",
                key_spec="SYMMETRIC_DEFAULT",
                description=f"{self.scope.prefix} data",
                tags=[
                    {"TagKey": name, "TagValue": value} for name, value in self.scope.tags().items()
                ],
            )
            self._keys[where] = str(key.arn)
        return self._keys[where]

    def suffix(self, region: str) -> str:
        """What names in a region end in, where the landing zone's names differ."""
        return "" if region == self.primary else "-dr"

    def site_map(self) -> dict[str, dict[str, str]]:
        """Translations of the networks and keys that were asked for in both regions."""
        made: dict[str, dict[str, str]] = {}

        def put(table: str, source: str, target: str) -> None:
            made.setdefault(table, {})[source] = target

        for (account, region), east in self._networks.items():
            west = self._networks.get((account, self.recovery))
            if region == self.primary and west is not None:
                put("vpcs", east.vpc, west.vpc)
                put("security_groups", east.security_group, west.security_group)
                for source, target in zip(east.subnets, west.subnets, strict=True):
                    put("subnets", source, target)
        for (account, region), key in self._keys.items():
            other = self._keys.get((account, self.recovery))
            if region == self.primary and other is not None:
                put("kms_keys", key, other)
        return made
