"""A launch template's content as a spec. Pure: it reads EC2's answers.

What is not known to be carried is named, so that capture can refuse it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from drstate.programs.autoscaling.spec import (
    BlockDevice,
    MetadataOptions,
    NetworkInterface,
    TemplateSpec,
)

_CARRIED = frozenset(
    {
        "BlockDeviceMappings",
        "CreditSpecification",
        "DisableApiStop",
        "DisableApiTermination",
        "EbsOptimized",
        "IamInstanceProfile",
        "ImageId",
        "InstanceInitiatedShutdownBehavior",
        "InstanceType",
        "KeyName",
        "MetadataOptions",
        "Monitoring",
        "NetworkInterfaces",
        "Placement",
        "SecurityGroupIds",
        "TagSpecifications",
        "UserData",
    }
)
_INTERFACE = frozenset(
    {
        "AssociatePublicIpAddress",
        "DeleteOnTermination",
        "Description",
        "DeviceIndex",
        "Groups",
    }
)
_EBS = frozenset(
    {
        "DeleteOnTermination",
        "Encrypted",
        "Iops",
        "KmsKeyId",
        "SnapshotId",
        "Throughput",
        "VolumeSize",
        "VolumeType",
    }
)
#: what instances, and what is made along with them, may be tagged as
_TAGGED = ("instance", "network-interface", "volume")


def unsupported_template(data: dict[str, Any]) -> list[str]:
    """Settings of the template that would be lost."""
    wrong = [f"launch template's {name}" for name in _set(data) - _CARRIED - {"Operator"}]
    for interface in data.get("NetworkInterfaces") or []:
        wrong += [f"network interface's {name}" for name in _set(interface) - _INTERFACE]
    for device in data.get("BlockDeviceMappings") or []:
        wrong += [f"block device's {name}" for name in _set(device.get("Ebs") or {}) - _EBS]
    wrong += [f"placement's {name}" for name in _set(data.get("Placement") or {}) - {"Tenancy"}]
    wrong += [
        f"tags for {one['ResourceType']}"
        for one in data.get("TagSpecifications") or []
        if one.get("ResourceType") not in (*_TAGGED, "launch-template")
    ]
    return sorted(wrong)


def template_spec(name: str, data: dict[str, Any]) -> TemplateSpec:
    """The content, without what belongs to one version only."""
    profile = data.get("IamInstanceProfile") or {}
    text, binary = _user_data(data.get("UserData"))
    metadata = data.get("MetadataOptions")
    return TemplateSpec(
        name=name,
        image=data.get("ImageId") or None,
        instance_type=data.get("InstanceType") or None,
        key_name=data.get("KeyName") or None,
        instance_profile=profile.get("Arn") or profile.get("Name"),
        security_groups=tuple(sorted(data.get("SecurityGroupIds") or [])),
        interfaces=tuple(_interface(one) for one in data.get("NetworkInterfaces") or []),
        user_data=text,
        user_data_binary=binary,
        ebs_optimized=data.get("EbsOptimized"),
        monitoring=(data.get("Monitoring") or {}).get("Enabled"),
        devices=tuple(_device(one) for one in data.get("BlockDeviceMappings") or []),
        metadata=MetadataOptions(
            endpoint=metadata.get("HttpEndpoint"),
            tokens=metadata.get("HttpTokens"),
            hop_limit=metadata.get("HttpPutResponseHopLimit"),
            ipv6=metadata.get("HttpProtocolIpv6"),
            tags=metadata.get("InstanceMetadataTags"),
        )
        if metadata
        else None,
        cpu_credits=(data.get("CreditSpecification") or {}).get("CpuCredits"),
        tenancy=(data.get("Placement") or {}).get("Tenancy"),
        shutdown_behavior=data.get("InstanceInitiatedShutdownBehavior"),
        disable_api_stop=data.get("DisableApiStop"),
        disable_api_termination=data.get("DisableApiTermination"),
        tags={
            one["ResourceType"]: {
                tag["Key"]: tag["Value"]
                for tag in one.get("Tags") or []
                # an instance of a copy must not ask for protection of its own
                if not tag["Key"].startswith(("dr:", "aws:"))
            }
            for one in data.get("TagSpecifications") or []
            if one["ResourceType"] in _TAGGED
        },
    )


def _set(found: dict[str, Any]) -> set[str]:
    return {name for name, value in found.items() if value not in (None, "", [], {})}


def _interface(found: dict[str, Any]) -> NetworkInterface:
    return NetworkInterface(
        index=int(found.get("DeviceIndex") or 0),
        public_ip=found.get("AssociatePublicIpAddress"),
        delete_on_termination=found.get("DeleteOnTermination"),
        description=found.get("Description") or None,
        security_groups=tuple(sorted(found.get("Groups") or [])),
    )


def _device(found: dict[str, Any]) -> BlockDevice:
    ebs = found.get("Ebs") or {}
    return BlockDevice(
        device=found["DeviceName"],
        volume_gib=ebs.get("VolumeSize"),
        volume_type=ebs.get("VolumeType"),
        iops=ebs.get("Iops"),
        throughput=ebs.get("Throughput"),
        encrypted=ebs.get("Encrypted"),
        kms_key=ebs.get("KmsKeyId"),
        snapshot=ebs.get("SnapshotId"),
        delete_on_termination=ebs.get("DeleteOnTermination"),
        no_device="NoDevice" in found,
        virtual_name=found.get("VirtualName"),
    )


def _user_data(encoded: str | None) -> tuple[str | None, str | None]:
    """As text, or as base64 where it is no text."""
    if not encoded:
        return None, None
    try:
        return base64.b64decode(encoded, validate=True).decode(), None
    except (binascii.Error, UnicodeDecodeError):
        return None, encoded
