"""A security group whose rules name a range, another group, and the group itself."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece

OFFICE = "198.51.100.0/24"


def build(ids: SeededIds, land: Land) -> Piece:
    """The group in the east; in the west there is only the network that its copy goes into."""
    account, region = land.app, land.primary
    network = land.network(account, region)
    west = land.network(account, land.recovery)
    backend = ec2_backends[account][region]
    name = f"{land.scope.prefix}-partners"
    ids.named(account, region, "security-group", name)
    group = backend.create_security_group(
        name, "what partners may reach", network.vpc, tags=land.tags(1, "high")
    )
    group.egress_rules = []

    def let(way: str, port: int, **peers: Any) -> None:
        ids.named(account, region, "security-group-rule", name, way, str(port))
        allow = getattr(backend, f"authorize_security_group_{way}")
        allow(
            group_name_or_id=group.id,
            ip_protocol="tcp",
            from_port=str(port),
            to_port=str(port),
            ip_ranges=peers.get("ranges", []),
            source_groups=peers.get("groups", []),
        )

    let("ingress", 443, ranges=[{"CidrIp": OFFICE, "Description": "the partners' office"}])
    let("ingress", 8443, groups=[{"GroupId": network.security_group, "Description": "our own"}])
    let("ingress", 7946, groups=[{"GroupId": group.id}])
    let("egress", 5432, ranges=[{"CidrIp": _range(backend, network.vpc)}])
    return Piece(
        facts={"account": account, "id": group.id, "arn": group.arn, "name": name},
        site_map={
            "identifiers": {
                _range(backend, network.vpc): _range(ec2_backends[account][land.recovery], west.vpc)
            }
        },
    )


def _range(backend: Any, vpc: str) -> str:
    return str(backend.get_vpc(vpc).cidr_block)
