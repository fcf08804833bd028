"""Networks of the demo: a VPC with two subnets per scope, account and region."""

from __future__ import annotations

from dataclasses import dataclass

from moto.ec2.models import ec2_backends

from drstate.sandbox.aws.ids import SeededIds

from .names import EVERYBODY, REGIONS, DemoScope

ZONES = ("a", "b")


@dataclass(frozen=True)
class Network:
    """Identifiers of one network."""

    vpc: str
    subnets: tuple[str, ...]
    security_group: str
    group_name: str


def _octet(scope: DemoScope, region: str, data: bool) -> int:
    """A second octet of its own per network, so that no two ranges overlap."""
    customer = EVERYBODY.index(scope.customer)
    return (
        10
        + 64 * customer
        + 32 * (not scope.production)
        + 16 * REGIONS.index(region)
        + (0 if data else 8)
    )


def build_network(
    ids: SeededIds, scope: DemoScope, account: str, region: str, group: str, *, data: bool
) -> Network:
    """A VPC, two subnets in two zones, a security group called `group`."""
    # a backend that is asked for the first time makes a default network of its own
    ids.named(account, region, scope.prefix, "defaults")
    backend = ec2_backends[account][region]
    octet = _octet(scope, region, data)
    tier = "data" if data else "app"

    ids.named(account, region, scope.prefix, "vpc")
    vpc = backend.create_vpc(f"10.{octet}.0.0/16")
    backend.create_tags([vpc.id], {**scope.tags(), "Name": f"{scope.prefix}-{tier}"})
    subnets = []
    for number, zone in enumerate(ZONES):
        ids.named(account, region, scope.prefix, "subnet", zone)
        subnet = backend.create_subnet(
            vpc.id, f"10.{octet}.{number}.0/24", availability_zone=f"{region}{zone}"
        )
        backend.create_tags([subnet.id], {**scope.tags(), "Name": f"{scope.prefix}-{tier}-{zone}"})
        subnets.append(subnet.id)
    ids.named(account, region, scope.prefix, "security-group")
    security_group = backend.create_security_group(
        group, f"{scope.prefix} {tier}", vpc.id, tags=scope.tags()
    )
    return Network(vpc.id, tuple(subnets), security_group.id, group)
