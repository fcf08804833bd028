"""aws:ec2/launchTemplate:LaunchTemplate: a template; every change of it is a new version.

Instances that were launched from an earlier version stay as they are. Its id is the template's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import (
    BY_HAND,
    Style,
    inward,
    outward,
    tag_list,
    tag_map,
)
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_INTEGER,
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    listing,
    mapping,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import ec2_shared as ec2
from drstate.sandbox.provider.wire import Values

_EBS: dict[str, Prop] = {
    "deleteOnTermination": text(),
    "encrypted": text(),
    "iops": integer(computed=True),
    "kmsKeyId": text(),
    "snapshotId": text(),
    "throughput": integer(computed=True),
    "volumeSize": integer(computed=True),
    "volumeType": text(computed=True),
    **ec2.unserved("volumeInitializationRate"),
}
_INTERFACE: dict[str, Prop] = {
    "associatePublicIpAddress": text(),
    "deleteOnTermination": text(),
    "description": text(),
    "deviceIndex": integer(),
    "networkInterfaceId": text(),
    "privateIpAddress": text(),
    "securityGroups": unordered(api="Groups"),
    "subnetId": text(),
    **ec2.unserved(
        "associateCarrierIpAddress",
        "connectionTrackingSpecification",
        "enaQueueCount",
        "enaSrdSpecification",
        "interfaceType",
        "ipv4AddressCount",
        "ipv4Addresses",
        "ipv4PrefixCount",
        "ipv4Prefixes",
        "ipv6AddressCount",
        "ipv6Addresses",
        "ipv6PrefixCount",
        "ipv6Prefixes",
        "networkCardIndex",
        "primaryIpv6",
    ),
}
_NOT_SERVED = (
    "capacityReservationSpecification",
    "cpuOptions",
    "enclaveOptions",
    "hibernationOptions",
    "instanceMarketOptions",
    "instanceRequirements",
    "licenseSpecifications",
    "maintenanceOptions",
    "networkPerformanceOptions",
    "privateDnsNameOptions",
    "secondaryInterfaces",
)
_DATA: dict[str, Prop] = {
    "blockDeviceMappings": listing(
        record(
            {
                "deviceName": text(),
                "ebs": record(_EBS),
                "noDevice": text(),
                "virtualName": text(),
            }
        )
    ),
    "creditSpecification": record({"cpuCredits": text()}),
    "disableApiStop": flag(),
    "disableApiTermination": flag(),
    "ebsOptimized": text(),
    "iamInstanceProfile": record({"arn": text(), "name": text()}),
    "imageId": text(),
    "instanceInitiatedShutdownBehavior": text(choices=("stop", "terminate")),
    "instanceType": text(),
    "kernelId": text(),
    "keyName": text(),
    "metadataOptions": record(
        {
            "httpEndpoint": text(choices=("disabled", "enabled")),
            "httpProtocolIpv6": text(choices=("disabled", "enabled")),
            "httpPutResponseHopLimit": integer(low=1, high=64),
            "httpTokens": text(choices=("optional", "required")),
            "instanceMetadataTags": text(choices=("disabled", "enabled")),
        },
        computed=True,
    ),
    "monitoring": record({"enabled": flag()}),
    "networkInterfaces": listing(record(_INTERFACE)),
    "placement": record(
        {
            "availabilityZone": text(),
            "groupName": text(),
            "tenancy": text(),
            **ec2.unserved(
                "affinity",
                "groupId",
                "hostId",
                "hostResourceGroupArn",
                "partitionNumber",
                "spreadDomain",
            ),
        }
    ),
    "ramDiskId": text(),
    "securityGroupNames": unordered(api="SecurityGroups"),
    "tagSpecifications": listing(record({"resourceType": text(), "tags": mapping()}), api=BY_HAND),
    "userData": text(),
    "vpcSecurityGroupIds": unordered(api="SecurityGroupIds"),
}
#: switches that the provider takes as texts
_SWITCHES = frozenset(
    {"AssociatePublicIpAddress", "DeleteOnTermination", "EbsOptimized", "Encrypted"}
)


class LaunchTemplate(ResourceType):
    """A launch template."""

    urn_type = "aws:ec2/launchTemplate:LaunchTemplate"
    title = "EC2 Launch Template"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    props: ClassVar[Mapping[str, Prop]] = {
        **_DATA,
        **ec2.unserved(*_NOT_SERVED),
        "defaultVersion": integer(computed=True, refused="set updateDefaultVersion instead"),
        "description": text(),
        "name": text(replaces=True, computed=True),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "region": REGION,
        "tags": TAGS,
        "updateDefaultVersion": flag(local=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "latestVersion": OUT_INTEGER,
        "tagsAll": OUT_TAGS,
    }
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
        (*_DATA, "description"), ("latestVersion", "defaultVersion")
    )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request: dict[str, Any] = {
            "LaunchTemplateName": inputs["name"],
            "LaunchTemplateData": _data(inputs),
        }
        if inputs.get("description"):
            request["VersionDescription"] = inputs["description"]
        if tags:
            request["TagSpecifications"] = ec2.specification("launch-template", tags)
        answer = call.client("ec2").create_launch_template(**request)
        return str(answer["LaunchTemplate"]["LaunchTemplateId"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("ec2")
        try:
            templates = client.describe_launch_templates(LaunchTemplateIds=[ident])
            versions = client.describe_launch_template_versions(
                LaunchTemplateId=ident, Versions=["$Latest"]
            )
        except ClientError as error:
            if ec2.absent(error):
                return None
            raise
        if not templates["LaunchTemplates"]:
            return None
        shown, version = templates["LaunchTemplates"][0], versions["LaunchTemplateVersions"][0]
        data = version["LaunchTemplateData"]
        values = inward(_as_texts(data), _DATA, Style.PASCAL)
        for name in _DATA:
            # what a version does not have is known to be absent
            values.setdefault(name, None)
        values["tagSpecifications"] = [
            {"resourceType": each["ResourceType"], "tags": tag_map(each.get("Tags") or ())}
            for each in data.get("TagSpecifications") or ()
            if each["ResourceType"] != "launch-template"
        ]
        values |= {
            "arn": f"arn:{call.partition}:ec2:{call.region}:{call.account}:launch-template/{ident}",
            "defaultVersion": shown["DefaultVersionNumber"],
            "description": version.get("VersionDescription"),
            "latestVersion": shown["LatestVersionNumber"],
            "name": shown["LaunchTemplateName"],
        }
        return Found(ident, values, tag_map(shown.get("Tags") or ()))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client("ec2")
        if changed & {*_DATA, "description"}:
            request: dict[str, Any] = {"LaunchTemplateId": ident, "LaunchTemplateData": _data(new)}
            if new.get("description"):
                request["VersionDescription"] = new["description"]
            made = client.create_launch_template_version(**request)["LaunchTemplateVersion"]
            if new.get("updateDefaultVersion"):
                client.modify_launch_template(
                    LaunchTemplateId=ident, DefaultVersion=str(made["VersionNumber"])
                )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client("ec2").delete_launch_template(LaunchTemplateId=ident)
        except ClientError as error:
            if not ec2.absent(error):
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        ec2.retag(call, ident, put, drop)


def _data(inputs: Values) -> dict[str, Any]:
    request: dict[str, Any] = _as_switches(outward(inputs, _DATA, Style.PASCAL))
    if inputs.get("tagSpecifications"):
        request["TagSpecifications"] = [
            {"ResourceType": each["resourceType"], "Tags": tag_list(each.get("tags") or {})}
            for each in inputs["tagSpecifications"]
        ]
    return request


def _as_switches(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: item == "true"
            if name in _SWITCHES and isinstance(item, str)
            else _as_switches(item)
            for name, item in value.items()
        }
    return [_as_switches(item) for item in value] if isinstance(value, list) else value


def _as_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: str(item).lower()
            if name in _SWITCHES and isinstance(item, bool)
            else _as_texts(item)
            for name, item in value.items()
        }
    return [_as_texts(item) for item in value] if isinstance(value, list) else value
