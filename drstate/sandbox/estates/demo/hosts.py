"""Instances of initech that run a database of its own, and are under Systems Manager."""

from __future__ import annotations

from moto.ec2.models import ec2_backends

from drstate.sandbox.aws import ssm_machines
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.aws.ssm_machines import Machine

from .land import Land

IMAGE = "ami-0abcdef1234567890"


def build_host(
    ids: SeededIds, land: Land, region: str, name: str, machine: Machine, tags: dict[str, str]
) -> str:
    """A running instance of the data account, with the machine behind it. Returns its id."""
    account = land.data
    network = land.network(account, region)
    ids.named(account, region, "instance", name)
    reservation = ec2_backends[account][region].run_instances(
        IMAGE,
        1,
        None,
        [],
        instance_type="r6i.xlarge",
        is_instance_type_default=True,  # else a scan of all types for each
        subnet_id=network.subnets[0],
        security_group_ids=[network.security_group],
        tags={"instance": {"Name": name, **tags}},
    )
    instance = str(reservation.instances[0].id)
    ssm_machines.register(account, region, instance, machine)
    return instance
