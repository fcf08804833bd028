"""The program of a drill's own stack: a security group for each VPC in which its copies stand.

What is in the group is reached by nothing but the group itself, and reaches what the scope file
lets it (``policies.drill_egress``). Nothing is protected, nothing outlives the drill, and nothing
here refers to a live stack: destroying it leaves no trace.
"""

from __future__ import annotations

import hashlib
from ipaddress import ip_network
from typing import Any

from drstate.model.names import DRILL_TAG, STACK_TAG
from drstate.model.scope import DrillEgress
from drstate.model.shard import Network, ShardInput
from drstate.programs.context import Declaration
from drstate.programs.lazy import aws, pulumi
from drstate.programs.security_group import ALL, EGRESS, GROUP, INGRESS, OWNERS

#: the technology whose classes the program uses, and whose adapter finds what it made
TECHNOLOGY = "security-group"
#: name of the endpoint under which the id of a resource's group is exported
GROUP_ID = "drill_security_group"
#: ranges -> what their rules are called
_ANYWHERE = {"0.0.0.0/0": "anywhere-ipv4", "::/0": "anywhere-ipv6"}
_MADE_FOR = "copies of drstate drill"


def group_name(shard: ShardInput, network: Network) -> str:
    """The group's name: no two shards of a drill share one, also where they share the VPC."""
    mark = hashlib.sha256(f"{shard.stack} {network.vpc}".encode()).hexdigest()[:8]
    return f"drstate-drill-{shard.drill}-{mark}"


def tags_of(shard: ShardInput) -> dict[str, str]:
    """Tags of everything that the stack declares."""
    return {
        "Customer": shard.id.scope.customer,
        "Environment": str(shard.id.scope.environment),
        "drstate:managed": "true",
        DRILL_TAG: shard.drill,
        STACK_TAG: shard.stack,
    }


def ranges_out(shard: ShardInput, network: Network) -> tuple[str, ...]:
    """Address ranges that the copies may reach; empty: only their own group."""
    egress = shard.policies.drill_egress
    if egress is DrillEgress.ALL:
        return tuple(_ANYWHERE)
    return network.ranges if egress is DrillEgress.VPC else ()


def declare(shard: ShardInput) -> None:
    """Declare the groups and export which resource's copy stands in which. Runs in an engine."""
    declaration = Declaration(shard)
    groups = {network.vpc: _group(declaration, network) for network in shard.networks}
    pulumi.export("scope", str(shard.id.scope))
    pulumi.export("region", shard.id.region)
    pulumi.export("group", shard.id.group)
    pulumi.export("drill", shard.drill)
    pulumi.export(
        "endpoints",
        {
            key: {GROUP_ID: groups[network.vpc].id}
            for network in shard.networks
            for key in network.resources
        },
    )
    pulumi.export("readme", _readme(shard))


def _group(declaration: Declaration, network: Network) -> aws.ec2.SecurityGroup:
    shard = declaration.shard
    name = group_name(shard, network)
    region, tags = shard.provider_region, tags_of(shard)
    group = aws.ec2.SecurityGroup(
        f"drill/{network.vpc}",
        description=f"{_MADE_FOR} {shard.drill}: only each other reaches them",
        name=name,
        region=region,
        tags={"Name": name, **tags},
        vpc_id=network.vpc,
        opts=declaration.options(OWNERS, GROUP),
    )

    def rule(kind: Any, token: str, part: str, **peer: Any) -> None:
        kind(
            f"drill/{network.vpc}/{part}",
            description=f"{_MADE_FOR} {shard.drill}",
            ip_protocol=ALL,
            region=region,
            security_group_id=group.id,
            tags=tags,
            opts=declaration.options(OWNERS, token),
            **peer,
        )

    itself = {"referenced_security_group_id": group.id}
    rule(aws.vpc.SecurityGroupIngressRule, INGRESS, "ingress-itself", **itself)
    out = ranges_out(shard, network)
    if not out:
        rule(aws.vpc.SecurityGroupEgressRule, EGRESS, "egress-itself", **itself)
    for cidr in out:
        peer = {f"cidr_ipv{ip_network(cidr).version}": cidr}
        # "::" parts a URN, "/" a resource's name
        part = _ANYWHERE.get(cidr) or cidr.replace(":", "_").replace("/", "_")
        part = f"egress-{part}"
        rule(aws.vpc.SecurityGroupEgressRule, EGRESS, part, **peer)
    return group


def _readme(shard: ShardInput) -> str:
    rows = "\n".join(f"- {key}" for network in shard.networks for key in network.resources)
    return (
        f"# Drill {shard.drill} of {shard.id.scope}\n\nThe network of its copies in "
        f"{shard.id.region}, group {shard.id.group}, account {shard.account.id} "
        f"({shard.account.name}).\n\nIt goes with the drill: `drstate test --cleanup`.\n\n{rows}\n"
    )
