"""What an independent client sees: no code of drstate's own answers here, only AWS calls."""

from __future__ import annotations

from typing import Any

from tests.e2e.harness import Bench

DATA, APP, DNS = "211111111101", "211111111102", "100000000002"


def writer_region(bench: Bench, cluster: str = "acme-production-orders") -> str:
    """Region in which the cluster takes writes, asked of the global cluster's members."""
    rds = bench.client("rds", DATA, "us-west-2")
    for found in rds.describe_global_clusters()["GlobalClusters"]:
        for member in found["GlobalClusterMembers"]:
            arn = member["DBClusterArn"]
            if member["IsWriter"] and arn.endswith(f":cluster:{cluster}"):
                return str(arn.split(":")[3])
    raise AssertionError(f"no global cluster has a writer called {cluster}")


def services(bench: Bench, region: str, cluster: str) -> dict[str, tuple[int, int]]:
    """Service -> (desired, running) in one ECS cluster."""
    ecs = bench.client("ecs", APP, region)
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    if not arns:
        return {}
    found = ecs.describe_services(cluster=cluster, services=arns)["services"]
    return {one["serviceName"]: (one["desiredCount"], one["runningCount"]) for one in found}


def scalable(bench: Bench, region: str, resource: str) -> tuple[int, int]:
    """(min, max) of a scalable target."""
    client = bench.client("application-autoscaling", APP, region)
    found = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
    target = found["ScalableTargets"][0]
    return target["MinCapacity"], target["MaxCapacity"]


def answer(bench: Bench, name: str, zone: str = "acme.example.") -> list[str]:
    """What DNS says now."""
    route53 = bench.client(
        "route53", DNS, "us-east-1", "arn:aws:iam::100000000002:role/drstate-dns-acme"
    )
    zones = route53.list_hosted_zones_by_name(DNSName=zone)["HostedZones"]
    found = route53.test_dns_answer(
        HostedZoneId=zones[0]["Id"], RecordName=name, RecordType="CNAME"
    )
    data: list[str] = found["RecordData"]
    return [value.rstrip(".") for value in data]


def urns(bench: Bench, stack: str) -> set[str]:
    """URNs in the state file of a stack."""
    import json

    file = bench.sandbox / "state" / ".pulumi" / "stacks" / "drstate" / f"{stack}.json"
    resources: list[dict[str, Any]] = json.loads(file.read_text())["checkpoint"]["latest"][
        "resources"
    ]
    return {one["urn"] for one in resources}
