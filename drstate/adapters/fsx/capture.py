"""Reading an FSx file system's configuration into its spec, at the serving site only.

It refuses what has no backups (scratch file systems, those linked to a bucket), what is protected
volume by volume (ONTAP), and every setting that a restore would lose, by its name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.fsx import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.fsx import CARRIED, DNS, FsxDirectory, FsxKind, FsxSpec

#: settings that AWS makes, or that are kept in another field of the spec
_OWN = frozenset(
    {
        "ActiveDirectoryId",
        "Aliases",
        "EndpointIpAddress",
        "EndpointIpv6Address",
        "Endpoints",
        "MaintenanceOperationsInProgress",
        "MountName",
        "PreferredFileServerIp",
        "PreferredFileServerIpv6",
        "RemoteAdministrationEndpoint",
        "RootVolumeId",
        "SelfManagedActiveDirectoryConfiguration",
    }
)
#: settings that say by a value of their own that they are off
_OFF: dict[str, dict[str, Any]] = {
    "AuditLogConfiguration": {
        "FileAccessAuditLogLevel": "DISABLED",
        "FileShareAccessAuditLogLevel": "DISABLED",
    },
    "FsrmConfiguration": {"FsrmServiceEnabled": False},
}


def capture(resource: Resource, at: At, now: datetime) -> FsxSpec:
    """The spec of the file system at ``at.region``. Raises OperationError, AwsCallError."""
    found = _serving(resource, at)
    kind = _kind(resource, found)
    shown: dict[str, Any] = found.get(kind.member) or {}
    _refuse_without_backups(resource, kind, shown)
    return FsxSpec(
        region=at.region,
        captured_at=now,
        endpoints={DNS: found["DNSName"]} if found.get("DNSName") else {},
        identifier=resource.name,
        arn=resource.arn,
        kind=kind,
        version=found.get("FileSystemTypeVersion") or None,
        capacity=found["StorageCapacity"],
        storage_type=found["StorageType"],
        kms_key=found.get("KmsKeyId") or None,
        subnets=tuple(found["SubnetIds"]),
        security_groups=_groups(at, found),
        network_type=found.get("NetworkType") or None,
        directory=_directory(shown) if kind is FsxKind.WINDOWS else None,
        aliases=tuple(
            sorted(
                one["Name"]
                for one in shown.get("Aliases", [])
                if one.get("Lifecycle") in (None, reading.AVAILABLE, reading.CREATING)
            )
        ),
        settings=_settings(resource, kind, shown),
    )


def _serving(resource: Resource, at: At) -> dict[str, Any]:
    """The resource's file system: after a failover and back it is one that was restored here."""
    known = reading.current(at, resource.name, resource.arn)
    if known is None:
        raise OperationError(
            f"{resource.key}: no file system of it serves in {at.region}",
            why=f"{resource.name} is not there, or its tag {reading.SUPERSEDED_TAG} says that "
            "another one serves in its stead",
            hint="drstate discover --refresh; the last spec stays in use",
        )
    answer = at.call("fsx", "describe_file_systems", FileSystemIds=[known.identifier])
    return dict(answer["FileSystems"][0])


def _kind(resource: Resource, found: dict[str, Any]) -> FsxKind:
    name = str(found["FileSystemType"])
    if name not in FsxKind.__members__:
        raise OperationError(
            f"{resource.key}: a file system of type {name} has no backups of its own",
            why="for ONTAP they are of volumes, which SnapMirror replicates",
            hint="put the dr: tags on its volumes instead of the file system",
        )
    return FsxKind(name)


def _refuse_without_backups(resource: Resource, kind: FsxKind, shown: dict[str, Any]) -> None:
    reason = ""
    if kind is FsxKind.LUSTRE and str(shown.get("DeploymentType", "")).startswith("SCRATCH"):
        reason = f"deployment type {shown['DeploymentType']}"
    elif shown.get("DataRepositoryConfiguration"):
        reason = "a link to a bucket, which is its lasting copy"
    if reason:
        raise OperationError(
            f"{resource.key}: FSx makes no backups of it",
            why=f"it has {reason}",
            hint="replicate the bucket that it is filled from (technology s3), and take "
            f"dr:enabled off {resource.arn}",
        )


def _settings(resource: Resource, kind: FsxKind, shown: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(
        name
        for name, value in shown.items()
        if name not in CARRIED[kind] | _OWN
        and value not in (None, "", [], {})
        and not _is_off(name, value)
    )
    if unknown:
        raise OperationError(
            f"{resource.key}: a restored file system would lack {', '.join(unknown)}",
            why="drstate does not carry it over to the other region",
            hint="turn it off at the source, or take dr:enabled off and restore it by hand",
        )
    return {
        name: shown[name]
        for name in sorted(CARRIED[kind])
        if shown.get(name) not in (None, "", [], {})
    }


def _is_off(name: str, value: Any) -> bool:
    off = _OFF.get(name)
    return off is not None and all(value.get(key, wanted) == wanted for key, wanted in off.items())


def _directory(shown: dict[str, Any]) -> FsxDirectory:
    own = shown.get("SelfManagedActiveDirectoryConfiguration") or {}
    return FsxDirectory(
        identifier=shown.get("ActiveDirectoryId") or None,
        domain=own.get("DomainName") or None,
        organizational_unit=own.get("OrganizationalUnitDistinguishedName") or None,
        administrators=own.get("FileSystemAdministratorsGroup") or None,
        dns_addresses=tuple(own.get("DnsIps") or ()),
        secret=own.get("DomainJoinServiceAccountSecret") or None,
    )


def _groups(at: At, found: dict[str, Any]) -> tuple[str, ...]:
    """Security groups: FSx does not tell them, its network interfaces do."""
    names = list(found.get("NetworkInterfaceIds") or [])
    if not names:
        return ()
    answer = at.call("ec2", "describe_network_interfaces", NetworkInterfaceIds=names)
    return tuple(
        sorted(
            {
                group["GroupId"]
                for interface in answer["NetworkInterfaces"]
                for group in interface.get("Groups", [])
            }
        )
    )
