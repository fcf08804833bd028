"""EKS clusters that serve from both regions: cluster, ingresses, and the records that lead to them.

Workloads are no part of a spec; their ingresses are, by the stack's name. Load balancers have names
that nobody looks at, and two healthy targets each, in both regions, as the owner's pipeline has
them. Records that the scope file names lead to the serving region.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import takewhile
from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

from drstate.adapters.eks_dns.reading import CLUSTER_TAG, STACK_TAGS
from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.eks_dns import ClusterDns, EksDnsPolicy, EksDnsSpec
from drstate.sandbox import aws
from drstate.sandbox.access import PARTITION
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

_OWNER = '"heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/{name}"'


def build(site: Captured, entry: CatalogEntry) -> None:
    """Both clusters with an ingress for every stack."""
    aws.correct("eks")
    spec = EksDnsSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    mapped = site.scope.site_map.get(site.other, {}).get(SiteMapTable.CLUSTERS, {})
    there = mapped.get(spec.cluster, spec.cluster)
    _cluster(site, account, region, spec.cluster, spec.version, site.tags(entry))
    _cluster(site, account, site.other, there, spec.version, site.own_tags())
    serving = {
        stack: _ingress(site, account, region, spec.cluster, stack) for stack in spec.ingresses
    }
    for stack in spec.ingresses:
        _ingress(site, account, site.other, there, stack)
    records = site.scope.policies.of("eks-dns", EksDnsPolicy).clusters.get(spec.cluster)
    if records is not None:
        _records(site, entry, records, serving)


def _cluster(
    site: Captured, account: str, region: str, name: str, version: str, tags: dict[str, str]
) -> None:
    from moto.eks.models import Cluster, eks_backends  # noqa: PLC0415 - after its correction

    subnets = site.subnets_of(account, region)
    if not site.first(str(SiteMapTable.CLUSTERS), account, region, name):
        return
    backend = eks_backends[account][region]
    # create_cluster reads all of AWS's regions to look at the role's ARN: that takes long
    backend.clusters[name] = Cluster(
        name=name,
        role_arn=f"arn:{PARTITION}:iam::{account}:role/captured-eks",
        resources_vpc_config={"subnetIds": subnets},
        version=version,
        tags=tags,
        account_id=account,
        region_name=region,
        aws_partition=PARTITION,
    )
    backend.cluster_count += 1


def _ingress(site: Captured, account: str, region: str, cluster: str, stack: str) -> Any:
    """The load balancer that the controller made for a stack, active, with healthy targets."""
    network = site.network(account, region)
    subnets = site.subnets_of(account, region)
    site.first("ingress", account, region, f"{cluster} {stack}")
    backend = elbv2_backends[account][region]
    # as long as a name may be; the controller's own ends in a hash, too
    name = f"k8s-captured-{sha256(f'{cluster} {stack}'.encode()).hexdigest()[:12]}"
    made_by = {CLUSTER_TAG: cluster, STACK_TAGS[0]: stack}
    balancer = backend.create_load_balancer(
        name=name,
        security_groups=[],
        subnet_ids=subnets,
        scheme="internet-facing",
        tags=upper(made_by),
        loadbalancer_type="application",
    )
    balancer.state = "active"
    group = backend.create_target_group(
        name,
        protocol="HTTP",
        port="8080",
        vpc_id=network.vpc,
        target_type="ip",
        healthcheck_path="/",
        tags=upper(made_by),
    )
    for address in ("10.0.0.31", "10.0.1.31"):
        group.targets[address] = {"Id": address, "Port": group.port, "State": "healthy"}
    backend.create_listener(
        load_balancer_arn=balancer.arn,
        protocol="HTTP",
        port="80",
        ssl_policy="",
        certificate=None,
        actions=[{"Type": "forward", "TargetGroupArn": group.arn}],
        tags=upper(made_by),
    )
    return balancer


def _records(site: Captured, entry: CatalogEntry, dns: ClusterDns, serving: dict[str, Any]) -> None:
    """The aliases, and beside them whom external-dns takes for their owner."""
    zone = _zone(site, dns)
    owner = dns.owners.get(site.serving)
    for record in dns.records:
        balancer = serving.get(record.ingress)
        if balancer is None:
            raise cannot(
                entry.key,
                f"policies.eks_dns record {record.name}",
                f"the cluster has no ingress {record.ingress}; it has {', '.join(serving)}",
            )
        alias = {
            "HostedZoneId": balancer.canonical_hosted_zone_id,
            "DNSName": balancer.dns_name,
            "EvaluateTargetHealth": True,
        }
        _put(zone, {"Name": record.name, "Type": record.type, "AliasTarget": alias})
        if owner is not None:
            said = _OWNER.format(owner=owner, name=record.ingress)
            name = f"{dns.txt_prefix}{record.name}"
            _put(zone, {"Name": name, "Type": "TXT", "TTL": "300", "ResourceRecords": [said]})


def _put(zone: Any, record: dict[str, Any]) -> None:
    # two records of a name may have one TXT
    zone.upsert_rrset(record)


def _zone(site: Captured, dns: ClusterDns) -> Any:
    """The zone with this id; it is called as a protected record says, or as all of these end."""
    backend = route53_backends[dns.account][PARTITION]
    if site.first("zone", dns.account, "", dns.zone_id):
        told = (
            str(one.spec["zone"])
            for one in site.entries("route53")
            if one.spec.get("zone_id") == dns.zone_id
        )
        made = backend.create_hosted_zone(
            name=next(told, None) or ending([record.name for record in dns.records]),
            private_zone=False,
            caller_reference=f"captured-{dns.zone_id}",
            comment="rebuilt from a catalog",
        )
        del backend.zones[made.resource_id]
        made.resource_id = dns.zone_id
        backend.zones[dns.zone_id] = made
        backend.change_tags_for_resource("hostedzone", dns.zone_id, upper(site.own_tags()), [])
    return backend.zones[dns.zone_id]


def ending(names: list[str]) -> str:
    """The labels that all names end with, at most all but the first of the shortest."""
    labels = [name.rstrip(".").split(".")[::-1] for name in names]
    most = max(1, min(map(len, labels)) - 1)
    alike = takewhile(lambda column: len(set(column)) == 1, zip(*labels, strict=False))
    same = [column[0] for column in alike]
    return ".".join(same[:most][::-1]) + "."
