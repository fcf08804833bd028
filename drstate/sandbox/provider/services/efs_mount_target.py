"""aws:efs/mountTarget:MountTarget: where a network mounts a file system. Its id is AWS's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import OUT_TEXT, REGION, Prop, text, unordered
from drstate.sandbox.provider.services import efs_shared as efs
from drstate.sandbox.provider.wire import Values


class MountTarget(ResourceType):
    """Where a network mounts a file system. Its id is AWS's; it has no tags."""

    urn_type = "aws:efs/mountTarget:MountTarget"
    title = "EFS Mount Target"
    timeouts = Timeouts(create=1800.0, update=600.0, delete=600.0)
    stable = ("dnsName", "fileSystemArn", "mountTargetDnsName", "networkInterfaceId", "ownerId")
    props: ClassVar[Mapping[str, Prop]] = {
        "fileSystemId": text(required=True, replaces=True),
        "ipAddress": text(replaces=True, computed=True),
        "ipAddressType": text(refused="the sandbox has IPv4 only"),
        "ipv6Address": text(refused="the sandbox has IPv4 only"),
        "region": REGION,
        "securityGroups": unordered(computed=True, api=BY_HAND),
        "subnetId": text(required=True, replaces=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "availabilityZoneId": OUT_TEXT,
        "availabilityZoneName": OUT_TEXT,
        "dnsName": OUT_TEXT,
        "fileSystemArn": OUT_TEXT,
        "mountTargetDnsName": OUT_TEXT,
        "networkInterfaceId": OUT_TEXT,
        "ownerId": OUT_TEXT,
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        if inputs.get("securityGroups"):
            request["SecurityGroups"] = list(inputs["securityGroups"])
        ident = str(call.client("efs").create_mount_target(**request)["MountTargetId"])
        with made(ident):
            efs.until_available(
                call,
                f"{self.title} ({ident})",
                "describe_mount_targets",
                "MountTargets",
                MountTargetId=ident,
            )
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = efs.look(call, "describe_mount_targets", "MountTargets", MountTargetId=ident)
        if shown is None:
            return None
        client = call.client("efs")
        values = inward(shown, self.props, Style.PASCAL)
        groups = client.describe_mount_target_security_groups(MountTargetId=ident)
        values["securityGroups"] = sorted(groups["SecurityGroups"])
        system = shown["FileSystemId"]
        base = f"{system}.efs.{call.region}.amazonaws.com"
        zone = shown.get("AvailabilityZoneName", "")
        values["availabilityZoneId"] = shown.get("AvailabilityZoneId", "")
        values["availabilityZoneName"] = zone
        values["dnsName"] = base
        values["fileSystemArn"] = (
            f"arn:{call.partition}:elasticfilesystem:{call.region}:{call.account}:"
            f"file-system/{system}"
        )
        values["mountTargetDnsName"] = f"{zone}.{base}"
        values["networkInterfaceId"] = shown.get("NetworkInterfaceId", "")
        values["ownerId"] = shown.get("OwnerId", "")
        return Found(ident, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        if "securityGroups" in changed:
            call.client("efs").modify_mount_target_security_groups(
                MountTargetId=ident, SecurityGroups=list(new.get("securityGroups") or [])
            )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        efs.delete(call, "delete_mount_target", MountTargetId=ident)
        efs.until_gone(
            call,
            f"{self.title} ({ident})",
            "describe_mount_targets",
            "MountTargets",
            MountTargetId=ident,
        )
