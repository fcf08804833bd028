"""aws:ec2/instance:Instance: one EC2 instance on demand. Its id is the instance's id.

Power is not a property of it: an instance that somebody stopped stays stopped, and is changed as it
is. Changing its type stops a running instance and starts it again, as the real provider does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import tag_list, tag_map
from drstate.sandbox.provider.problems import ProviderError, code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.wire import Values

_GONE = ("shutting-down", "terminated")
_OPTIONS = {
    "httpEndpoint": "HttpEndpoint",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpTokens": "HttpTokens",
    "instanceMetadataTags": "InstanceMetadataTags",
}
_SWITCH = ("disabled", "enabled")


def _refused() -> Prop:
    return text(refused="the sandbox's provider does not serve it")


class Instance(ResourceType):
    """An EC2 instance."""

    urn_type = "aws:ec2/instance:Instance"
    title = "EC2 Instance"
    timeouts = Timeouts(create=600.0, update=600.0, delete=1200.0)
    stable = ("arn", "primaryNetworkInterfaceId")
    props: ClassVar[Mapping[str, Prop]] = {
        "ami": text(replaces=True, computed=True),
        "associatePublicIpAddress": flag(replaces=True, computed=True),
        "availabilityZone": text(replaces=True, computed=True),
        "capacityReservationSpecification": _refused(),
        "cpuOptions": _refused(),
        "creditSpecification": _refused(),
        "disableApiStop": flag(computed=True),
        "disableApiTermination": flag(computed=True),
        "ebsBlockDevices": _refused(),
        "ebsOptimized": flag(computed=True, replaces=True),
        "enablePrimaryIpv6": _refused(),
        "enclaveOptions": _refused(),
        "ephemeralBlockDevices": _refused(),
        "forceDestroy": flag(local=True, default=False),
        "getPasswordData": _refused(),
        "hibernation": _refused(),
        "hostId": _refused(),
        "hostResourceGroupArn": _refused(),
        "iamInstanceProfile": text(computed=True),
        "instanceInitiatedShutdownBehavior": text(computed=True, choices=("stop", "terminate")),
        "instanceMarketOptions": _refused(),
        "instanceType": text(computed=True),
        "ipv6AddressCount": _refused(),
        "ipv6Addresses": _refused(),
        "keyName": text(replaces=True, computed=True),
        "launchTemplate": _refused(),
        "maintenanceOptions": _refused(),
        "metadataOptions": record(
            {
                "httpEndpoint": text(computed=True, choices=_SWITCH),
                "httpProtocolIpv6": text(computed=True, choices=_SWITCH),
                "httpPutResponseHopLimit": integer(computed=True, low=1, high=64),
                "httpTokens": text(computed=True, choices=("optional", "required")),
                "instanceMetadataTags": text(computed=True, choices=_SWITCH),
            },
            computed=True,
        ),
        "monitoring": flag(default=False),
        "networkInterfaces": _refused(),
        "placementGroup": _refused(),
        "placementGroupId": _refused(),
        "placementPartitionNumber": _refused(),
        "primaryNetworkInterface": _refused(),
        "privateDnsNameOptions": _refused(),
        "privateIp": text(replaces=True, computed=True),
        "region": REGION,
        "rootBlockDevice": _refused(),
        "secondaryNetworkInterfaces": _refused(),
        "secondaryPrivateIps": _refused(),
        "securityGroups": _refused(),
        "sourceDestCheck": flag(default=True),
        "subnetId": text(replaces=True, computed=True),
        "tags": TAGS,
        "tenancy": text(replaces=True, computed=True, choices=("dedicated", "default", "host")),
        "userData": _refused(),
        "userDataBase64": _refused(),
        "userDataReplaceOnChange": flag(local=True, default=False),
        "volumeTags": _refused(),
        "vpcSecurityGroupIds": unordered(computed=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "instanceLifecycle": OUT_TEXT,
        "instanceState": OUT_TEXT,
        "outpostArn": OUT_TEXT,
        "passwordData": OUT_TEXT,
        "primaryNetworkInterfaceId": OUT_TEXT,
        "privateDns": OUT_TEXT,
        "publicDns": OUT_TEXT,
        "publicIp": OUT_TEXT,
        "spotInstanceRequestId": OUT_TEXT,
        "tagsAll": OUT_TAGS,
    }

    @override
    def check(self, inputs: Values) -> list[tuple[str, str]]:
        missing = [name for name in ("ami", "instanceType") if not inputs.get(name)]
        return [
            (name, f"{name} has to be given: launch templates are not served") for name in missing
        ]

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        shown = call.client("ec2").run_instances(
            **_request(inputs), **_tagging(tags), MinCount=1, MaxCount=1, ClientToken=call.unique()
        )
        ident = str(shown["Instances"][0]["InstanceId"])
        with made(ident):
            self._await(call, ident, "running")
            if inputs.get("sourceDestCheck") is False:
                self._attribute(call, ident, SourceDestCheck={"Value": False})
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        profile = (shown.get("IamInstanceProfile") or {}).get("Arn", "")
        options = shown.get("MetadataOptions") or {}
        nic: dict[str, Any] = next(iter(shown.get("NetworkInterfaces") or []), {})
        account = call.account
        values: Values = {
            "ami": shown["ImageId"],
            "arn": f"arn:{call.partition}:ec2:{call.region}:{account}:instance/{ident}",
            "availabilityZone": shown["Placement"]["AvailabilityZone"],
            "ebsOptimized": bool(shown.get("EbsOptimized")),
            "iamInstanceProfile": profile.rpartition("/")[2] or None,
            "instanceState": shown["State"]["Name"],
            "instanceType": shown["InstanceType"],
            "keyName": shown.get("KeyName"),
            "metadataOptions": {
                name: options[key] for name, key in _OPTIONS.items() if key in options
            },
            "monitoring": (shown.get("Monitoring") or {}).get("State") in ("enabled", "pending"),
            "primaryNetworkInterfaceId": nic.get("NetworkInterfaceId"),
            "privateDns": shown.get("PrivateDnsName"),
            "privateIp": shown.get("PrivateIpAddress"),
            "publicDns": shown.get("PublicDnsName"),
            "publicIp": shown.get("PublicIpAddress"),
            "sourceDestCheck": bool(shown.get("SourceDestCheck", True)),
            "subnetId": shown.get("SubnetId"),
            "tenancy": (shown.get("Placement") or {}).get("Tenancy") or "default",
            "vpcSecurityGroupIds": sorted(
                group["GroupId"] for group in shown.get("SecurityGroups") or []
            ),
        }
        values["disableApiTermination"] = self._protected(call, ident)
        return Found(ident, values, tag_map(shown.get("Tags") or []))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        ec2 = call.client("ec2")
        if "instanceType" in changed:
            self._retype(call, ident, str(new["instanceType"]))
        if "vpcSecurityGroupIds" in changed:
            self._attribute(call, ident, Groups=list(new.get("vpcSecurityGroupIds") or []))
        if "sourceDestCheck" in changed:
            value = bool(new.get("sourceDestCheck", True))
            self._attribute(call, ident, SourceDestCheck={"Value": value})
        if "disableApiTermination" in changed:
            value = bool(new.get("disableApiTermination"))
            self._attribute(call, ident, DisableApiTermination={"Value": value})
        if "disableApiStop" in changed:
            value = bool(new.get("disableApiStop"))
            self._attribute(call, ident, DisableApiStop={"Value": value})
        if "instanceInitiatedShutdownBehavior" in changed:
            wanted = {"Value": new.get("instanceInitiatedShutdownBehavior") or "stop"}
            self._attribute(call, ident, InstanceInitiatedShutdownBehavior=wanted)
        if "monitoring" in changed:
            switch = ec2.monitor_instances if new.get("monitoring") else ec2.unmonitor_instances
            switch(InstanceIds=[ident])
        if "metadataOptions" in changed:
            ec2.modify_instance_metadata_options(InstanceId=ident, **_options(new))
        if "iamInstanceProfile" in changed:
            self._associate(call, ident, new.get("iamInstanceProfile"))

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if self._look(call, ident) is None:
            return
        if state.get("forceDestroy"):
            self._attribute(call, ident, DisableApiTermination={"Value": False})
        call.client("ec2").terminate_instances(InstanceIds=[ident])
        call.waiter.until(
            f"{self.title} ({ident}) to be terminated",
            call.limit,
            lambda: None if self._state(call, ident) not in ("terminated", "") else True,
        )

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        ec2 = call.client("ec2")
        if drop:
            ec2.delete_tags(Resources=[ident], Tags=[{"Key": key} for key in drop])
        if put:
            ec2.create_tags(Resources=[ident], Tags=tag_list(put))

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        try:
            answer = call.client("ec2").describe_instances(InstanceIds=[ident])
        except ClientError as error:
            if code_of(error) == "InvalidInstanceID.NotFound":
                return None
            raise
        found = [one for row in answer["Reservations"] for one in row["Instances"]]
        alive = [one for one in found if one["State"]["Name"] not in _GONE]
        return dict(alive[0]) if alive else None

    def _state(self, call: Call, ident: str) -> str:
        try:
            answer = call.client("ec2").describe_instances(InstanceIds=[ident])
        except ClientError as error:
            if code_of(error) == "InvalidInstanceID.NotFound":
                return ""
            raise
        rows = [one for row in answer["Reservations"] for one in row["Instances"]]
        return str(rows[0]["State"]["Name"]) if rows else ""

    def _await(self, call: Call, ident: str, wanted: str) -> None:
        def there() -> bool | None:
            state = self._state(call, ident)
            if state in _GONE and wanted not in _GONE:
                raise ProviderError(f"{self.title} ({ident}) is {state}, it never becomes {wanted}")
            return True if state == wanted else None

        call.waiter.until(f"{self.title} ({ident}) to be {wanted}", call.limit, there)

    def _protected(self, call: Call, ident: str) -> bool:
        shown = call.client("ec2").describe_instance_attribute(
            InstanceId=ident, Attribute="disableApiTermination"
        )
        return bool((shown.get("DisableApiTermination") or {}).get("Value"))

    def _attribute(self, call: Call, ident: str, **change: Any) -> None:
        call.client("ec2").modify_instance_attribute(InstanceId=ident, **change)

    def _retype(self, call: Call, ident: str, wanted: str) -> None:
        ec2 = call.client("ec2")
        running = self._state(call, ident) == "running"
        if running:
            ec2.stop_instances(InstanceIds=[ident])
        self._await(call, ident, "stopped")
        self._attribute(call, ident, InstanceType={"Value": wanted})
        if running:
            ec2.start_instances(InstanceIds=[ident])
            self._await(call, ident, "running")

    def _associate(self, call: Call, ident: str, wanted: str | None) -> None:
        ec2 = call.client("ec2")
        held = ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [ident]}]
        )["IamInstanceProfileAssociations"]
        for one in held:
            ec2.disassociate_iam_instance_profile(AssociationId=one["AssociationId"])
        if wanted:
            ec2.associate_iam_instance_profile(
                InstanceId=ident, IamInstanceProfile={"Name": wanted}
            )


def _options(inputs: Values) -> dict[str, Any]:
    given: Mapping[str, Any] = inputs.get("metadataOptions") or {}
    return {key: given[name] for name, key in _OPTIONS.items() if given.get(name) is not None}


def _tagging(tags: Mapping[str, str]) -> dict[str, Any]:
    if not tags:
        return {}
    return {"TagSpecifications": [{"ResourceType": "instance", "Tags": tag_list(tags)}]}


def _request(inputs: Values) -> dict[str, Any]:
    """The members of RunInstances for what is given."""
    simple = {
        "ami": "ImageId",
        "disableApiStop": "DisableApiStop",
        "disableApiTermination": "DisableApiTermination",
        "ebsOptimized": "EbsOptimized",
        "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
        "instanceType": "InstanceType",
        "keyName": "KeyName",
    }
    request = {key: inputs[name] for name, key in simple.items() if inputs.get(name) is not None}
    if inputs.get("iamInstanceProfile"):
        request["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
    if inputs.get("monitoring"):
        request["Monitoring"] = {"Enabled": True}
    if _options(inputs):
        request["MetadataOptions"] = _options(inputs)
    placed = {"availabilityZone": "AvailabilityZone", "tenancy": "Tenancy"}
    placement = {key: inputs[name] for name, key in placed.items() if inputs.get(name)}
    if placement:
        request["Placement"] = placement
    return request | _network(inputs)


def _network(inputs: Values) -> dict[str, Any]:
    """Subnet, address and groups; a public address can only be asked for on an interface."""
    groups = list(inputs.get("vpcSecurityGroupIds") or [])
    public = inputs.get("associatePublicIpAddress")
    placed: dict[str, Any] = {
        key: inputs[name]
        for name, key in {"subnetId": "SubnetId", "privateIp": "PrivateIpAddress"}.items()
        if inputs.get(name)
    }
    if public is None:
        return placed | ({"SecurityGroupIds": groups} if groups else {})
    return {
        "NetworkInterfaces": [
            {"DeviceIndex": 0, "AssociatePublicIpAddress": public, "Groups": groups, **placed}
        ]
    }
