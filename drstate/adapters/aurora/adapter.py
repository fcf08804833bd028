"""Aurora: a cluster at each site, one global cluster over both, and the move of the writer.

CLEANUP keeps the old writer as a replica: it is the way back, and AWS has made it one already.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drstate.adapters.at import At
from drstate.adapters.aurora import capture, health
from drstate.adapters.aurora.actions import Follow, Promote
from drstate.adapters.aurora.lag import lag_if_known, replication_lag
from drstate.adapters.base import Adapter, Claim, Grant, Health, Lag, SiteContext, Work
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.aurora import WRITER, AuroraSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: what each engine listens on where the cluster does not say
_PORTS = {"aurora-postgresql": 5432, "aurora-mysql": 3306}
_GLOBAL_NO_OP = "the global cluster is declared; its writer moves by the site's action"


class AuroraAdapter(Adapter):
    """DB clusters of engine aurora-mysql and aurora-postgresql."""

    technology = "aurora"
    summary = "Aurora clusters: a global cluster replicates, switchover or failover promotes"
    services = ("rds", "cloudwatch")
    grants = (
        Grant(
            "see clusters, instances, global clusters and replication lag",
            (
                "rds:DescribeDBClusters",
                "rds:DescribeDBInstances",
                "rds:DescribeGlobalClusters",
                "rds:ListTagsForResource",
                "cloudwatch:GetMetricStatistics",
            ),
        ),
        Grant(
            "move the writer",
            ("rds:SwitchoverGlobalCluster", "rds:FailoverGlobalCluster"),
            ("arn:aws:rds::*:global-cluster:*", "arn:aws:rds:*:*:cluster:*"),
        ),
    )
    stack_grants = (
        Grant(
            "declare the global cluster, the recovery cluster and its instances",
            (
                "rds:AddTagsToResource",
                "rds:CreateDBCluster",
                "rds:CreateDBInstance",
                "rds:CreateGlobalCluster",
                "rds:DeleteDBCluster",
                "rds:DeleteDBInstance",
                "rds:DeleteGlobalCluster",
                "rds:ModifyDBCluster",
                "rds:ModifyDBInstance",
                "rds:ModifyGlobalCluster",
                "rds:RemoveFromGlobalCluster",
                "rds:RemoveTagsFromResource",
            ),
            (
                "arn:aws:rds::*:global-cluster:*",
                "arn:aws:rds:*:*:cluster:*",
                "arn:aws:rds:*:*:db:*",
                "arn:aws:rds:*:*:subgrp:*",
                "arn:aws:rds:*:*:pg:*",
                "arn:aws:rds:*:*:cluster-pg:*",
                "arn:aws:rds:*:*:cluster-snapshot:*",
            ),
        ),
        Grant(
            "hand the role of enhanced monitoring to RDS",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
        ),
        Grant(
            "encrypt the recovery cluster with the mapped key",
            ("kms:CreateGrant", "kms:DescribeKey"),
            ("arn:aws:kms:*:*:key/*",),
        ),
    )
    spec_type = AuroraSpec
    claims = (
        Claim(
            technology="aurora",
            explorer_type="rds:cluster",
            arn_pattern=re.compile(r"arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:cluster:(?P<name>.+)"),
        ),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the writer's cluster; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign, the recovery cluster ours, the global cluster whoever has it."""
        known = _typed(spec)
        return {
            resource.region: Ownership.FOREIGN,
            scope.regions.other(resource.region): Ownership.DECLARED,
            GLOBAL: Ownership.FOREIGN if known.global_cluster else Ownership.DECLARED,
        }

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Declared: the stack brings instances to production class. Foreign: they have it."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if site.owner is Ownership.DECLARED:
            return Work()
        return Work(
            no_op=f"the replica in {site.region} belongs to someone else's code and keeps its size"
        )

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Move the writer here, whoever owns the cluster."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        spec = self.spec(entry)
        return Work((Promote(entry, spec, site.region, site.other, force=site.force),))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing is called: the old writer stays as a replica."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if site.owner is Ownership.DECLARED:
            return Work()
        return Work(
            no_op=f"the cluster in {site.region} stays as a replica: it is the way back, and "
            "AWS made it one when the writer moved"
        )

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack makes the replica. Foreign: see that it follows."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if site.owner is Ownership.DECLARED:
            return Work()
        return Work((Follow(entry, self.spec(entry), site.region, site.other),))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The writer is here, available, with its instances."""
        return health.writer_health(self._at(entry, site, aws), self.spec(entry))

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Standby, warm and retired alike: a replica that follows; its lag is among the facts."""
        spec = self.spec(entry)
        at = self._at(entry, site, aws)
        if site.region == GLOBAL:
            return health.global_health(at, spec)
        found = health.replica_health(at, spec)
        if found.status is ResourceStatus.HEALTHY and site.state is not SiteState.RETIRED:
            lag = lag_if_known(at, spec.identifier, self.clock.now())
            if lag is not None:
                found.facts["lag_seconds"] = lag
        return found

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether clients reach the writer endpoint."""
        host = entry.endpoints.get(site.region, {}).get(WRITER)
        if site.state is not SiteState.ACTIVE or host is None:
            return ()
        spec = self.spec(entry)
        port = spec.port or _PORTS.get(spec.engine, _PORTS["aurora-mysql"])
        return (Probe(kind=ProbeKind.TCP, what="writer endpoint", host=host, port=port),)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """Replication lag as CloudWatch has it in the receiving region."""
        spec = self.spec(entry)
        return replication_lag(self._at(entry, site, aws), spec.identifier, self.clock.now())

    def spec(self, entry: CatalogEntry) -> AuroraSpec:
        """The entry's spec, typed."""
        return AuroraSpec.model_validate(entry.spec)

    def _at(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> At:
        region = site.serving if site.region == GLOBAL else site.region
        return At(aws, entry.resource.account, region)


def _typed(spec: Spec) -> AuroraSpec:
    if not isinstance(spec, AuroraSpec):
        raise TypeError(f"aurora needs an AuroraSpec, not {type(spec).__name__}")
    return spec
