"""FSx for Windows, Lustre and OpenZFS: what a file system is restored with. Nothing is declared.

A file system that is made from a backup is another one than the backup's: it has a new id and a new
name. A program would have to declare it in one site state and not in another, and its data is as
old as the backup; so backups are copied, and file systems restored, by actions alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.cost import Running, Usage
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.running import At, kept

#: the name of the endpoint that others may be bound to
DNS = "dns"


class FsxKind(StrEnum):
    """Types of file systems that have backups of their own."""

    WINDOWS = "WINDOWS"
    LUSTRE = "LUSTRE"
    OPENZFS = "OPENZFS"

    @property
    def member(self) -> str:
        """The member of FSx's API that holds the type's configuration."""
        return _MEMBERS[self]


_MEMBERS = {
    FsxKind.WINDOWS: "WindowsConfiguration",
    FsxKind.LUSTRE: "LustreConfiguration",
    FsxKind.OPENZFS: "OpenZFSConfiguration",
}
_COMMON = (
    "AutomaticBackupRetentionDays",
    "CopyTagsToBackups",
    "DailyAutomaticBackupStartTime",
    "DeploymentType",
    "WeeklyMaintenanceStartTime",
)
#: settings that a restored file system gets from the source's, by type, as the API names them
CARRIED: Mapping[FsxKind, frozenset[str]] = {
    FsxKind.WINDOWS: frozenset(
        {*_COMMON, "DiskIopsConfiguration", "PreferredSubnetId", "ThroughputCapacity"}
    ),
    FsxKind.LUSTRE: frozenset(
        {
            *_COMMON,
            "DataCompressionType",
            "DataReadCacheConfiguration",
            "DriveCacheType",
            "EfaEnabled",
            "LogConfiguration",
            "MetadataConfiguration",
            "PerUnitStorageThroughput",
            "RootSquashConfiguration",
            "ThroughputCapacity",
        }
    ),
    FsxKind.OPENZFS: frozenset(
        {
            *_COMMON,
            "CopyTagsToVolumes",
            "DiskIopsConfiguration",
            "EndpointIpAddressRange",
            "PreferredSubnetId",
            "ReadCacheConfiguration",
            "RouteTableIds",
            "ThroughputCapacity",
        }
    ),
}


class RestoreIn(StrEnum):
    """The phase in which a file system is made from the newest copy."""

    INSTANTIATE = "instantiate"
    ACTIVATE = "activate"


class FsxPolicy(Value):
    """Choices for FSx resources of the scope."""

    #: ``activate``: from the last backup, when it is needed. ``instantiate``: sooner there, with
    #: the data of that moment
    restore_in: RestoreIn = RestoreIn.ACTIVATE
    #: REPLICATE copies a backup that is younger than this, and takes a new one otherwise
    backup_max_age_minutes: int = Field(default=1440, ge=5)
    #: the same before INSTANTIATE
    fresh_minutes: int = Field(default=60, ge=5)
    #: region -> ARN of the secret with the account that joins Windows file systems to a
    #: self-managed directory there
    domain_join_secrets: dict[str, str] = {}


class FsxDirectory(Value):
    """The Active Directory that a Windows file system is joined to: AWS's, or one's own."""

    identifier: str | None = None
    domain: str | None = None
    organizational_unit: str | None = None
    administrators: str | None = None
    dns_addresses: tuple[str, ...] = ()
    #: of the account that joins it; None where it was joined with a password that nobody tells
    secret: str | None = None


class FsxSpec(Spec):
    """A file system as captured at the serving site."""

    identifier: str
    arn: str
    kind: FsxKind
    version: str | None = None
    capacity: int = Field(ge=1)
    storage_type: str
    kms_key: str | None = None
    subnets: tuple[str, ...] = Field(min_length=1)
    security_groups: tuple[str, ...] = ()
    network_type: str | None = None
    directory: FsxDirectory | None = None
    #: other names of a Windows file system
    aliases: tuple[str, ...] = ()
    #: the settings in ``CARRIED``
    settings: dict[str, Any] = {}


def runs(spec: FsxSpec, at: At) -> Running:
    """Storage and throughput as they were captured."""
    unknown = ("backups",)
    priced = _priced(spec)
    if priced is None:
        kind = f"{spec.kind} {spec.settings.get('DeploymentType', '')} {spec.storage_type}"
        return Running(unknown=(f"{spec.capacity} GiB of {kind}", *unknown), done=kept(at))
    return Running(usages=priced, unknown=unknown, done=kept(at))


def _priced(spec: FsxSpec) -> tuple[Usage, ...] | None:
    """None: of a kind that the price list does not tell apart."""
    deployment = str(spec.settings.get("DeploymentType", ""))
    storage = spec.storage_type.lower()
    gib = f"{spec.capacity} GiB {spec.storage_type}"
    if spec.kind == "LUSTRE":
        kind = _lustre(deployment, spec.settings.get("PerUnitStorageThroughput"))
        if kind is None or storage != "ssd":
            return None
        return (Usage(what=gib, price=f"fsx-lustre/{kind}", quantity=spec.capacity),)
    multi = deployment.startswith("MULTI_AZ")
    if spec.kind == "OPENZFS" and (multi or storage != "ssd"):
        return None
    meter = f"fsx-{str(spec.kind).lower()}{'-multi-az' if multi else ''}"
    usages = [Usage(what=gib, price=f"{meter}/{storage}", quantity=spec.capacity)]
    throughput = spec.settings.get("ThroughputCapacity")
    if throughput:
        usages.append(
            Usage(what=f"{throughput} MB/s", price=f"{meter}/mbps", quantity=float(throughput))
        )
    return tuple(usages)


def _lustre(deployment: str, per_unit: Any) -> str | None:
    if deployment.startswith("SCRATCH"):
        return "scratch"
    if deployment.startswith("PERSISTENT_") and per_unit:
        return f"{deployment.lower().replace('_', '-')}-{per_unit}"
    return None


PROGRAM = Program(
    technology="fsx",
    spec=FsxSpec,
    step=Step.DATA,
    policy=FsxPolicy,
    runs=runs,
)
