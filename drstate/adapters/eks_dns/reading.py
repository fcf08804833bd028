"""Clusters and the load balancers of their ingresses.

The AWS Load Balancer Controller tags what it makes with the cluster's name and with the stack, the
ingress that it belongs to. Names of load balancers are made up by it; stacks are the same in both
regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At

CLUSTER_TAG = "elbv2.k8s.aws/cluster"
STACK_TAGS = ("ingress.k8s.aws/stack", "service.k8s.aws/stack")
#: load balancers that DescribeTags takes at once
_TAGGED_AT_ONCE = 20


@dataclass(frozen=True)
class Ingress:
    """The load balancer of one stack, and how its targets are."""

    stack: str
    arn: str
    dns_name: str
    zone_id: str
    healthy: int
    targets: int

    @property
    def serves(self) -> bool:
        """Whether there is a target to send anybody to."""
        return self.healthy > 0


def cluster(at: At, name: str) -> dict[str, Any]:
    """The cluster, or an empty answer."""
    found: dict[str, Any] = at.find(
        "eks", "describe_cluster", "ResourceNotFoundException", name=name
    ).get("cluster", {})
    return found


def ingresses(at: At, name: str) -> dict[str, Ingress]:
    """Stack -> load balancer, of the cluster with this name."""
    balancers = {
        one["LoadBalancerArn"]: one
        for one in at.pages("elbv2", "describe_load_balancers", "LoadBalancers")
    }
    arns = sorted(balancers)
    found: dict[str, Ingress] = {}
    for start in range(0, len(arns), _TAGGED_AT_ONCE):
        part = arns[start : start + _TAGGED_AT_ONCE]
        for row in at.call("elbv2", "describe_tags", ResourceArns=part)["TagDescriptions"]:
            tags = {tag["Key"]: tag.get("Value", "") for tag in row["Tags"]}
            stack = next((tags[key] for key in STACK_TAGS if key in tags), None)
            if tags.get(CLUSTER_TAG) == name and stack is not None:
                found[stack] = _ingress(at, stack, balancers[row["ResourceArn"]])
    return found


def _ingress(at: At, stack: str, balancer: dict[str, Any]) -> Ingress:
    arn = balancer["LoadBalancerArn"]
    states = [
        row["TargetHealth"]["State"]
        for group in at.pages(
            "elbv2", "describe_target_groups", "TargetGroups", LoadBalancerArn=arn
        )
        for row in at.call(
            "elbv2", "describe_target_health", TargetGroupArn=group["TargetGroupArn"]
        )["TargetHealthDescriptions"]
    ]
    return Ingress(
        stack=stack,
        arn=arn,
        dns_name=str(balancer["DNSName"]).lower(),
        zone_id=str(balancer.get("CanonicalHostedZoneId", "")),
        healthy=states.count("healthy"),
        targets=len(states),
    )
