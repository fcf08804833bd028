"""How a server is launched, and how it is replicated: defaults, changes, what is refused.

Subnet, security groups and instance type of a launch are in an EC2 launch template that DRS
makes for the server; its default version counts, and clients change it through EC2.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from drstate.sandbox import refusals

from . import errors
from .models import Machine, SourceServer

ALLOW_TAG = ("AWSDRS", "AllowLaunchingIntoThisInstance")
_POLICY = [
    {"ruleID": 1, "units": "MINUTE", "interval": 10, "retentionDuration": 60, "enabled": True},
    {"ruleID": 2, "units": "HOUR", "interval": 1, "retentionDuration": 24, "enabled": True},
    {"ruleID": 3, "units": "DAY", "interval": 1, "retentionDuration": 7, "enabled": True},
]


def launch_defaults(account: str, region: str, server_id: str, machine: Machine) -> dict[str, Any]:
    """A new server's launch configuration, with an EC2 launch template of its own."""
    template = ec2_backends[account][region].create_launch_template(
        f"drs-{server_id}",
        "Made by AWS Elastic Disaster Recovery",
        {"InstanceType": machine.instance_type},
        {},
    )
    return {
        "name": machine.hostname,
        "ec2LaunchTemplateID": template.id,
        "launchDisposition": "STARTED",
        "targetInstanceTypeRightSizingMethod": "NONE",
        "copyPrivateIp": False,
        "copyTags": False,
        "licensing": {"osByol": False},
        "postLaunchEnabled": False,
    }


def replication_defaults(machine: Machine) -> dict[str, Any]:
    """A new server's replication configuration."""
    return {
        "name": machine.hostname,
        "stagingAreaSubnetId": "",
        "associateDefaultSecurityGroup": True,
        "replicationServersSecurityGroupsIDs": [],
        "replicationServerInstanceType": "t3.small",
        "useDedicatedReplicationServer": False,
        "defaultLargeStagingDiskType": "GP3",
        "replicatedDisks": [
            {
                "deviceName": device,
                "isBootDisk": number == 0,
                "stagingDiskType": "AUTO",
                "optimizedStagingDiskType": "GP3",
                "iops": 0,
                "throughput": 0,
            }
            for number, device in enumerate(machine.disks)
        ],
        "ebsEncryption": "DEFAULT",
        "bandwidthThrottling": 0,
        "dataPlaneRouting": "PRIVATE_IP",
        "createPublicIP": False,
        "stagingAreaTags": {},
        "pitPolicy": [dict(rule) for rule in _POLICY],
        "autoReplicateNewDisks": False,
        "internetProtocol": "IPV4",
    }


def update_launch(server: SourceServer, params: dict[str, Any]) -> None:
    """Change what is given; refused where an existing instance cannot be launched into."""
    if params.get("postLaunchEnabled"):
        asked = "UpdateLaunchConfiguration with postLaunchEnabled"
        raise refusals.not_implemented("drs", asked, "")
    changed = {**server.launch, **_given(params)}
    into = (changed.get("launchIntoInstanceProperties") or {}).get("launchIntoEC2InstanceID")
    if into:
        _check_into(server, changed, into)
    else:
        changed.pop("launchIntoInstanceProperties", None)
    server.launch = changed


def into_instance(server: SourceServer) -> str:
    """The existing instance that the server is launched into, or ""."""
    properties = server.launch.get("launchIntoInstanceProperties") or {}
    return str(properties.get("launchIntoEC2InstanceID") or "")


def update_replication(server: SourceServer, params: dict[str, Any]) -> None:
    """Change what is given; refused where it names what is not there."""
    given = _given(params)
    ec2 = ec2_backends[server.account][server.region]
    subnet = given.get("stagingAreaSubnetId")
    if subnet:
        try:
            ec2.get_subnet(subnet)
        except ServiceException as error:
            raise errors.invalid(
                f"Subnet {subnet} does not exist", "stagingAreaSubnetId"
            ) from error
    for group in given.get("replicationServersSecurityGroupsIDs") or []:
        if ec2.get_security_group_from_id(group) is None:
            raise errors.invalid(
                f"Security group {group} does not exist", "replicationServersSecurityGroupsIDs"
            )
    known = {one["deviceName"]: one for one in server.replicate["replicatedDisks"]}
    for disk in given.pop("replicatedDisks", None) or []:
        device = disk.get("deviceName")
        if device not in known:
            raise errors.invalid(f"The server has no disk {device}", "replicatedDisks")
        known[device].update(disk)
    if given.get("ebsEncryption") == "CUSTOM" and not given.get("ebsEncryptionKeyArn"):
        raise errors.invalid("CUSTOM encryption needs a key", "ebsEncryptionKeyArn")
    server.replicate.update(given)


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if key != "sourceServerID"}


def _check_into(server: SourceServer, wanted: dict[str, Any], name: str) -> None:
    field = "launchIntoInstanceProperties"
    for copied in ("copyTags", "copyPrivateIp"):
        if wanted[copied]:
            raise errors.invalid(f"{copied} must be off to launch into an instance", field)
    ec2 = ec2_backends[server.account][server.region]
    try:
        instance = ec2.get_instance(name)
    except ServiceException as error:
        raise errors.invalid(f"Instance {name} does not exist", field) from error
    key, value = ALLOW_TAG
    if {"key": key, "value": value} not in [
        {"key": tag["key"], "value": tag["value"]} for tag in instance.get_tags()
    ]:
        raise errors.invalid(f"Instance {name} does not have the tag {key}={value}", field)
    if (instance.platform or "linux") != server.machine.platform:
        raise errors.invalid(
            f"Instance {name} is {instance.platform or 'linux'}, the source server is "
            f"{server.machine.platform}",
            field,
        )
