"""What compute is made from, and what stands in front of it."""

from __future__ import annotations

import re

from moto.core.types import Base64EncodedString
from moto.ec2.models import amis, ec2_backends, launch_templates
from moto.ec2.models.key_pairs import KeyPair
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.elbv2 import models as elbv2
from moto.logs.models import logs_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.model.translation import split_image
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import lower, upper

_ECR = re.compile(r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+/(.+)$")
_PROVIDERS = ["FARGATE", "FARGATE_SPOT"]


def image(site: Captured, _account: str, _region: str, reference: str) -> None:
    """The repository of a container image in ECR; other registries are no part of AWS."""
    repository, _ = split_image(reference)
    said = _ECR.match(repository)
    if said is None:
        return
    backend = ecr_backends[said[1]][said[2]]
    if said[3] not in backend.repositories:
        backend.create_repository(said[3], None, {}, None, "IMMUTABLE", upper(site.own_tags()))


def ecs_cluster(site: Captured, account: str, region: str, identifier: str) -> None:
    """A cluster with the capacity that needs no machines, and the providers its services name."""
    name = identifier.rpartition("/")[2]
    backend = ecs_backends[account][region]
    if name in backend.clusters:
        return
    here = site.here(SiteMapTable.ECS_CLUSTERS, identifier).rpartition("/")[2]
    named = {
        str(one["provider"])
        for entry in site.entries("ecs")
        if entry.spec.get("cluster") == here
        for one in entry.spec.get("capacity_providers", ())
    }
    if region == site.other:
        named = {site.there(SiteMapTable.IDENTIFIERS, one) for one in named}
    backend.create_cluster(
        name, tags=lower(site.own_tags()), capacity_providers=sorted({*_PROVIDERS, *named})
    )


def log_group(site: Captured, account: str, region: str, identifier: str) -> None:
    """A log group, by its name or ARN."""
    name = identifier
    if identifier.startswith("arn:"):
        name = identifier.split(":log-group:", 1)[-1].removesuffix(":*")
    backend = logs_backends[account][region]
    if name not in backend.groups:
        backend.create_log_group(name, site.own_tags())


def ami(site: Captured, account: str, region: str, ami_id: str) -> None:
    """An image of a Linux machine, of the platform that the specs of its users say."""
    backend = ec2_backends[account][region]
    if ami_id in backend.amis:
        return
    with forced(amis, "random_ami_id", ami_id):
        made = backend.register_image(f"captured-{ami_id}", "rebuilt from a catalog")
    here = site.here(SiteMapTable.AMIS, ami_id)
    for user in site.naming(here):
        if user.spec.get("platform") == "windows":
            made.platform = "windows"
        made.architecture = user.spec.get("architecture") or made.architecture


def key_pair(site: Captured, account: str, region: str, name: str) -> None:
    """A key pair whose private half nobody has."""
    backend = ec2_backends[account][region]
    if name not in backend.key_pairs:
        backend.key_pairs[name] = KeyPair(
            name, "ed25519", "SHA256:sandbox", b"", b"ssh-ed25519 sandbox", site.own_tags(), backend
        )


def launch_template(site: Captured, account: str, region: str, identifier: str) -> None:
    """A template, by its id or name, of a small machine: its content is in no site map."""
    backend = ec2_backends[account][region]
    by_id = identifier.startswith("lt-")
    if identifier in backend.launch_templates or identifier in backend.launch_template_name_to_ids:
        return
    data = {"InstanceType": "t3.medium", "UserData": Base64EncodedString("")}
    name = f"captured-{identifier}" if by_id else identifier
    tags = {"launch-template": site.own_tags()}
    wanted = [identifier] if by_id else []
    with forced(launch_templates, "random_launch_template_id", *wanted):
        backend.create_launch_template(name, "rebuilt from a catalog", data, tags)


def target_group(site: Captured, account: str, region: str, arn: str) -> None:
    """A target group behind a load balancer of its own, with the port that its users say."""
    backend = elbv2.elbv2_backends[account][region]
    if arn in backend.target_groups:
        return
    name = _named(arn, "targetgroup/")
    users = site.naming(site.here(SiteMapTable.TARGET_GROUPS, arn))
    instances = any(user.resource.technology == "autoscaling" for user in users)
    port = next(
        (
            one["port"]
            for user in users
            for one in user.spec.get("load_balancers", ())
            if isinstance(one, dict) and one.get("port")
        ),
        8080,
    )
    vpc = _vpc_of(site, users, account, region)
    with forced(elbv2, "make_arn_for_target_group", arn):
        group = backend.create_target_group(
            name,
            protocol="HTTP",
            port=str(port),
            vpc_id=vpc,
            target_type="instance" if instances else "ip",
            healthcheck_path="/",
            tags=upper(site.own_tags()),
        )
    _in_front(site, account, region, vpc, f"{name[:24]}-front", group.arn)


def load_balancer(site: Captured, account: str, region: str, arn: str) -> None:
    """An internal application load balancer that answers by itself."""
    backend = elbv2.elbv2_backends[account][region]
    if arn in backend.load_balancers:
        return
    if "loadbalancer/" not in arn:
        # by its host name: who names it so does not look at it
        return
    name = _named(arn, "loadbalancer/").split("/")[-1]
    with forced(elbv2, "make_arn_for_load_balancer", arn):
        made = backend.create_load_balancer(
            name=name,
            security_groups=[],
            subnet_ids=site.subnets_of(account, region),
            scheme="internal",
            tags=upper(site.own_tags()),
            loadbalancer_type="network" if "loadbalancer/net/" in arn else "application",
        )
    made.state = "active"


def _in_front(site: Captured, account: str, region: str, vpc: str, name: str, group: str) -> None:
    """A target group that no balancer uses has no healthy targets."""
    backend = elbv2.elbv2_backends[account][region]
    balancer = backend.create_load_balancer(
        name=name.strip("-"),
        security_groups=[],
        subnet_ids=site.subnets_of(account, region, vpc),
        scheme="internal",
        tags=upper(site.own_tags()),
        loadbalancer_type="application",
    )
    balancer.state = "active"
    backend.create_listener(
        load_balancer_arn=balancer.arn,
        protocol="HTTP",
        port="80",
        ssl_policy="",
        certificate=None,
        actions=[{"Type": "forward", "TargetGroupArn": group}],
        tags=upper(site.own_tags()),
    )


def _vpc_of(site: Captured, users: list[CatalogEntry], account: str, region: str) -> str:
    """The VPC of whoever registers in a group; the account's first one where nobody says."""
    for user in users:
        network = user.spec.get("network")
        subnets = (network if isinstance(network, dict) else user.spec).get("subnets")
        if isinstance(subnets, list) and subnets:
            subnet = str(subnets[0])
            if region == site.other:
                subnet = site.there(SiteMapTable.SUBNETS, subnet)
            return site.vpc(account, region, subnet)
    return site.vpc(account, region)


def _named(arn: str, kind: str) -> str:
    _, found, rest = arn.partition(f":{kind}")
    if not found or "/" not in rest:
        raise cannot("the site map", arn, f"it is not the ARN of a {kind.rstrip('/')}")
    return rest.rpartition("/")[0]
