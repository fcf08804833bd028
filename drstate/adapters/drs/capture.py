"""Reading an EC2 instance into its spec, where it serves.

What DRS brings with the disks is not read: operating system, data, user data. What the copy would
lose silently (a second interface, an Elastic IP, a Spot request) is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.drs import PRIVATE_DNS, DrsSpec, Metadata


def capture(resource: Resource, at: At, now: datetime) -> DrsSpec:
    """The spec of the instance at ``at.region``. Raises OperationError, AwsCallError."""
    answer = at.find(
        "ec2", "describe_instances", "InvalidInstanceID.NotFound", InstanceIds=[resource.name]
    )
    rows = [one for row in answer.get("Reservations", []) for one in row["Instances"]]
    state = rows[0]["State"]["Name"] if rows else "not there"
    if state != "running":
        raise OperationError(
            f"{resource.key} in {at.region} is {state}, so there is no production to capture",
            why="a site in standby or retired must not overwrite what production was",
            hint="the last spec stays in use; capture again when the server serves",
        )
    found = rows[0]
    _refuse(resource, found)
    (subnet,) = at.call("ec2", "describe_subnets", SubnetIds=[found["SubnetId"]])["Subnets"]
    protection = at.call(
        "ec2",
        "describe_instance_attribute",
        InstanceId=resource.name,
        Attribute="disableApiTermination",
    )
    options = found.get("MetadataOptions") or {}
    plain = Metadata()
    association = _interface(found).get("Association") or {}
    return DrsSpec(
        region=at.region,
        captured_at=now,
        endpoints={PRIVATE_DNS: found["PrivateDnsName"]} if found.get("PrivateDnsName") else {},
        instance_id=resource.name,
        arn=resource.arn,
        platform=str(found.get("Platform") or "linux").lower(),
        architecture=found.get("Architecture") or "x86_64",
        image=found["ImageId"],
        instance_type=found["InstanceType"],
        subnet=found["SubnetId"],
        subnet_cidr=subnet["CidrBlock"],
        private_ip=found["PrivateIpAddress"],
        public_ip=bool(association.get("PublicIp")),
        security_groups=tuple(sorted(one["GroupId"] for one in found.get("SecurityGroups") or [])),
        instance_profile=_profile(found),
        key_pair=found.get("KeyName") or None,
        ebs_optimized=bool(found.get("EbsOptimized")),
        detailed_monitoring=(found.get("Monitoring") or {}).get("State") == "enabled",
        termination_protection=bool((protection.get("DisableApiTermination") or {}).get("Value")),
        source_dest_check=bool(found.get("SourceDestCheck", True)),
        tenancy=(found.get("Placement") or {}).get("Tenancy") or "default",
        metadata=Metadata(
            endpoint=options.get("HttpEndpoint") or plain.endpoint,
            tokens=options.get("HttpTokens") or plain.tokens,
            hop_limit=int(options.get("HttpPutResponseHopLimit") or plain.hop_limit),
            tags=options.get("InstanceMetadataTags") or plain.tags,
        ),
    )


def unsupported(found: Mapping[str, Any]) -> list[str]:
    """What the instance has that its copy would not have, in AWS's words."""
    interfaces = found.get("NetworkInterfaces") or []
    first = _interface(found)
    placement = found.get("Placement") or {}
    owner = (first.get("Association") or {}).get("IpOwnerId")
    windows = str(found.get("Platform") or "").lower() == "windows"
    has = {
        "several network interfaces": len(interfaces) > 1,
        "several private addresses": len(first.get("PrivateIpAddresses") or []) > 1,
        "IPv6 addresses": bool(first.get("Ipv6Addresses")),
        "an Elastic IP address": owner not in (None, "", "amazon"),
        "a Spot request": bool(found.get("InstanceLifecycle")),
        "a dedicated host": bool(placement.get("HostId")),
        "a placement group": bool(placement.get("GroupName")),
        "hibernation": bool((found.get("HibernationOptions") or {}).get("Configured")),
        "an enclave": bool((found.get("EnclaveOptions") or {}).get("Enabled")),
        # what DRS does not launch into
        "an instance store as root device": found.get("RootDeviceType") == "instance-store",
        "another architecture than x86_64": found.get("Architecture", "x86_64") != "x86_64",
        "UEFI boot on Linux": found.get("CurrentInstanceBootMode") == "uefi" and not windows,
    }
    return [name for name, there in has.items() if there]


def _refuse(resource: Resource, found: Mapping[str, Any]) -> None:
    wrong = unsupported(found)
    if wrong:
        raise OperationError(
            f"{resource.key} in {resource.region} has {', '.join(wrong)}",
            why="these are not carried to the recovery site, and are never dropped silently",
            hint=f"change the instance, or take the tag dr:enabled off {resource.arn}",
        )


def _interface(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter(found.get("NetworkInterfaces") or []), {})


def _profile(found: Mapping[str, Any]) -> str | None:
    arn = (found.get("IamInstanceProfile") or {}).get("Arn")
    return str(arn).rpartition("/")[2] if arn else None
