"""ElastiCache: a replication group at each site in one global datastore, or carried snapshots.

Which of the two is told by the spec and the scope's policy, never guessed in a phase. CLEANUP keeps
the old primary as a secondary: it is the way back, and AWS has made it one already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from drstate.adapters import carrying, exports, restoring
from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drilling import Copy
from drstate.adapters.elasticache import capture, drill, health, reading
from drstate.adapters.elasticache.actions import Promote
from drstate.adapters.elasticache.lag import lag_if_known, replication_lag
from drstate.adapters.elasticache.members import Follow, Resize
from drstate.adapters.elasticache.snapshots import ElasticacheSnapshots
from drstate.adapters.findings import Health, Lag
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.programs.elasticache import (
    CONFIGURATION,
    GLOBAL_GROUP,
    PRIMARY,
    ElasticachePolicy,
    ElasticacheSpec,
    replicas_at,
)

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.model.spec import Spec

_MEMBERS = (
    "arn:aws:elasticache::*:globalreplicationgroup:*",
    "arn:aws:elasticache:*:*:replicationgroup:*",
)
_GLOBAL_NO_OP = "the datastore is declared; its primary moves by the site's action"


class ElasticacheAdapter(Adapter):
    """Replication groups of Valkey and Redis."""

    technology = "elasticache"
    summary = (
        "ElastiCache: a global datastore replicates and fails over; else snapshots are carried"
    )
    services = ("elasticache", "cloudwatch", "s3", "secretsmanager")
    grants = (
        Grant(
            "see groups, their nodes, datastores and replication lag",
            (
                "elasticache:DescribeCacheClusters",
                "elasticache:DescribeGlobalReplicationGroups",
                "elasticache:DescribeReplicationGroups",
                "elasticache:ListTagsForResource",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
            ),
        ),
        Grant(
            "move the primary of a datastore",
            ("elasticache:FailoverGlobalReplicationGroup",),
            _MEMBERS,
        ),
        Grant(
            "take a group out of its datastore",
            ("elasticache:DisassociateGlobalReplicationGroup",),
            _MEMBERS,
            uncalled="the last resort of a forced failover that AWS does not do",
        ),
        Grant(
            "set the number of replicas",
            ("elasticache:DecreaseReplicaCount", "elasticache:IncreaseReplicaCount"),
            ("arn:aws:elasticache:*:*:replicationgroup:*",),
        ),
        Grant(
            "take, export and restore snapshots",
            (
                "elasticache:AddTagsToResource",
                "elasticache:CopySnapshot",
                "elasticache:CreateReplicationGroup",
                "elasticache:CreateSnapshot",
                "elasticache:DeleteSnapshot",
                "elasticache:DescribeSnapshots",
            ),
            (
                "arn:aws:elasticache:*:*:parametergroup:*",
                "arn:aws:elasticache:*:*:replicationgroup:*",
                "arn:aws:elasticache:*:*:snapshot:*",
                "arn:aws:elasticache:*:*:subnetgroup:*",
                "arn:aws:elasticache:*:*:usergroup:*",
            ),
            uncalled=exports.UNCALLED,
        ),
        *exports.GRANTS,
        Grant(
            "give a restored group its auth token",
            ("secretsmanager:GetSecretValue",),
            ("arn:aws:secretsmanager:*:*:secret:*",),
            uncalled=exports.UNCALLED,
        ),
    )
    stack_grants = (
        Grant(
            "declare the datastore and the recovery site's group",
            (
                "elasticache:AddTagsToResource",
                "elasticache:CreateGlobalReplicationGroup",
                "elasticache:CreateReplicationGroup",
                "elasticache:DecreaseReplicaCount",
                "elasticache:DeleteGlobalReplicationGroup",
                "elasticache:DeleteReplicationGroup",
                "elasticache:DescribeCacheClusters",
                "elasticache:DescribeGlobalReplicationGroups",
                "elasticache:DescribeReplicationGroups",
                "elasticache:IncreaseReplicaCount",
                "elasticache:ListTagsForResource",
                "elasticache:ModifyGlobalReplicationGroup",
                "elasticache:ModifyReplicationGroup",
                "elasticache:RemoveTagsFromResource",
            ),
            (
                "arn:aws:elasticache::*:globalreplicationgroup:*",
                "arn:aws:elasticache:*:*:cluster:*",
                "arn:aws:elasticache:*:*:parametergroup:*",
                "arn:aws:elasticache:*:*:replicationgroup:*",
                "arn:aws:elasticache:*:*:subnetgroup:*",
                "arn:aws:elasticache:*:*:usergroup:*",
            ),
        ),
        Grant(
            "take a group out of its datastore before it is deleted",
            ("elasticache:DisassociateGlobalReplicationGroup",),
            _MEMBERS,
            uncalled="only where protection is given up",
        ),
        Grant(
            "encrypt the recovery group with the mapped key",
            ("kms:CreateGrant", "kms:DescribeKey"),
            ("arn:aws:kms:*:*:key/*",),
            uncalled="AWS asks for them in the caller's name when the group is made",
        ),
    )
    limits = (
        Limit("nodes in a region", 300, "elasticache", "L-DFE45DF3"),
        Limit("secondary regions of a datastore", 2, per="datastore"),
        Limit("replicas of a shard", 5, per="shard"),
    )
    drill_grants = drill.GRANTS
    spec_type = ElasticacheSpec
    claims = (
        Claim(
            technology="elasticache",
            explorer_type="elasticache:replicationgroup",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:elasticache:[a-z0-9-]+:\d{12}:replicationgroup:(?P<name>.+)"
            ),
        ),
    )
    deviations: ClassVar[Mapping[str, str]] = {}

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the primary's group; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign; so is everything in the snapshot way, which declares nothing."""
        known = ElasticacheSpec.model_validate(spec)
        target = scope.regions.other(resource.region)
        if not known.by_datastore(_policy(scope)):
            return {resource.region: Ownership.FOREIGN, target: Ownership.FOREIGN}
        theirs = target in known.members
        return {
            resource.region: Ownership.FOREIGN,
            target: Ownership.FOREIGN if theirs else Ownership.DECLARED,
            GLOBAL: Ownership.FOREIGN if known.datastore else Ownership.DECLARED,
        }

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The datastore by its suffix."""
        suffix, region = inputs.get("globalReplicationGroupIdSuffix"), inputs.get("region")
        if kind != GLOBAL_GROUP or not suffix or not region:
            return None
        return reading.datastore_named(At(aws, account, str(region)), str(suffix))

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack gives the group its replicas. Foreign: it has them."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if self._by_snapshot(entry, site):
            return Work(no_op=restoring.RESTORED_LATER)
        if site.by_stack:
            return Work()
        if site.owner is Ownership.DECLARED:
            return Work((self._resize(entry, site),))
        return Work(
            no_op=f"the group in {site.region} belongs to someone else's code and keeps its size"
        )

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Fail the datastore over, or restore from the last snapshot."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if self._by_snapshot(entry, site):
            store = self._store(entry, site)
            restore = restoring.Restore(store, force=site.force)
            # with force the source is gone: the newest export has to do
            return Work((restore,) if site.force else (carrying.Carry(store, last=True), restore))
        promote = Promote(entry, self.spec(entry), site.region, force=site.force)
        if site.emergency and site.owner is Ownership.DECLARED:
            return Work((promote, self._resize(entry, site)))
        return Work((promote,))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing is called: the old primary stays."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if self._by_snapshot(entry, site):
            return Work(no_op=restoring.LEFT.format(region=site.region))
        if site.by_stack:
            return Work()
        return Work(
            no_op=f"the group in {site.region} stays as a secondary: it is the way back, and AWS "
            "made it one when the primary moved"
        )

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack makes the secondary. Foreign: see that it follows, or carry."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if self._by_snapshot(entry, site):
            return Work((carrying.Carry(self._store(entry, site), last=False),))
        if site.by_stack:
            return Work()
        return Work((Follow(entry, self.spec(entry), site.region),))

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:
        """A snapshot of what stands by, or the newest export, restored without replicas."""
        return drill.copies(self._store(entry, site), carried=self._by_snapshot(entry, site))

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:
        """In the VPC of the copy's subnet group."""
        store = self._store(entry, site)
        return Confined(lambda at: drill.SUBNET_GROUPS.vpc(at, store.subnet_group))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The primary is here, available, with its replicas; or the restored group is."""
        at = self._at(entry, site, aws)
        if self._by_snapshot(entry, site):
            return restoring.served(self._store(entry, site), at)
        return health.primary_health(at, self.spec(entry))

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """A secondary that follows, or an export young enough; the lag is among the facts."""
        spec, at = self.spec(entry), self._at(entry, site, aws)
        if self._by_snapshot(entry, site):
            if site.state is SiteState.RETIRED:
                return Health(ResourceStatus.HEALTHY, "what served before is left as it was")
            return restoring.standing_by(self._store(entry, site), at)
        if site.region == GLOBAL:
            found = reading.group(at, spec.member(at.region))
            return health.datastore_health(at, reading.datastore_of(found), spec)
        found_health = health.secondary_health(at, spec, self._replicas(entry, site))
        if found_health.ok and site.state is not SiteState.RETIRED:
            lag = lag_if_known(at, self._names(at, spec), self.clock.now())
            if lag is not None:
                found_health.facts["lag_seconds"] = lag
        return found_health

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Compatibility, and for a planned failover a secondary that is not far behind."""
        spec = self.spec(entry)
        if site.region == GLOBAL or phase is Phase.CLEANUP:
            return ()
        if self._by_snapshot(entry, site):
            why = spec.obstacle or "policies.elasticache.way is snapshot"
            return restoring.prerequisites(self._store(entry, site), phase, why)
        at = self._at(entry, site, aws)
        found = health.compatible(at, spec)
        if phase is Phase.REPLICATE:
            return (*found, *health.room(at, spec, site.region))
        policy = _policy(site.scope)
        if phase is Phase.ACTIVATE:
            found += health.promotable(at, spec, planned=not site.force)
        lag = lag_if_known(at, self._names(at, spec), self.clock.now())
        if not site.force and lag is not None and lag > policy.max_lag_seconds:
            found.append(
                Health(
                    ResourceStatus.UNHEALTHY,
                    f"{spec.identifier} in {site.region} is {lag:.0f} s behind; a planned failover "
                    f"is begun at {policy.max_lag_seconds} s at most",
                    "wait until it has caught up, raise policies.elasticache.max_lag_seconds, or "
                    "accept the loss with --force",
                )
            )
        return tuple(found)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The old primary takes writes until AWS reaches it."""
        if not site.force:
            return None
        return (
            f"{entry.resource.name} in {site.other} takes writes of clients that still reach it, "
            "until AWS makes it a secondary; those are lost"
        )

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether clients reach the endpoint that takes writes."""
        known = entry.endpoints.get(site.region, {})
        host = known.get(CONFIGURATION) or known.get(PRIMARY)
        if site.state is not SiteState.ACTIVE or host is None:
            return ()
        port = self.spec(entry).port
        return (Probe(kind=ProbeKind.TCP, what="cache endpoint", host=host, port=port),)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """Replication lag in the receiving region, or the age of the newest export."""
        spec, at = self.spec(entry), self._at(entry, site, aws)
        if self._by_snapshot(entry, site):
            return restoring.export_lag(self._store(entry, site), at)
        return replication_lag(at, self._names(at, spec), self.clock.now())

    def lag_limit(self, entry: CatalogEntry, site: SiteContext) -> float:
        """The oldest that an export may be, where there is no global datastore."""
        if self._by_snapshot(entry, site):
            return self._store(entry, site).max_age_seconds
        return super().lag_limit(entry, site)

    def spec(self, entry: CatalogEntry) -> ElasticacheSpec:
        """The entry's spec, typed."""
        return ElasticacheSpec.model_validate(entry.spec)

    def _by_snapshot(self, entry: CatalogEntry, site: SiteContext) -> bool:
        return not self.spec(entry).by_datastore(_policy(site.scope))

    def _store(self, entry: CatalogEntry, site: SiteContext) -> ElasticacheSnapshots:
        return ElasticacheSnapshots(entry, site, self.clock, self.spec(entry), _policy(site.scope))

    def _resize(self, entry: CatalogEntry, site: SiteContext) -> Resize:
        spec = self.spec(entry)
        return Resize(entry, spec, site.region, spec.replicas)

    def _replicas(self, entry: CatalogEntry, site: SiteContext) -> int:
        standby = site.owner is Ownership.DECLARED and site.state is not SiteState.WARM
        return replicas_at(self.spec(entry), _policy(site.scope), standby=standby)

    def _names(self, at: At, spec: ElasticacheSpec) -> set[str]:
        found = reading.group(at, spec.member(at.region))
        return reading.lag_names(found) if found else {spec.member(at.region)}

    def _at(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> At:
        region = site.serving if site.region == GLOBAL else site.region
        return At(aws, entry.resource.account, region)


def _policy(scope: Scope) -> ElasticachePolicy:
    return scope.policies.of("elasticache", ElasticachePolicy)
