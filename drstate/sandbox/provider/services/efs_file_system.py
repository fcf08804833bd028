"""aws:efs/fileSystem:FileSystem: a file system. Its id is AWS's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
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
    number,
    record,
    text,
)
from drstate.sandbox.provider.services import efs_shared as efs
from drstate.sandbox.provider.wire import Values

#: the order in which the real provider shows what AWS tells as separate rules
_RULES = ("TransitionToArchive", "TransitionToIA", "TransitionToPrimaryStorageClass")
_FIELDS = {
    "TransitionToArchive": "transitionToArchive",
    "TransitionToIA": "transitionToIa",
    "TransitionToPrimaryStorageClass": "transitionToPrimaryStorageClass",
}
#: what replication sets by itself; the real provider takes it for ENABLED or DISABLED as well
_REPLICATING = "REPLICATING"


class FileSystem(ResourceType):
    """A file system. Its id is AWS's."""

    urn_type = "aws:efs/fileSystem:FileSystem"
    title = "EFS File System"
    timeouts = Timeouts(create=600.0, update=600.0, delete=600.0)
    stable = ("arn", "dnsName", "ownerId", "availabilityZoneId")
    props: ClassVar[Mapping[str, Prop]] = {
        "availabilityZoneName": text(replaces=True, computed=True),
        "creationToken": text(replaces=True, computed=True),
        "encrypted": flag(replaces=True, computed=True),
        "kmsKeyId": text(replaces=True, computed=True),
        "lifecyclePolicies": listing(
            record({field: text() for field in sorted(_FIELDS.values())}), api=BY_HAND
        ),
        "performanceMode": text(replaces=True, computed=True, choices=("generalPurpose", "maxIO")),
        "protection": record(
            {"replicationOverwrite": text(computed=True)}, computed=True, api=BY_HAND
        ),
        "provisionedThroughputInMibps": number(),
        "region": REGION,
        "tags": TAGS,
        "throughputMode": text(default="bursting", choices=("bursting", "elastic", "provisioned")),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "availabilityZoneId": OUT_TEXT,
        "dnsName": OUT_TEXT,
        "name": OUT_TEXT,
        "numberOfMountTargets": OUT_INTEGER,
        "ownerId": OUT_TEXT,
        "sizeInBytes": listing(
            record({"value": integer(), "valueInIa": integer(), "valueInStandard": integer()}),
            computed=True,
        ),
        "tagsAll": OUT_TAGS,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if inputs.get("kmsKeyId") and inputs.get("encrypted") is False:
            yield ("kmsKeyId", "'kmsKeyId' needs encrypted: true; leave one of the two out")
        wanted = (inputs.get("protection") or {}).get("replicationOverwrite")
        if wanted not in (None, "ENABLED", "DISABLED", _REPLICATING):
            yield ("protection", "'replicationOverwrite' is ENABLED or DISABLED")

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        request.setdefault("CreationToken", call.unique())
        if request.get("KmsKeyId"):
            request["Encrypted"] = True
        if tags:
            request["Tags"] = tag_list(tags)
        ident = str(call.client("efs").create_file_system(**request)["FileSystemId"])
        with made(ident):
            self._available(call, ident)
            if inputs.get("lifecyclePolicies"):
                self._cycle(call, ident, inputs["lifecyclePolicies"])
            self._protect(call, ident, inputs)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL)
        values["arn"] = shown["FileSystemArn"]
        values["availabilityZoneId"] = shown.get("AvailabilityZoneId", "")
        values["availabilityZoneName"] = shown.get("AvailabilityZoneName", "")
        values["dnsName"] = f"{ident}.efs.{call.region}.amazonaws.com"
        values["encrypted"] = bool(shown.get("Encrypted"))
        values["name"] = shown.get("Name", "")
        values["numberOfMountTargets"] = shown["NumberOfMountTargets"]
        values["ownerId"] = shown["OwnerId"]
        size = shown["SizeInBytes"]
        values["sizeInBytes"] = [
            {
                "value": size["Value"],
                "valueInIa": size.get("ValueInIA", 0),
                "valueInStandard": size.get("ValueInStandard", 0),
            }
        ]
        values["protection"] = {
            "replicationOverwrite": shown.get("FileSystemProtection", {}).get(
                "ReplicationOverwriteProtection", "ENABLED"
            )
        }
        rules = call.client("efs").describe_lifecycle_configuration(FileSystemId=ident)
        values["lifecyclePolicies"] = [
            {_FIELDS[name]: rule[name]}
            for name in _RULES
            for rule in rules["LifecyclePolicies"]
            if name in rule
        ] or None
        return Found(ident, values, tag_map(shown["Tags"]))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        if changed & {"throughputMode", "provisionedThroughputInMibps"}:
            request: dict[str, Any] = {"ThroughputMode": new["throughputMode"]}
            if new["throughputMode"] == "provisioned":
                figure = float(new["provisionedThroughputInMibps"])
                request["ProvisionedThroughputInMibps"] = figure
            call.client("efs").update_file_system(FileSystemId=ident, **request)
            self._available(call, ident)
        if "lifecyclePolicies" in changed:
            self._cycle(call, ident, new.get("lifecyclePolicies") or [])
        if "protection" in changed:
            self._protect(call, ident, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        efs.delete(call, "delete_file_system", FileSystemId=ident)
        efs.until_gone(
            call,
            f"{self.title} ({ident})",
            "describe_file_systems",
            "FileSystems",
            FileSystemId=ident,
        )

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        efs.retag(call, ident, put, drop)

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        return efs.look(call, "describe_file_systems", "FileSystems", FileSystemId=ident)

    def _available(self, call: Call, ident: str) -> None:
        efs.until_available(
            call,
            f"{self.title} ({ident})",
            "describe_file_systems",
            "FileSystems",
            FileSystemId=ident,
        )

    @staticmethod
    def _cycle(call: Call, ident: str, policies: list[Values]) -> None:
        # AWS takes one transition per rule
        rules = [
            {name: policy[field]}
            for policy in policies
            for name, field in _FIELDS.items()
            if policy.get(field)
        ]
        call.client("efs").put_lifecycle_configuration(FileSystemId=ident, LifecyclePolicies=rules)

    @staticmethod
    def _protect(call: Call, ident: str, inputs: Values) -> None:
        wanted = (inputs.get("protection") or {}).get("replicationOverwrite")
        if wanted and wanted != _REPLICATING:
            call.client("efs").update_file_system_protection(
                FileSystemId=ident, ReplicationOverwriteProtection=wanted
            )
