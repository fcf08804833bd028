"""A cluster in each region with the same workload, each behind the load balancer of its ingress.

Its record follows a flag, so that it is moved without Route 53's control plane.
"""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import elbv2_backends

from drstate.sandbox import aws
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece
from drstate.sandbox.estates.demo.names import upper

STACK, WAVE = "portal/web", 4


def build(ids: SeededIds, land: Land) -> Piece:
    """Both clusters and their load balancers."""
    aws.correct("eks")
    from moto.eks.models import Cluster, eks_backends  # noqa: PLC0415 - after its correction

    account, base = land.app, f"{land.scope.prefix}-portal"
    names = {region: f"{base}{land.suffix(region)}" for region in (land.primary, land.recovery)}
    tags = {
        land.primary: land.tags(WAVE, "high", strategy="eks-dns"),
        land.recovery: land.scope.tags(),
    }
    balancers: dict[str, Any] = {}
    for region, name in names.items():
        network = land.network(account, region)
        ids.named(account, region, "eks", name)
        backend = eks_backends[account][region]
        # create_cluster reads all of AWS's regions to look at the role's ARN: that takes long
        backend.clusters[name] = Cluster(
            name=name,
            role_arn=f"arn:aws:iam::{account}:role/{base}",
            resources_vpc_config={"subnetIds": list(network.subnets)},
            version="1.33",
            tags=tags[region],
            account_id=account,
            region_name=region,
            aws_partition="aws",
        )
        backend.cluster_count += 1
        balancers[region] = _balancer(ids, land, region, name)
    arn = eks_backends[account][land.primary].clusters[names[land.primary]].arn
    return Piece(
        facts={
            "account": account,
            "clusters": names,
            "arn": arn,
            "stack": STACK,
            "load_balancers": balancers,
        },
        site_map={"clusters": {names[land.primary]: names[land.recovery]}},
    )


def _balancer(ids: SeededIds, land: Land, region: str, cluster: str) -> dict[str, str]:
    account, network = land.app, land.network(land.app, region)
    backend = elbv2_backends[account][region]
    name = f"k8s-portal-web{land.suffix(region)}"
    made_by = {"elbv2.k8s.aws/cluster": cluster, "ingress.k8s.aws/stack": STACK}
    ids.named(account, region, "alb", name)
    balancer = backend.create_load_balancer(
        name=name,
        security_groups=[network.security_group],
        subnet_ids=list(network.subnets),
        scheme="internet-facing",
        tags=upper(made_by),
        loadbalancer_type="application",
    )
    balancer.state = "active"
    ids.named(account, region, "target-group", name)
    group = backend.create_target_group(
        name,
        protocol="HTTP",
        port="8080",
        vpc_id=network.vpc,
        target_type="ip",
        healthcheck_path="/healthz",
        tags=upper(made_by),
    )
    for address in ("10.0.0.31", "10.0.1.31"):
        group.targets[address] = {"Id": address, "Port": group.port, "State": "healthy"}
    ids.named(account, region, "listener", name)
    backend.create_listener(
        load_balancer_arn=balancer.arn,
        protocol="HTTP",
        port="80",
        ssl_policy="",
        certificate=None,
        actions=[{"Type": "forward", "TargetGroupArn": group.arn}],
        tags=upper(made_by),
    )
    return {
        "arn": balancer.arn,
        "dns_name": balancer.dns_name,
        "zone_id": balancer.canonical_hosted_zone_id,
    }
