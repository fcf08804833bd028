"""EKS clusters whose workloads run in both regions (``dr:recovery-strategy=eks-dns``).

Nothing is deployed, scaled or copied: that is what the clusters' own pipelines do, in both regions,
all the time. An activation waits until the ingresses of the cluster here have healthy targets, then
moves the records that the scope file names for it, and whom external-dns takes for their owner.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.eks_dns import reading
from drstate.adapters.eks_dns.actions import AwaitIngresses, ClusterSite, MoveRecords
from drstate.adapters.findings import Health
from drstate.adapters.flags import CONTROL_REGION
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.resource import Resource
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.eks_dns import ClusterDns, EksDnsPolicy, EksDnsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


_WITH_RECORDS = "only where policies.eks_dns names records of the cluster"


class EksDnsAdapter(Adapter):
    """Clusters that serve from both regions, and whose traffic moves by DNS."""

    technology = "eks-dns"
    unrehearsed = "its names are production's, and no DNS of production is touched"
    summary = "EKS clusters in both regions: ingresses waited for, records and their owner moved"
    services = ("eks", "elbv2", "route53")
    grants = (
        Grant("see clusters", ("eks:DescribeCluster",), ("arn:aws:eks:*:*:cluster/*",)),
        Grant(
            "see the load balancers of their ingresses, and target health",
            (
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTags",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ),
        ),
        Grant(
            "see changes of zones",
            ("route53:GetChange",),
            ("arn:aws:route53:::change/*",),
            uncalled=_WITH_RECORDS,
        ),
        Grant(
            "see and change records",
            ("route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"),
            ("arn:aws:route53:::hostedzone/*",),
            uncalled=_WITH_RECORDS,
        ),
    )
    transient_codes = frozenset({"PriorRequestNotComplete"})
    spec_type = EksDnsSpec
    claims = (
        Claim(
            "eks-dns",
            "eks:cluster",
            re.compile(r"arn:aws[a-z-]*:eks:[a-z0-9-]+:\d{12}:cluster/(?P<name>[\w-]+)"),
            strategy="eks-dns",
        ),
    )
    deviations = {
        "tells-unhealthy": "workloads run in both regions all the time: the recovery site is ready "
        "before anybody protects it"
    }

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """The cluster's name, version and ingresses."""
        at = At(aws, resource.account, resource.region)
        shown = reading.cluster(at, resource.name)
        if shown.get("status") != "ACTIVE":
            raise OperationError(
                f"{resource.key}: the cluster is {shown.get('status', 'not there')}",
                why=f"a cluster is captured while it serves ({resource.region})",
                hint="try again once it is ACTIVE",
            )
        found = reading.ingresses(at, resource.name)
        if not found:
            raise OperationError(
                f"{resource.key}: no load balancer belongs to the cluster",
                why=f"none in {resource.region} has the tag {reading.CLUSTER_TAG}={resource.name}, "
                "which the AWS Load Balancer Controller gives",
                hint="expose the workloads by that controller, or take dr:recovery-strategy off "
                f"{resource.arn} and flip its records as entries of dns",
            )
        return EksDnsSpec(
            region=resource.region,
            captured_at=self.clock.now(),
            cluster=resource.name,
            version=str(shown.get("version", "")),
            ingresses=tuple(sorted(found)),
        )

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the workloads run already."""
        return Work(no_op="the workloads run in both regions, with their own scaling")

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Wait for the ingresses here, then move the records."""
        here, policy = self._site(entry, site), site.policy("eks-dns", EksDnsPolicy)
        dns = policy.clusters.get(here.spec.cluster)
        wait = AwaitIngresses(here, policy.healthy_seconds)
        return Work((wait,) if dns is None else (wait, MoveRecords(here, dns)))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the old site goes on as the one to turn back to."""
        return Work(no_op="the workloads of the old site go on, without traffic")

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: what is deployed is deployed in both regions by its own pipeline."""
        return Work(no_op="what runs in one region is deployed to the other by its own pipeline")

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Before an activation: the cluster here is there, with its ingresses and its version."""
        if phase is not Phase.ACTIVATE:
            return ()
        here = self._site(entry, site)
        told = [self.ready(entry, site, aws)]
        version = reading.cluster(here.at(aws), here.name).get("version")
        if version and version != here.spec.version:
            told.append(
                Health(
                    ResourceStatus.DEGRADED,
                    f"cluster {here.name} in {site.region} has Kubernetes {version}, the source "
                    f"{here.spec.version}",
                    "upgrade the one that is behind",
                )
            )
        return tuple(told)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The other cluster goes on, and so does its external-dns."""
        dns = self._records(entry, site)
        spec = EksDnsSpec.model_validate(entry.spec)
        said = (
            f"workloads of cluster {spec.cluster} in {site.other} may still run and be reached by "
            "whoever resolved their names before"
        )
        return said if dns is None else f"{said}; its external-dns lets go of records it lost"

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Targets are healthy, and the records point here (a lost control plane is not asked)."""
        found = self.ready(entry, site, aws)
        dns = self._records(entry, site)
        if not found.ok or dns is None or (site.force and site.other == CONTROL_REGION):
            return found
        seen = MoveRecords(self._site(entry, site), dns).observe(aws)
        if seen.done:
            return Health(ResourceStatus.HEALTHY, f"{found.detail}; records point here")
        return Health(
            ResourceStatus.UNHEALTHY,
            seen.blocked or f"records of the cluster do not point to {site.region}",
            seen.hint or "drstate resume points them there",
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The cluster here is active, and every ingress has healthy targets."""
        here = self._site(entry, site)
        found = reading.ingresses(here.at(aws), here.name)
        facts = {one.stack: f"{one.healthy}/{one.targets}" for one in found.values()}
        missing = here.missing(aws, found)
        if missing is None and here.idle(found):
            missing = f"no healthy target behind {', '.join(here.idle(found))} in {site.region}"
        if missing is None:
            said = f"healthy targets behind {', '.join(here.spec.ingresses)}"
            return Health(ResourceStatus.HEALTHY, said, facts=facts)
        hint = f"deploy the workloads to cluster {here.name} in {site.region}, ingress included"
        return Health(ResourceStatus.UNHEALTHY, missing, hint, facts)

    def _records(self, entry: CatalogEntry, site: SiteContext) -> ClusterDns | None:
        cluster = EksDnsSpec.model_validate(entry.spec).cluster
        return site.policy("eks-dns", EksDnsPolicy).clusters.get(cluster)

    def _site(self, entry: CatalogEntry, site: SiteContext) -> ClusterSite:
        spec = EksDnsSpec.model_validate(entry.spec)
        mapped = site.site_map.get(SiteMapTable.CLUSTERS, {})
        return ClusterSite(entry, spec, site.region, mapped.get(spec.cluster, spec.cluster))


ADAPTER = EksDnsAdapter
