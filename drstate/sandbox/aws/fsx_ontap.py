"""Storage virtual machines and volumes of FSx for ONTAP, as FSx and as ONTAP see them.

There is one truth, ONTAP's; FSx shows a change of type or junction path a minute later, as it does
in AWS. Volumes hold no data. What ONTAP's REST API does with them is in ``sandbox.ontap``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.fsx.models import FSxBackend
from moto.moto_api._internal import mock_random

from . import fsx_systems as systems
from . import runtime
from .modelled import Refusal, unsupported

CREATE_SECONDS = 30.0
DELETE_SECONDS = 30.0
#: how long FSx goes on showing what a volume was before ONTAP changed it
SEEN_SECONDS = 60.0
CREATING, CREATED, DELETING = "CREATING", "CREATED", "DELETING"
RW, DP = "RW", "DP"
_SETTINGS = (
    "SecurityStyle",
    "StorageEfficiencyEnabled",
    "TieringPolicy",
    "SnapshotPolicy",
    "CopyTagsToBackups",
)


@dataclass
class Svm:
    """A storage virtual machine."""

    backend: FSxBackend
    svm_id: str
    name: str
    file_system_id: str
    uuid: str
    created: float
    lifecycle: str = CREATING
    #: names of the machines that it may replicate with
    peers: list[str] = field(default_factory=list)
    #: volume's name -> number of quota rules that somebody has made for it
    quota_rules: dict[str, int] = field(default_factory=dict)

    @property
    def resource_arn(self) -> str:
        """Its ARN."""
        place = f"{self.backend.region_name}:{self.backend.account_id}"
        return f"arn:aws:fsx:{place}:storage-virtual-machine/{self.file_system_id}/{self.svm_id}"

    def shown(self) -> dict[str, Any]:
        """As DescribeStorageVirtualMachines shows it."""
        base = f"{self.file_system_id}.fsx.{self.backend.region_name}.amazonaws.com"
        return {
            "CreationTime": datetime.fromtimestamp(self.created, tz=UTC),
            "Endpoints": {
                kind: {"DNSName": f"{prefix}{self.svm_id}.{base}"}
                for kind, prefix in (("Management", ""), ("Nfs", ""), ("Iscsi", "iscsi."))
            },
            "FileSystemId": self.file_system_id,
            "Lifecycle": self.lifecycle,
            "Name": self.name,
            "ResourceARN": self.resource_arn,
            "StorageVirtualMachineId": self.svm_id,
            "Subtype": "DEFAULT",
            "Tags": self.backend.list_tags_for_resource(self.resource_arn),
            "UUID": self.uuid,
        }


@dataclass
class Volume:
    """A volume. ``kind`` and ``junction`` are ONTAP's truth, ``seen`` is what FSx shows of it."""

    backend: FSxBackend
    volume_id: str
    name: str
    svm: Svm
    uuid: str
    megabytes: int
    kind: str
    junction: str
    settings: dict[str, Any]
    created: float
    lifecycle: str = CREATING
    quotas: bool = False
    seen: tuple[str, str] = ("", "")

    @property
    def resource_arn(self) -> str:
        """Its ARN."""
        place = f"{self.backend.region_name}:{self.backend.account_id}"
        return f"arn:aws:fsx:{place}:volume/{self.svm.file_system_id}/{self.volume_id}"

    def change(self, *, kind: str | None = None, junction: str | None = None) -> None:
        """Change it in ONTAP; FSx sees it later."""
        self.kind = kind or self.kind
        self.junction = self.junction if junction is None else junction
        runtime.clock().after(SEEN_SECONDS, self._look)

    def _look(self) -> None:
        self.seen = (self.kind, self.junction)

    def shown(self) -> dict[str, Any]:
        """As DescribeVolumes shows it."""
        kind, junction = self.seen
        configuration = {
            **self.settings,
            "OntapVolumeType": kind,
            "SizeInBytes": self.megabytes * 1024 * 1024,
            "SizeInMegabytes": self.megabytes,
            "StorageVirtualMachineId": self.svm.svm_id,
            "StorageVirtualMachineRoot": False,
            "UUID": self.uuid,
            "VolumeStyle": "FLEXVOL",
            **({"JunctionPath": junction} if junction else {}),
        }
        return {
            "CreationTime": datetime.fromtimestamp(self.created, tz=UTC),
            "FileSystemId": self.svm.file_system_id,
            "Lifecycle": self.lifecycle,
            "Name": self.name,
            "OntapConfiguration": configuration,
            "ResourceARN": self.resource_arn,
            "Tags": self.backend.list_tags_for_resource(self.resource_arn),
            "VolumeId": self.volume_id,
            "VolumeType": "ONTAP",
        }


def svms(backend: FSxBackend) -> dict[str, Svm]:
    """The machines of a region, by id."""
    found: dict[str, Svm] = vars(backend).setdefault("storage_virtual_machines", {})
    return found


def volumes(backend: FSxBackend) -> dict[str, Volume]:
    """The volumes of a region, by id."""
    found: dict[str, Volume] = vars(backend).setdefault("ontap_volumes", {})
    return found


def find_svm(backend: FSxBackend, name: str) -> Svm:
    """A machine, or the refusal that there is none."""
    found = svms(backend).get(name)
    if found is None:
        raise Refusal("StorageVirtualMachineNotFound", f"There is no SVM '{name}'.")
    return found


def find_volume(backend: FSxBackend, name: str) -> Volume:
    """A volume, or the refusal that there is none."""
    found = volumes(backend).get(name)
    if found is None:
        raise Refusal("VolumeNotFound", f"Volume '{name}' does not exist.")
    return found


def create_svm(backend: FSxBackend, params: dict[str, Any]) -> Svm:
    """Begin a machine on an ONTAP file system."""
    unsupported("fsx", "CreateStorageVirtualMachine", params, "ActiveDirectoryConfiguration")
    system = systems.find(backend, params["FileSystemId"])
    if system.file_system_type != "ONTAP":
        raise Refusal("UnsupportedOperation", "Only ONTAP file systems have SVMs.")
    made = Svm(
        backend=backend,
        svm_id=f"svm-{mock_random.get_random_hex(17)}",
        name=params["Name"],
        file_system_id=system.file_system_id,
        uuid=str(mock_random.uuid4()),
        created=runtime.clock().seconds(),
    )
    svms(backend)[made.svm_id] = made
    if params.get("Tags"):
        backend.tagger.tag_resource(made.resource_arn, params["Tags"])
    runtime.clock().after(CREATE_SECONDS, partial(_created, made))
    return made


def create_volume(backend: FSxBackend, params: dict[str, Any]) -> Volume:
    """Begin a volume."""
    if params["VolumeType"] != "ONTAP" or not params.get("OntapConfiguration"):
        unsupported("fsx", "CreateVolume", params, "VolumeType")
    wish = params["OntapConfiguration"]
    unsupported("fsx", "CreateVolume", wish, "SnaplockConfiguration", "AggregateConfiguration")
    svm = find_svm(backend, wish["StorageVirtualMachineId"])
    kind = wish.get("OntapVolumeType") or RW
    if kind == DP and (wish.get("JunctionPath") or wish.get("SecurityStyle")):
        raise Refusal("BadRequest", "A DP volume has neither JunctionPath nor SecurityStyle.")
    if any(one.svm is svm and one.name == params["Name"] for one in volumes(backend).values()):
        raise Refusal("BadRequest", f"{svm.name} has a volume '{params['Name']}' already.")
    megabytes = wish.get("SizeInMegabytes") or int(wish.get("SizeInBytes") or 0) // (1024 * 1024)
    if not megabytes:
        raise Refusal("BadRequest", "SizeInMegabytes or SizeInBytes is required.")
    made = Volume(
        backend=backend,
        volume_id=f"fsvol-{mock_random.get_random_hex(17)}",
        name=params["Name"],
        svm=svm,
        uuid=str(mock_random.uuid4()),
        megabytes=int(megabytes),
        kind=kind,
        junction=wish.get("JunctionPath") or "",
        settings={
            "TieringPolicy": {"Name": "SNAPSHOT_ONLY", "CoolingPeriod": 2},
            "SnapshotPolicy": "none" if kind == DP else "default",
            "StorageEfficiencyEnabled": False,
            "CopyTagsToBackups": False,
            **({} if kind == DP else {"SecurityStyle": "UNIX"}),
            **{name: wish[name] for name in _SETTINGS if wish.get(name) is not None},
        },
        created=runtime.clock().seconds(),
    )
    made.seen = (made.kind, made.junction)
    volumes(backend)[made.volume_id] = made
    if params.get("Tags"):
        backend.tagger.tag_resource(made.resource_arn, params["Tags"])
    runtime.clock().after(CREATE_SECONDS, partial(_created, made))
    return made


def update_volume(backend: FSxBackend, params: dict[str, Any]) -> Volume:
    """Change settings; a volume that FSx shows as DP cannot be mounted through FSx."""
    volume = find_volume(backend, params["VolumeId"])
    wish = params.get("OntapConfiguration") or {}
    if wish.get("JunctionPath") and volume.seen[0] == DP:
        raise Refusal("BadRequest", "A DP volume cannot have a JunctionPath.")
    if wish.get("JunctionPath"):
        volume.junction = wish["JunctionPath"]
        volume.seen = (volume.kind, volume.junction)
    if wish.get("SizeInMegabytes"):
        volume.megabytes = int(wish["SizeInMegabytes"])
    volume.settings |= {name: wish[name] for name in _SETTINGS if wish.get(name) is not None}
    volume.name = params.get("Name") or volume.name
    return volume


def delete_volume(backend: FSxBackend, params: dict[str, Any]) -> Volume:
    """Begin to delete a volume; the last backup is left out."""
    volume = find_volume(backend, params["VolumeId"])
    volume.lifecycle = DELETING
    runtime.clock().after(DELETE_SECONDS, partial(_deleted, volume))
    return volume


def _deleted(volume: Volume) -> None:
    volumes(volume.backend).pop(volume.volume_id, None)


def _created(made: Svm | Volume) -> None:
    if made.lifecycle == CREATING:
        made.lifecycle = CREATED
