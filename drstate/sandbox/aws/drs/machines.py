"""The EC2 side of a recovery: instances launched, launched into, and ended.

They are the emulated EC2's own instances. What cannot be done raises LaunchError in words for
the job's log. Nothing here knows of jobs' time.
"""

from __future__ import annotations

import math
from ipaddress import ip_address
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random

from . import configuration
from .models import Job, SourceServer

_IMAGE = "ami-00000000000000d25"
_GONE = ("shutting-down", "terminated")
_GIB = 1024**3


class LaunchError(Exception):
    """EC2 would not do it; the text says why."""


def find(account: str, region: str, name: str) -> Any:
    """An EC2 instance, or None."""
    try:
        return ec2_backends[account][region].get_instance(name)
    except ServiceException:
        return None


def prepare(server: SourceServer) -> None:
    """Stop the instance that is to be launched into."""
    name = configuration.into_instance(server)
    if name:
        instance = _existing(server, name)
        if instance.state == "running":
            instance.stop()


def launch(server: SourceServer, job: Job) -> str:
    """Launch, or start what is launched into. Returns the instance's id."""
    name = configuration.into_instance(server)
    if not name:
        # Launches happen between requests, and their identifiers must not depend on which.
        mock_random.seed(f"{job.id}|{server.id}")
        return _run(server, job)
    instance = _existing(server, name)
    instance.add_tags(_marks(server, job))
    if server.launch["launchDisposition"] == "STARTED" and instance.state == "stopped":
        instance.start()
    return name


def stop(server: SourceServer, name: str) -> None:
    """Stop what was launched, as its launch configuration wants it."""
    instance = find(server.account, server.region, name)
    if instance is not None and instance.state == "running":
        instance.stop()


def terminate(server: SourceServer, name: str) -> None:
    """Begin to end an instance; one that is gone is no error."""
    instance = find(server.account, server.region, name)
    if instance is None or instance.state in _GONE:
        return
    if instance.disable_api_termination:
        raise LaunchError(
            f"The instance '{name}' may not be terminated. Modify its 'disableApiTermination' "
            "instance attribute and try again."
        )
    instance.terminate()


def _existing(server: SourceServer, name: str) -> Any:
    instance = find(server.account, server.region, name)
    if instance is None or instance.state in _GONE:
        raise LaunchError(f"Instance {name}, which is to be launched into, does not exist")
    return instance


def _run(server: SourceServer, job: Job) -> str:
    ec2 = ec2_backends[server.account][server.region]
    template = ec2.launch_templates.get(server.launch["ec2LaunchTemplateID"])
    if template is None:
        raise LaunchError(f"Launch template {server.launch['ec2LaunchTemplateID']} does not exist")
    data = template.default_version().data
    nic: dict[str, Any] = next(iter(data.get("NetworkInterfaces") or []), {})
    fixed = server.launch["targetInstanceTypeRightSizingMethod"] == "NONE"
    machine = server.machine
    wanted = machine.private_ip if server.launch["copyPrivateIp"] else nic.get("PrivateIpAddress")
    subnet = _subnet(ec2, nic.get("SubnetId"), wanted)
    kind = data.get("InstanceType") if fixed else None
    try:
        reservation = ec2.run_instances(
            _IMAGE,
            1,
            None,
            [],
            instance_type=kind or machine.instance_type,
            is_instance_type_default=False,
            region_name=server.region,
            subnet_id=subnet,
            private_ip=wanted or None,
            security_group_ids=list(nic.get("Groups") or data.get("SecurityGroupIds") or []),
            associate_public_ip=nic.get("AssociatePublicIpAddress"),
            block_device_mappings=_disks(server),
            tags={"instance": _tags(server, job, data)},
        )
    except ServiceException as error:
        raise LaunchError(f"{error.code}: {error.message}") from error
    instance = reservation.instances[0]
    instance.architecture = machine.architecture
    instance.virtualization_type = "hvm"
    instance.platform = "windows" if machine.platform == "windows" else None
    return str(instance.id)


def _subnet(ec2: Any, named: str | None, address: str | None) -> str | None:
    """Where to launch; moto would stop at an address that is taken or outside."""
    if named:
        try:
            subnets = [ec2.get_subnet(named)]
        except ServiceException as error:
            raise LaunchError(f"The subnet ID '{named}' does not exist") from error
    else:
        subnets = list(ec2.describe_subnets())
    if not address:
        return named
    fitting = [one for one in subnets if ip_address(address) in one.cidr]
    if not fitting:
        where = f"subnet {named}" if named else "any subnet"
        raise LaunchError(f"Address {address} does not fall within the address range of {where}")
    free = [one for one in fitting if address not in one._subnet_ips]  # noqa: SLF001 - no getter
    if not free:
        raise LaunchError(f"Address {address} is in use.")
    return str(free[0].id)


def _disks(server: SourceServer) -> list[dict[str, Any]]:
    return [
        {
            "DeviceName": device,
            "Ebs": {
                "VolumeSize": max(1, math.ceil(size / _GIB)),
                "VolumeType": "gp3",
                "DeleteOnTermination": True,
            },
        }
        for device, size in server.machine.disks.items()
    ]


def _marks(server: SourceServer, job: Job) -> dict[str, str]:
    return {
        "AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com",
        "AWSElasticDisasterRecoverySourceServerID": server.id,
        "AWSElasticDisasterRecoveryJobID": job.id,
    }


def _tags(server: SourceServer, job: Job, template: dict[str, Any]) -> dict[str, str]:
    found = {"Name": server.launch.get("name") or server.machine.hostname}
    for specification in template.get("TagSpecifications") or []:
        if specification.get("ResourceType") == "instance":
            found |= {tag["Key"]: tag["Value"] for tag in specification.get("Tags") or []}
    if server.launch["copyTags"]:
        found |= {k: v for k, v in server.tags.items() if not k.startswith(("sandbox:", "aws:"))}
    return found | job.tags | _marks(server, job)
