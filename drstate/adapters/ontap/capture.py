"""Reading a volume's configuration into its spec, at the serving site only, as FSx tells it.

It refuses what SnapMirror as used here cannot copy or a recovery volume cannot be declared with:
volumes of OpenZFS, FlexGroups, SnapLock, root and cache volumes, and copies.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.ontap import NFS, OntapSpec, OntapTiering


def capture(resource: Resource, at: At, now: datetime) -> OntapSpec:
    """The spec of the volume at ``at.region``. Raises OperationError, AwsCallError."""
    answer = at.find("fsx", "describe_volumes", "VolumeNotFound", VolumeIds=[resource.name])
    if not answer.get("Volumes"):
        raise OperationError(
            f"{resource.key}: no volume {resource.name} in {at.region}",
            why="DescribeVolumes does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    found = answer["Volumes"][0]
    shown: dict[str, Any] = found.get("OntapConfiguration") or {}
    _refuse(resource, found, shown)
    machines = at.call(
        "fsx",
        "describe_storage_virtual_machines",
        StorageVirtualMachineIds=[shown["StorageVirtualMachineId"]],
    )
    machine = machines["StorageVirtualMachines"][0]
    host = ((machine.get("Endpoints") or {}).get("Nfs") or {}).get("DNSName")
    tiering = shown.get("TieringPolicy") or {}
    return OntapSpec(
        region=at.region,
        captured_at=now,
        endpoints={NFS: host} if host else {},
        identifier=resource.name,
        arn=found["ResourceARN"],
        name=found["Name"],
        file_system=found["FileSystemId"],
        svm=shown["StorageVirtualMachineId"],
        svm_name=machine["Name"],
        megabytes=_megabytes(shown),
        junction_path=shown.get("JunctionPath") or None,
        security_style=shown.get("SecurityStyle") or None,
        storage_efficiency=bool(shown.get("StorageEfficiencyEnabled")),
        snapshot_policy=shown.get("SnapshotPolicy") or None,
        tiering=OntapTiering(name=tiering["Name"], cooling_days=tiering.get("CoolingPeriod"))
        if tiering.get("Name")
        else None,
        copy_tags_to_backups=bool(shown.get("CopyTagsToBackups")),
    )


def _megabytes(shown: dict[str, Any]) -> int:
    return int(shown.get("SizeInMegabytes") or int(shown["SizeInBytes"]) // (1024 * 1024))


def _refuse(resource: Resource, found: dict[str, Any], shown: dict[str, Any]) -> None:
    reason, hint = "", f"take dr:enabled off {resource.arn}"
    if found.get("VolumeType") != "ONTAP":
        reason = f"it is a volume of {found.get('VolumeType')}"
        hint = "put the dr: tags on its file system (technology fsx) instead"
    elif shown.get("OntapVolumeType") != "RW":
        reason = f"it is a copy ({shown.get('OntapVolumeType')}), not the source"
        hint = "configuration is captured at the serving site; the last spec stays in use"
    elif shown.get("VolumeStyle") not in (None, "FLEXVOL"):
        reason = f"its style is {shown['VolumeStyle']}, whose parts a recovery volume would lack"
    elif shown.get("SnaplockConfiguration"):
        reason = "SnapLock keeps it from being overwritten, which a reversal would have to do"
    elif shown.get("StorageVirtualMachineRoot"):
        reason = "it is the root volume of its machine"
    elif shown.get("FlexCacheEndpointType") == "CACHE":
        reason = "it is a cache of another volume"
    if reason:
        raise OperationError(
            f"{resource.key}: volume {found.get('Name')} cannot be mirrored",
            why=reason,
            hint=hint,
        )
