"""What every declaration gets: the shard, its providers, names, tags and options.

Providers are explicit per account and region, and carry nothing that changes from run to run: no
execution id, no operator, or every run would be a change. Those are in the adapters' sessions.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.shard import ShardInput
from drstate.programs.endpoints import endpoint_arguments
from drstate.programs.lazy import aws, pulumi
from drstate.programs.owners import Owners, ignored
from drstate.programs.translator import Translator

P = TypeVar("P", bound=Value)

#: session name of every stack update, constant by design
SESSION_NAME = "drstate"


@dataclass(frozen=True)
class DeclaredOutputs:
    """What a stack exports of one resource."""

    #: endpoint name -> host name
    endpoints: dict[str, Any] = field(default_factory=dict)
    #: what it is -> id or ARN
    resources: dict[str, Any] = field(default_factory=dict)


class Declaration:
    """One run of a program."""

    def __init__(self, shard: ShardInput) -> None:
        self.shard = shard
        self._providers: dict[str, aws.Provider] = {}

    def provider(self, region: str | None = None) -> aws.Provider:
        """The provider of the shard's account in a region (the shard's own by default)."""
        name = region or self.shard.provider_region
        if name not in self._providers:
            self._providers[name] = self._open(name)
        return self._providers[name]

    def translator(self, entry: CatalogEntry, source: str) -> Translator:
        """Translations from the region ``source`` to this shard's."""
        return Translator(entry.key, source, self.shard)

    def policy(self, entry: CatalogEntry, model: type[P]) -> P:
        """What the scope file says under ``policies`` of the entry's technology."""
        return self.shard.policies.of(entry.resource.technology, model)

    def options(
        self,
        owners: Owners,
        token: str,
        *,
        region: str | None = None,
        protect: bool = False,
        depends_on: list[pulumi.Resource] | None = None,
    ) -> pulumi.ResourceOptions:
        """Resource options: provider, protection, ``ignore_changes`` from the ownership table."""
        return pulumi.ResourceOptions(
            provider=self.provider(region),
            protect=protect,
            depends_on=depends_on,
            ignore_changes=ignored(owners, token) or None,
        )

    def _open(self, region: str) -> aws.Provider:
        account = self.shard.account
        return aws.Provider(
            f"aws-{region}",
            region=region,
            sts_region=region,
            allowed_account_ids=[account.id],
            # a typed Args: a plain dict is serialised under other names
            assume_roles=[
                aws.ProviderAssumeRoleArgs(
                    role_arn=account.role_arn,
                    # encrypted in the state: whoever reads a state file must not learn it
                    external_id=pulumi.Output.secret(account.external_id),
                    session_name=SESSION_NAME,
                )
            ],
            **endpoint_arguments(os.environ),
        )


def tags_of(entry: CatalogEntry) -> dict[str, str]:
    """Tags of a recovery copy.

    The owner's tags are kept, so that bills and access rules by tag hold at both sites. The ``dr:``
    tags are not: with ``dr:enabled`` a copy would be discovered and protected a second time. What
    the copy is and stands for is said by ``drstate:managed`` and ``drstate:source``.
    """
    kept = {
        name: value
        for name, value in entry.resource.raw_tags.items()
        if not name.startswith(("dr:", "aws:", "drstate:"))
    }
    return {
        **kept,
        "Customer": entry.resource.tags.customer,
        "Environment": entry.resource.tags.environment,
        "drstate:managed": "true",
        # a DNS record has no ARN; spaces are legal in tag values
        "drstate:source": entry.resource.arn[:256],
    }


def name_of(entry: CatalogEntry, *parts: str) -> str:
    """Name of a declared resource: the entry's key, and parts where the entry has several.

    Every name begins with its entry's key (then ``/`` or nothing), so that a URN tells whose it is.
    """
    return "/".join([entry.key, *parts])
