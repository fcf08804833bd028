"""RDS: a replica in the other region; a promotion takes its role away, so a new one is made.

Planned, clients are cut off from the instance that serves (it is renamed), the replica is promoted
once it has every write, and the renamed instance keeps its data until policy says otherwise. Oracle
changes roles instead, and needs none of this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from drstate.adapters import databases
from drstate.adapters.actions import Action, Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import DB_SUBNET_GROUPS, Confined, Unconfined
from drstate.adapters.drilling import Copy
from drstate.adapters.findings import Health, Lag
from drstate.adapters.quotas import SEE_QUOTAS, Demand, Limit
from drstate.adapters.rds import capture, drill, health, prerequisites, reading
from drstate.adapters.rds.fence import Fence
from drstate.adapters.rds.lag import replica_lag
from drstate.adapters.rds.promote import Promote, Switchover
from drstate.adapters.rds.replica import Replicate
from drstate.adapters.rds.retire import Retire
from drstate.adapters.rds.settle import Settle
from drstate.adapters.site import SiteContext
from drstate.adapters.translating import translator_at
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.context import tags_of
from drstate.programs.rds import ADDRESS, INSTANCE, RdsPolicy, RdsSpec, RdsValues, rds_values

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "nothing of an RDS instance spans both sites"
_BY_RDS = "RDS asks for it on the caller's behalf; there is no call of it"
_INSTANCES = "arn:aws:rds:*:*:db:*"


class RdsAdapter(Adapter):
    """DB instances of MySQL, MariaDB, PostgreSQL and Oracle that are in no cluster."""

    technology = "rds"
    summary = "RDS instances: a cross-region replica is promoted; a new one makes the way back"
    services = ("rds", "cloudwatch", "service-quotas")
    grants = (
        SEE_QUOTAS,
        Grant(
            "see instances, their groups and replication lag",
            (
                "rds:DescribeDBInstances",
                "rds:DescribeDBParameterGroups",
                "rds:DescribeDBSubnetGroups",
                "rds:DescribeOptionGroups",
                "cloudwatch:GetMetricStatistics",
            ),
        ),
        Grant("promote replicas", ("rds:PromoteReadReplica",), (_INSTANCES,)),
        Grant(
            "change roles where the engine can",
            ("rds:SwitchoverReadReplica",),
            (_INSTANCES,),
            uncalled="Oracle alone can",
        ),
        Grant(
            "cut clients off by a new name, and set what no stack sets",
            ("rds:ModifyDBInstance", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"),
            (_INSTANCES, "arn:aws:rds:*:*:og:*", "arn:aws:rds:*:*:pg:*"),
        ),
        Grant(
            "make a new replica for the way back",
            ("rds:CreateDBInstanceReadReplica",),
            (
                _INSTANCES,
                "arn:aws:rds:*:*:og:*",
                "arn:aws:rds:*:*:pg:*",
                "arn:aws:rds:*:*:subgrp:*",
            ),
        ),
        Grant("put the instance that served away", ("rds:StopDBInstance",), (_INSTANCES,)),
        Grant(
            "take it back, or delete it after a final snapshot",
            ("rds:StartDBInstance", "rds:DeleteDBInstance"),
            (_INSTANCES, "arn:aws:rds:*:*:snapshot:*"),
            uncalled="a rollback starts it, policies.rds.old_source: delete deletes it",
        ),
        Grant(
            "encrypt a new replica with the mapped key",
            ("kms:CreateGrant", "kms:DescribeKey"),
            ("arn:aws:kms:*:*:key/*",),
            uncalled=_BY_RDS,
        ),
        Grant(
            "hand the role of enhanced monitoring to RDS",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled=_BY_RDS,
        ),
    )
    stack_grants = (
        Grant(
            "declare the replica",
            (
                "rds:AddTagsToResource",
                "rds:CreateDBInstanceReadReplica",
                "rds:DeleteDBInstance",
                "rds:DescribeDBInstances",
                "rds:ListTagsForResource",
                "rds:ModifyDBInstance",
                "rds:RemoveTagsFromResource",
            ),
            (
                _INSTANCES,
                "arn:aws:rds:*:*:og:*",
                "arn:aws:rds:*:*:pg:*",
                "arn:aws:rds:*:*:subgrp:*",
                "arn:aws:rds:*:*:snapshot:*",
            ),
        ),
        Grant(
            "hand the role of enhanced monitoring to RDS",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled=_BY_RDS,
        ),
        Grant(
            "encrypt the replica with the mapped key",
            ("kms:CreateGrant", "kms:DescribeKey"),
            ("arn:aws:kms:*:*:key/*",),
            uncalled=_BY_RDS,
        ),
    )
    drill_grants = drill.GRANTS
    spec_type = RdsSpec
    claims = (
        Claim(
            technology="rds",
            explorer_type="rds:db",
            arn_pattern=re.compile(r"arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:db:(?P<name>.+)"),
        ),
    )
    limits = (
        databases.INSTANCES,
        Limit("read replicas per primary", 15, "rds", "L-5BC124EF", "resource"),
    )
    deviations = {
        "ends-where-it-began": "the instances that served before are kept under other names, "
        "stopped, until somebody deletes them",
    }

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the writing instance; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The resource id of the instance that carries the identifier today.

        Inputs that were read from an instance that was put away have its new name in them: asked
        for is the name that it had.
        """
        name, region = inputs.get("identifier"), str(inputs.get("region") or "")
        if kind != INSTANCE or not name or not region:
            return None
        at = At(aws, account, region)
        found = reading.instance(at, str(name))
        had = found.tags.get(reading.RETIRED_TAG) if found is not None else None
        if had is not None and had != name:
            found = reading.instance(at, had)
        return found.resource_id if found is not None else None

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The replica gets production's class and zones."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        return Work() if site.by_stack else Work((self._settle(entry, site),))

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Cut clients off at the other site, promote, and bring to production."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec = self.spec(entry)
        here, other = site.region, site.other
        settle: tuple[Action, ...] = () if site.by_stack else (self._settle(entry, site),)
        if site.force:
            return Work((Promote(entry, spec, here, other, force=True), *settle))
        if spec.oracle:
            return Work((Switchover(entry, spec, here, other), *settle))
        limit = site.policy("rds", RdsPolicy).max_lag_seconds
        return Work(
            (
                Fence(entry, spec, here, other, max_lag=limit, clock=self.clock),
                Promote(entry, spec, here, other, force=False),
                *settle,
            )
        )

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Put the instance that served away; what is declared of it stays as it is."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        return Work((self._retire(entry, site),))

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The first replica is the stack's; after a change of roles an action makes the new one."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        if site.by_stack and site.region not in entry.endpoints:
            return Work()
        values = self._values(entry, site)
        ours = site.owner is Ownership.DECLARED
        tags = dict(sorted(tags_of(entry).items())) if ours else _owners_tags(entry)
        replica = Replicate(
            entry, self.spec(entry), site.region, site.other, values=values, tags=tags
        )
        settle: tuple[Action, ...] = () if site.by_stack else (self._settle(entry, site),)
        return Work((self._retire(entry, site), replica, *settle))

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:
        """A snapshot of the replica, and an instance restored from it."""
        spec = self.spec(entry)
        return (
            drill.SnapshotOfReplica(entry, spec, site.region, site.drill),
            drill.RestoredInstance(
                entry, spec, site.region, site.drill, lambda: self._values(entry, site)
            ),
        )

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:
        """In the VPC of the restored instance's DB subnet group."""
        values = partial(self._values, entry, site)
        return Confined(lambda at: DB_SUBNET_GROUPS.vpc(at, values().subnet_group))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """It writes here, and is backed up."""
        return health.writer_health(self._at(entry, site, aws), self.spec(entry))

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Standby and warm: a replica that follows. Retired: put away."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        at, spec = self._at(entry, site, aws), self.spec(entry)
        if site.state is SiteState.RETIRED:
            return health.retired_health(at, spec, site.policy("rds", RdsPolicy))
        return health.replica_health(at, spec, site.other, self.clock.now())

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """REPLICATE: the groups. ACTIVATE: a replica that is near enough."""
        if site.region == GLOBAL:
            return ()
        at, spec = self._at(entry, site, aws), self.spec(entry)
        if phase is Phase.REPLICATE:
            return tuple(prerequisites.groups(at, spec, self._values(entry, site)))
        if phase is Phase.ACTIVATE:
            policy = site.policy("rds", RdsPolicy)
            now = self.clock.now()
            return tuple(prerequisites.promotable(at, spec, policy, now, force=site.force))
        return ()

    def used(self, limit: Limit, at: At) -> dict[str, int]:
        """DB instances of the region."""
        return databases.used(limit, at)

    def demand(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Demand, ...]:
        """One instance where the phase makes a replica; what is put away for it is kept."""
        if site.region == GLOBAL or phase not in (Phase.REPLICATE, Phase.INSTANTIATE):
            return ()
        at = self._at(entry, site, aws)
        found = reading.instance(at, self.spec(entry).identifier)
        if found is None:
            makes = phase is Phase.REPLICATE or site.by_stack
        else:
            again = not site.by_stack or site.region in entry.endpoints
            makes = phase is Phase.REPLICATE and found.writer and again
        return (Demand(databases.INSTANCES, at.account, at.region, 1),) if makes else ()

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The source, which nobody could rename."""
        if not site.force:
            return None
        return (
            f"DB instance {self.spec(entry).identifier} in {site.other} could not be cut off from "
            "its clients: once that region answers it takes writes again, which are in no replica, "
            "until drstate up --phase cleanup renames and stops it"
        )

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """Replication lag as CloudWatch has it in the replica's region."""
        if site.region == GLOBAL:
            return None
        at = self._at(entry, site, aws)
        return replica_lag(at, self.spec(entry).identifier, self.clock.now())

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether clients reach the endpoint."""
        host = entry.endpoints.get(site.region, {}).get(ADDRESS)
        spec = self.spec(entry)
        if site.state is not SiteState.ACTIVE or host is None or spec.port is None:
            return ()
        return (Probe(kind=ProbeKind.TCP, what="endpoint", host=host, port=spec.port),)

    def spec(self, entry: CatalogEntry) -> RdsSpec:
        """The entry's spec, typed."""
        return RdsSpec.model_validate(entry.spec)

    def _retire(self, entry: CatalogEntry, site: SiteContext) -> Retire:
        policy = site.policy("rds", RdsPolicy).old_source
        return Retire(entry, self.spec(entry), site.region, site.other, policy)

    def _settle(self, entry: CatalogEntry, site: SiteContext) -> Settle:
        values = self._values(entry, site)
        return Settle(entry, self.spec(entry), site.region, site.other, values)

    def _values(self, entry: CatalogEntry, site: SiteContext) -> RdsValues:
        """What the program would declare here. Raises ConfigError where a mapping is missing."""
        spec = self.spec(entry)
        translator = translator_at(entry, site, spec.region)
        values = rds_values(spec, translator)
        translator.settle()
        return values

    def _at(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> At:
        return At(aws, entry.resource.account, site.region)


def _owners_tags(entry: CatalogEntry) -> dict[str, str]:
    """All tags of the original: at its own site the replica stands in for it, protection too."""
    return {
        name: value
        for name, value in entry.resource.raw_tags.items()
        if not name.startswith(("aws:", "drstate:"))
    }
