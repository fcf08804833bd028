"""MemoryDB: a member of a multi-region cluster at each site, or carried snapshots.

All members take writes: nothing is promoted, traffic alone moves. Taking a region out of a
multi-region cluster deletes its cluster and its data, so no action here ever does. FailoverShard is
a test of one shard inside a region and is not used either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from drstate.adapters import carrying, exports, metrics, restoring
from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drilling import Copy
from drstate.adapters.findings import Health, Lag
from drstate.adapters.memorydb import capture, drill, health
from drstate.adapters.memorydb.members import Reach, Resize
from drstate.adapters.memorydb.snapshots import MemorydbSnapshots
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.adapters.translating import translator_at
from drstate.model.catalog import CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.programs.memorydb import (
    CLUSTER_ENDPOINT,
    MemorydbPolicy,
    MemorydbSpec,
    memorydb_values,
    replicas_at,
)

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.model.spec import Spec

_METRIC: Mapping[str, Any] = {
    "namespace": "AWS/MemoryDB",
    "metric": "MultiRegionClusterReplicationLag",
    "per_second": 1000.0,
}
_ALONE = (
    "it is in no multi-region cluster, and AWS takes no existing cluster into one; those begin at "
    "db.r7g.xlarge and Valkey 7.3"
)
_CLUSTERS = ("arn:aws:memorydb:*:*:cluster/*",)
_TAKEN = (
    "arn:aws:memorydb:*:*:acl/*",
    "arn:aws:memorydb:*:*:cluster/*",
    "arn:aws:memorydb:*:*:parametergroup/*",
    "arn:aws:memorydb:*:*:snapshot/*",
    "arn:aws:memorydb:*:*:subnetgroup/*",
    "arn:aws:memorydb::*:multiregioncluster/*",
)


class MemorydbAdapter(Adapter):
    """Clusters of Valkey and Redis that keep their data."""

    technology = "memorydb"
    summary = (
        "MemoryDB: members of a multi-region cluster all take writes; else snapshots are carried"
    )
    services = ("memorydb", "cloudwatch", "s3")
    grants = (
        Grant(
            "see clusters, multi-region clusters, lists of users and replication lag",
            (
                "memorydb:DescribeACLs",
                "memorydb:DescribeClusters",
                "memorydb:DescribeMultiRegionClusters",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
            ),
        ),
        Grant(
            "tell our members of a multi-region cluster from somebody else's",
            ("memorydb:ListTags",),
            _CLUSTERS,
        ),
        Grant("set the number of replicas", ("memorydb:UpdateCluster",), _TAKEN),
        Grant(
            "take, export and restore snapshots",
            (
                "memorydb:CopySnapshot",
                "memorydb:CreateCluster",
                "memorydb:CreateSnapshot",
                "memorydb:DeleteSnapshot",
                "memorydb:DescribeSnapshots",
                "memorydb:TagResource",
            ),
            _TAKEN,
            uncalled=exports.UNCALLED,
        ),
        *exports.GRANTS,
    )
    stack_grants = (
        Grant(
            "declare the recovery site's member",
            (
                "memorydb:CreateCluster",
                "memorydb:DeleteCluster",
                "memorydb:DescribeClusters",
                "memorydb:ListTags",
                "memorydb:TagResource",
                "memorydb:UntagResource",
                "memorydb:UpdateCluster",
            ),
            _TAKEN,
        ),
        Grant(
            "encrypt the recovery cluster with the mapped key",
            ("kms:CreateGrant", "kms:DescribeKey"),
            ("arn:aws:kms:*:*:key/*",),
            uncalled="AWS asks for them in the caller's name when the cluster is made",
        ),
    )
    limits = (
        Limit("nodes in a region", 300, "memorydb"),
        Limit("replicas of a shard", 5, per="shard"),
        Limit("regions of a multi-region cluster", 5, per="multi-region cluster"),
    )
    drill_grants = drill.GRANTS
    spec_type = MemorydbSpec
    claims = (
        Claim(
            technology="memorydb",
            explorer_type="memorydb:cluster",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:memorydb:[a-z0-9-]+:\d{12}:cluster/(?P<name>.+)"
            ),
        ),
    )
    deviations: ClassVar[Mapping[str, str]] = {}

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the cluster; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign; the other member is ours unless somebody has one there."""
        known = MemorydbSpec.model_validate(spec)
        target = scope.regions.other(resource.region)
        ours = known.multi_region is not None and target not in known.members
        return {
            resource.region: Ownership.FOREIGN,
            target: Ownership.DECLARED if ours else Ownership.FOREIGN,
        }

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack gives the member its replicas. Foreign: it has them."""
        if self._by_snapshot(entry):
            return Work(no_op=restoring.RESTORED_LATER)
        if site.by_stack:
            return Work()
        if site.owner is Ownership.DECLARED:
            return Work((Resize(entry, self.spec(entry), site.region),))
        return Work(
            no_op=f"the member in {site.region} belongs to someone else's code and keeps its size"
        )

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing is promoted; or restore from the last snapshot."""
        if self._by_snapshot(entry):
            store = self._store(entry, site)
            restore = restoring.Restore(store, force=site.force)
            # with force the source is gone: the newest export has to do
            return Work((restore,) if site.force else (carrying.Carry(store, last=True), restore))
        if site.emergency and site.owner is Ownership.DECLARED:
            return Work((Resize(entry, self.spec(entry), site.region),))
        return Work(
            no_op=f"the member in {site.region} takes writes already, as every member of "
            f"{self.spec(entry).multi_region} does: traffic alone moves, and health is checked"
        )

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing is called: the member stays."""
        if self._by_snapshot(entry):
            return Work(no_op=restoring.LEFT.format(region=site.region))
        if site.by_stack:
            return Work()
        return Work(
            no_op=f"the member in {site.region} stays: it is the way back, and taking it out of "
            "the multi-region cluster would delete it with its data"
        )

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack makes the member. Foreign: it is one. Else: carry a snapshot."""
        if self._by_snapshot(entry):
            return Work((carrying.Carry(self._store(entry, site), last=False),))
        if site.by_stack:
            return Work()
        spec = self.spec(entry)
        if site.region in spec.members:
            # no stack of ours tells later waves where it is
            return Work((Reach(entry, spec, site.region),))
        return Work(
            no_op=f"the member in {site.region} replicates both ways as long as it is one; its "
            "health and lag are checked"
        )

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:
        """A snapshot of what stands by, or the newest export, restored without replicas."""
        return drill.copies(self._store(entry, site), carried=self._by_snapshot(entry))

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:
        """In the VPC of the copy's subnet group."""
        store = self._store(entry, site)
        return Confined(lambda at: drill.SUBNET_GROUPS.vpc(at, store.subnet_group))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The member is available with its replicas; or the restored cluster is."""
        at = self._at(entry, site, aws)
        if self._by_snapshot(entry):
            return restoring.served(self._store(entry, site), at)
        spec = self.spec(entry)
        return health.member_health(at, spec, spec.replicas)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """A member of the size that the state wants, or an export young enough; and the lag."""
        spec, at = self.spec(entry), self._at(entry, site, aws)
        if self._by_snapshot(entry):
            if site.state is SiteState.RETIRED:
                return Health(ResourceStatus.HEALTHY, "what served before is left as it was")
            return restoring.standing_by(self._store(entry, site), at)
        policy = _policy(site.scope)
        standby = site.owner is Ownership.DECLARED and site.state is not SiteState.WARM
        found = health.member_health(at, spec, replicas_at(spec, policy, standby=standby))
        if found.ok and site.state is not SiteState.RETIRED:
            names = {spec.member(at.region)}
            lag = metrics.lag_if_known(at, names=names, now=self.clock.now(), **_METRIC)
            if lag is not None:
                found.facts["lag_seconds"] = lag
        return found

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """The multi-region cluster and the mapped list of users; buckets in the snapshot way."""
        if phase is Phase.CLEANUP:
            return ()
        spec, at = self.spec(entry), self._at(entry, site, aws)
        acl = memorydb_values(spec, translator_at(entry, site, spec.region)).acl
        found = tuple(health.compatible(at, spec, acl))
        if self._by_snapshot(entry):
            return (*found, *restoring.prerequisites(self._store(entry, site), phase, _ALONE))
        if phase is Phase.ACTIVATE:
            here = health.member_health(at, spec, 0)
            return found if here.ok else (*found, here)
        return found

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """Every member takes writes, so does the one in the lost region."""
        if not site.force:
            return None
        after = (
            "they are not in what was restored"
            if self._by_snapshot(entry)
            else "they are merged when the regions see each other again, and the last one wins"
        )
        return (
            f"{entry.resource.name} in {site.other} takes writes of clients that still reach it: "
            f"{after}"
        )

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether clients reach the cluster's endpoint."""
        host = entry.endpoints.get(site.region, {}).get(CLUSTER_ENDPOINT)
        if site.state is not SiteState.ACTIVE or host is None:
            return ()
        port = self.spec(entry).port
        return (Probe(kind=ProbeKind.TCP, what="cluster endpoint", host=host, port=port),)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """Replication lag into the region, or the age of the newest export."""
        at = self._at(entry, site, aws)
        if self._by_snapshot(entry):
            return restoring.export_lag(self._store(entry, site), at)
        names = {self.spec(entry).member(at.region)}
        return metrics.newest_lag(at, names=names, now=self.clock.now(), **_METRIC)

    def lag_limit(self, entry: CatalogEntry, site: SiteContext) -> float:
        """The oldest that an export may be, where there is no multi-region cluster."""
        if self._by_snapshot(entry):
            return self._store(entry, site).max_age_seconds
        return super().lag_limit(entry, site)

    def spec(self, entry: CatalogEntry) -> MemorydbSpec:
        """The entry's spec, typed."""
        return MemorydbSpec.model_validate(entry.spec)

    def _by_snapshot(self, entry: CatalogEntry) -> bool:
        return self.spec(entry).multi_region is None

    def _store(self, entry: CatalogEntry, site: SiteContext) -> MemorydbSnapshots:
        return MemorydbSnapshots(entry, site, self.clock, self.spec(entry), _policy(site.scope))

    def _at(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> At:
        return At(aws, entry.resource.account, site.region)


def _policy(scope: Scope) -> MemorydbPolicy:
    return scope.policies.of("memorydb", MemorydbPolicy)
