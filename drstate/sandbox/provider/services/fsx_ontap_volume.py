"""aws:fsx/ontapVolume:OntapVolume: a volume of FSx for ONTAP. Its id is AWS's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import NotReadyError, code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
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
)
from drstate.sandbox.provider.wire import Value, Values

_UNTOLD = "the sandbox's volumes have no such thing"
_SNAPLOCK: Mapping[str, Prop] = {
    "snaplockType": text(required=True),
    "auditLogVolume": flag(),
    "autocommitPeriod": record({"type": text(), "value": integer()}),
    "privilegedDelete": text(),
    "retentionPeriod": record({}),
    "volumeAppendModeEnabled": flag(),
}
_READY = ("CREATED", "AVAILABLE")


def _same_size(actual: Value, wanted: Value) -> bool:
    return str(actual) == str(wanted)


class OntapVolume(ResourceType):
    """A volume of FSx for ONTAP."""

    urn_type = "aws:fsx/ontapVolume:OntapVolume"
    title = "FSx for ONTAP Volume"
    name_property = "name"
    autoname = False
    timeouts = Timeouts(create=1800.0, update=1800.0, delete=1800.0)
    stable = ("arn", "fileSystemId", "uuid")
    props: ClassVar[Mapping[str, Prop]] = {
        "aggregateConfiguration": record(
            {
                "aggregates": listing(),
                "constituentsPerAggregate": integer(),
                "totalConstituents": integer(),
            },
            refused=_UNTOLD,
        ),
        "bypassSnaplockEnterpriseRetention": flag(local=True, default=False),
        "copyTagsToBackups": flag(default=False),
        "finalBackupTags": mapping(local=True),
        "junctionPath": text(),
        "name": text(required=False, replaces=True, computed=True, api=BY_HAND),
        "ontapVolumeType": text(replaces=True, computed=True, choices=("DP", "RW")),
        "region": REGION,
        "securityStyle": text(computed=True, choices=("MIXED", "NTFS", "UNIX")),
        "sizeInBytes": text(computed=True, api=BY_HAND, same=_same_size),
        "sizeInMegabytes": integer(computed=True),
        "skipFinalBackup": flag(local=True, default=False),
        "snaplockConfiguration": record(_SNAPLOCK, refused=_UNTOLD),
        "snapshotPolicy": text(computed=True),
        "storageEfficiencyEnabled": flag(computed=True),
        "storageVirtualMachineId": text(required=True, replaces=True),
        "tags": TAGS,
        "tieringPolicy": record(
            {
                "coolingPeriod": integer(),
                "name": text(choices=("ALL", "AUTO", "NONE", "SNAPSHOT_ONLY")),
            },
            computed=True,
        ),
        "volumeStyle": text(replaces=True, computed=True, choices=("FLEXGROUP", "FLEXVOL")),
        "volumeType": text(replaces=True, default="ONTAP", api=BY_HAND, choices=("ONTAP",)),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "fileSystemId": OUT_TEXT,
        "flexcacheEndpointType": OUT_TEXT,
        "tagsAll": OUT_TAGS,
        "uuid": OUT_TEXT,
    }
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "sizeInMegabytes": ("sizeInBytes",),
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if inputs.get("sizeInBytes") and inputs.get("sizeInMegabytes"):
            yield ("sizeInMegabytes", "'sizeInMegabytes' conflicts with sizeInBytes; set one")
        if inputs.get("ontapVolumeType") == "DP" and inputs.get("securityStyle"):
            yield ("securityStyle", "'securityStyle' cannot be set for a DP volume; leave it out")

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        configuration = outward(inputs, self.props, Style.PASCAL)
        if inputs.get("sizeInBytes"):
            configuration["SizeInBytes"] = int(inputs["sizeInBytes"])
        request: dict[str, Any] = {
            "Name": inputs["name"],
            "VolumeType": inputs["volumeType"],
            "OntapConfiguration": configuration,
            "ClientRequestToken": call.unique()[:63],
        }
        if tags:
            request["Tags"] = tag_list(tags)
        ident = str(call.client("fsx").create_volume(**request)["Volume"]["VolumeId"])
        with made(ident):
            self._ready(call, ident)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        configuration = shown["OntapConfiguration"]
        values = inward(configuration, self.props, Style.PASCAL)
        values["arn"] = shown["ResourceARN"]
        values["fileSystemId"] = shown["FileSystemId"]
        values["flexcacheEndpointType"] = configuration.get("FlexCacheEndpointType", "")
        values["junctionPath"] = configuration.get("JunctionPath")
        values["name"] = shown["Name"]
        values["sizeInBytes"] = str(configuration["SizeInBytes"])
        values["uuid"] = configuration["UUID"]
        values["volumeType"] = shown["VolumeType"]
        return Found(ident, values, tag_map(shown.get("Tags") or []))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        configuration = outward(new, self.props, Style.PASCAL, changed)
        if "sizeInBytes" in changed and new.get("sizeInBytes"):
            configuration["SizeInBytes"] = int(new["sizeInBytes"])
        if configuration:
            call.client("fsx").update_volume(VolumeId=ident, OntapConfiguration=configuration)
            self._ready(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        options: dict[str, Any] = {"SkipFinalBackup": bool(state.get("skipFinalBackup"))}
        if state.get("finalBackupTags"):
            options["FinalBackupTags"] = tag_list(state["finalBackupTags"])
        try:
            call.client("fsx").delete_volume(VolumeId=ident, OntapConfiguration=options)
        except ClientError as error:
            if code_of(error) != "VolumeNotFound":
                raise

        def gone() -> bool | None:
            return None if self._look(call, ident) else True

        call.waiter.until(f"{self.title} ({ident}) to be gone", call.limit, gone)

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        fsx = call.client("fsx")
        if drop:
            fsx.untag_resource(ResourceARN=state["arn"], TagKeys=drop)
        if put:
            fsx.tag_resource(ResourceARN=state["arn"], Tags=tag_list(put))

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        try:
            found = call.client("fsx").describe_volumes(VolumeIds=[ident])["Volumes"]
        except ClientError as error:
            if code_of(error) == "VolumeNotFound":
                return None
            raise
        return dict(found[0]) if found else None

    def _ready(self, call: Call, ident: str) -> None:
        def ready() -> bool | None:
            shown = self._look(call, ident)
            if shown is not None and shown["Lifecycle"] == "FAILED":
                reason = f"{self.title} ({ident}) has failed"
                raise NotReadyError(ident, reason)
            return True if shown and shown["Lifecycle"] in _READY else None

        call.waiter.until(f"{self.title} ({ident}) to be created", call.limit, ready)
