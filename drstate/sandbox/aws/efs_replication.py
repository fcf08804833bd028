"""Replication of EFS file systems: one source, one destination, states, time.

A replication belongs to an account and is seen from the regions of both its ends. While it
lasts, the destination is read-only, which the sandbox shows as protection REPLICATING: it
holds no data and nothing can be mounted. A destination that loses its key is in ERROR until
the key is back. One that was ended at one end only (LOCAL_CONFIGURATION_ONLY) is in ERROR at the
other, and can be ended there the same way. Replication to another account is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.efs.models import EFSBackend, FileSystem, efs_backends
from moto.kms.models import kms_backends

from drstate.sandbox.access import PARTITION

from . import runtime
from .modelled import Refusal, unsupported

ENABLING_SECONDS = 20.0
DELETING_SECONDS = 20.0
# How often a source is copied: the time that is replicated moves in these steps.
ROUND_SECONDS = 60.0
ENABLED, DISABLED, REPLICATING = "ENABLED", "DISABLED", "REPLICATING"
_NAMED = "_drstate_protection"


@dataclass
class Replication:
    """A source, its destination, and since when."""

    source: FileSystem
    source_region: str
    destination: FileSystem
    destination_region: str
    created: float
    status: str = "ENABLING"
    replicated: float = 0.0
    #: the region whose end of it was deleted alone
    cut_off: str = ""

    def look(self) -> str:
        """Why it is in ERROR, or nothing; what has been replicated moves while it is not."""
        if self.cut_off:
            self.status = "ERROR"
            return f"The configuration in {self.cut_off} was deleted; delete this one as well."
        if self.status not in {ENABLED, "ERROR"}:
            return ""
        wrong = _lost_key(self.destination, self.destination_region)
        self.status = "ERROR" if wrong else ENABLED
        if not wrong:
            clock = runtime.clock()
            period, passed = ROUND_SECONDS * clock.scale, clock.seconds() - self.created
            self.replicated = self.created + (passed // period * period if period else passed)
        return wrong

    @property
    def regions(self) -> set[str]:
        """Where it is known: at both ends, or at the one that is left."""
        return {self.source_region, self.destination_region} - {self.cut_off}

    @property
    def ends(self) -> set[str]:
        """File systems that are bound by it."""
        found = {
            self.source_region: self.source.file_system_id,
            self.destination_region: self.destination.file_system_id,
        }
        return {found[region] for region in self.regions}

    def shown(self) -> dict[str, Any]:
        """As DescribeReplicationConfigurations shows it."""
        wrong = self.look()
        destination: dict[str, Any] = {
            "Status": self.status,
            "FileSystemId": self.destination.file_system_id,
            "Region": self.destination_region,
            "OwnerId": self.destination.owner_id,
        }
        if self.replicated:
            destination["LastReplicatedTimestamp"] = datetime.fromtimestamp(self.replicated, tz=UTC)
        if wrong:
            destination["StatusMessage"] = wrong
        return {
            "SourceFileSystemId": self.source.file_system_id,
            "SourceFileSystemRegion": self.source_region,
            "SourceFileSystemArn": self.source.file_system_arn,
            "OriginalSourceFileSystemArn": self.source.file_system_arn,
            "SourceFileSystemOwnerId": self.source.owner_id,
            "CreationTime": datetime.fromtimestamp(self.created, tz=UTC),
            "Destinations": [destination],
        }


def _lost_key(system: FileSystem, region: str) -> str:
    key = system.kms_key_id
    if not key:
        return ""
    backend = kms_backends[system.owner_id][region]
    found = backend.keys.get(backend.any_id_to_key_id(key) or key)
    if found is not None and found.key_state == "Enabled":
        return ""
    state = found.key_state if found is not None else "gone"
    return f"The destination's key {key} cannot be used: it is {state}."


class ReplicationBackend(BaseBackend):  # type: ignore[misc]
    """An account's replications."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.replications: list[Replication] = []


replication_backends = BackendDict(
    ReplicationBackend,
    "efs-replication",
    use_boto3_regions=False,
    additional_regions=[PARTITION],
)


def refusal(code: str, message: str) -> Refusal:
    """An error with the member that EFS puts its code in."""
    return Refusal(code, message, ErrorCode=code)


def _all(account: str) -> list[Replication]:
    found: list[Replication] = replication_backends[account][PARTITION].replications
    return found


def visible(account: str, region: str) -> list[Replication]:
    """The replications that have an end in this region."""
    return [one for one in _all(account) if region in one.regions]


def of_system(account: str, name: str) -> Replication | None:
    """The replication that a file system is an end of."""
    for one in _all(account):
        if name in one.ends:
            return one
    return None


def protection(system: FileSystem) -> str:
    """ENABLED, DISABLED, or REPLICATING for a destination."""
    return str(getattr(system, _NAMED, ENABLED))


def _protect(system: FileSystem, state: str) -> None:
    if state == ENABLED:
        # as if nobody had ever changed it
        vars(system).pop(_NAMED, None)
    else:
        setattr(system, _NAMED, state)


def find_system(backend: EFSBackend, name: str) -> FileSystem:
    """A file system by id or ARN, or the refusal that there is none."""
    found = backend.file_systems_by_id.get(name.rsplit("/", 1)[-1])
    if found is None:
        raise refusal("FileSystemNotFound", f"File system '{name}' does not exist.")
    return found


def update_protection(backend: EFSBackend, name: str, wanted: str | None) -> str:
    """Set whether the file system may become a destination; returns what it is now."""
    system = find_system(backend, name)
    if of_system(backend.account_id, system.file_system_id) is not None:
        raise refusal(
            "ReplicationAlreadyExists",
            f"File system '{name}' is part of a replication configuration; delete that first.",
        )
    if wanted == REPLICATING:
        raise refusal(
            "BadRequest", "ReplicationOverwriteProtection can be set to ENABLED or DISABLED."
        )
    if wanted:
        _protect(system, wanted)
    return protection(system)


def create(backend: EFSBackend, params: Any) -> Replication:
    """Begin to replicate a file system of this region."""
    source = find_system(backend, params["SourceFileSystemId"])
    wishes = params["Destinations"]
    if len(wishes) != 1:
        raise refusal("BadRequest", "Give exactly one destination.")
    wish = wishes[0]
    unsupported("efs", "CreateReplicationConfiguration", wish, "RoleArn")
    _require_free(backend.account_id, source)
    region = _region_of(backend, wish)
    if wish.get("FileSystemId"):
        destination = _existing(backend, source, wish, region)
    else:
        destination = _made(backend, source, wish, region)
    _protect(destination, REPLICATING)
    clock = runtime.clock()
    made = Replication(source, backend.region_name, destination, region, clock.seconds())
    _all(backend.account_id).append(made)
    clock.after(ENABLING_SECONDS, partial(_enabled, made))
    return made


def _enabled(replication: Replication) -> None:
    if replication.status == "ENABLING":
        replication.status = ENABLED
        replication.look()


def _require_free(account: str, system: FileSystem) -> None:
    known = of_system(account, system.file_system_id)
    if known is not None:
        raise refusal(
            "BadRequest",
            f"File system '{system.file_system_id}' is already part of a replication "
            f"configuration, whose source is '{known.source.file_system_id}'.",
        )


def _region_of(backend: EFSBackend, wish: Any) -> str:
    zone, region = wish.get("AvailabilityZoneName"), wish.get("Region")
    if zone and region and not zone.startswith(region):
        raise refusal("BadRequest", f"Availability zone {zone} is not in region {region}.")
    found = str(region or (zone[:-1] if zone else "") or backend.region_name)
    if found not in efs_backends[backend.account_id].regions:
        raise refusal("BadRequest", f"There is no region {found}.")
    return found


def _existing(backend: EFSBackend, source: FileSystem, wish: Any, region: str) -> FileSystem:
    name = wish["FileSystemId"]
    wrong = [one for one in ("KmsKeyId", "AvailabilityZoneName") if wish.get(one)]
    if wrong:
        raise refusal(
            "BadRequest", f"{' and '.join(wrong)} cannot be given for an existing file system."
        )
    if name.startswith("arn:") and name.split(":")[4] != backend.account_id:
        unsupported("efs", "CreateReplicationConfiguration to another account", wish,
                    "FileSystemId")  # fmt: skip
    found = find_system(efs_backends[backend.account_id][region], name)
    if found is source:
        raise refusal("BadRequest", "A file system cannot be replicated to itself.")
    _require_free(backend.account_id, found)
    if protection(found) != DISABLED:
        raise refusal(
            "BadRequest",
            f"Replication overwrite protection of file system '{found.file_system_id}' is "
            f"{protection(found)}; disable it with UpdateFileSystemProtection.",
        )
    if source.encrypted and not found.encrypted:
        raise refusal("ConflictException", "The source is encrypted and the destination is not.")
    return found


def _made(backend: EFSBackend, source: FileSystem, wish: Any, region: str) -> FileSystem:
    key = wish.get("KmsKeyId")
    return efs_backends[backend.account_id][region].create_file_system(
        creation_token=f"replica-of-{source.file_system_arn}-{runtime.clock().seconds()}",
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id=_key_arn(backend.account_id, region, key) if key else "",
        throughput_mode=source.throughput_mode,
        provisioned_throughput_in_mibps=source.provisioned_throughput_in_mibps,
        availability_zone_name=wish.get("AvailabilityZoneName") or "",
        backup=False,
        tags=[],
    )


def _key_arn(account: str, region: str, key: str) -> str:
    backend = kms_backends[account][region]
    found = backend.keys.get(backend.any_id_to_key_id(key) or key)
    if found is None:
        raise refusal("BadRequest", f"KMS key {key} does not exist in {region}.")
    return str(found.arn)


def delete(backend: EFSBackend, params: Any) -> None:
    """End a replication, from the region of either end; the destination becomes writable."""
    name = params["SourceFileSystemId"].rsplit("/", 1)[-1]
    known = [
        one
        for one in visible(backend.account_id, backend.region_name)
        if one.source.file_system_id == name
    ]
    if not known:
        if not _exists(backend.account_id, name):
            raise refusal("FileSystemNotFound", f"File system '{name}' does not exist.")
        raise refusal(
            "ReplicationNotFound", f"File system '{name}' is the source of no replication."
        )
    found = known[0]
    if params.get("DeletionMode") == "LOCAL_CONFIGURATION_ONLY":
        _cut(backend.account_id, found, backend.region_name)
    elif found.cut_off:
        raise refusal(
            "BadRequest",
            f"The configuration in {found.cut_off} is gone; delete with LOCAL_CONFIGURATION_ONLY.",
        )
    elif found.status != "DELETING":
        found.look()
        found.status = "DELETING"
        runtime.clock().after(DELETING_SECONDS, partial(_deleted, backend.account_id, found))


def _cut(account: str, replication: Replication, region: str) -> None:
    """End it at one end, without asking the other; at once."""
    if region == replication.destination_region:
        _protect(replication.destination, ENABLED)
    if replication.cut_off:
        _all(account).remove(replication)
    replication.cut_off = region


def _exists(account: str, name: str) -> bool:
    return any(name in one.file_systems_by_id for one in efs_backends[account].values())


def _deleted(account: str, replication: Replication) -> None:
    if replication in _all(account):
        _all(account).remove(replication)
    # AWS protects it again, so that failing back takes a decision.
    _protect(replication.destination, ENABLED)
