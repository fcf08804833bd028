"""EFS declared: the recovery file system with its mount targets, access points and policies.

Which file system is copied to which is said nowhere here: the replication is made, broken and
reversed by actions. The file system is made ready to become a destination (its protection is off at
creation), and its mount targets stand before they are needed, because a network interface that has
to be made during a disaster may not be had.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.cost import Running, Usage
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws, pulumi
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import At, kept
from drstate.programs.translator import Translator

#: names of the endpoints that others may be bound to
DNS, FILE_SYSTEM_ID = "dns", "file-system"
#: tag that tells which access point a copy stands for
ACCESS_POINT_TAG = "drstate:access-point"
#: identifiers of a network inside of a policy: they hold in one region only
_NETWORK_ID = re.compile(r"\b(?:vpce|vpc|subnet|sg|eni)-[0-9a-f]{8,17}\b")
_HERE, _POINT = "{{file-system}}", "{{access-point %d}}"


class EfsPolicy(Value):
    """Choices for EFS resources of the scope."""

    #: how long a planned activation waits until everything written before it has been copied
    final_sync_seconds: int = Field(default=1800, ge=60, le=14400)


class EfsLifecycle(Value):
    """When files move to another storage class, as AWS names the times."""

    to_infrequent_access: str | None = None
    to_archive: str | None = None
    to_primary: str | None = None


class EfsMountTarget(Value):
    """Where a network mounts the file system; the address is AWS's."""

    subnet: str
    security_groups: tuple[str, ...] = ()


class EfsAccessPoint(Value):
    """A directory with the user that it is accessed as."""

    identifier: str
    path: str = "/"
    uid: int | None = None
    gid: int | None = None
    secondary_gids: tuple[int, ...] = ()
    owner_uid: int | None = None
    owner_gid: int | None = None
    permissions: str | None = None
    tags: dict[str, str] = {}

    @property
    def endpoint(self) -> str:
        """Name under which others are bound to it."""
        return f"access-point {self.identifier}"


class EfsSpec(Spec):
    """A file system as captured at the serving site."""

    identifier: str
    arn: str
    #: id of the destination that somebody else owns; None where there was none (or only ours)
    replica: str | None = None
    performance_mode: str = "generalPurpose"
    throughput_mode: str = "bursting"
    provisioned_throughput: float | None = None
    encrypted: bool = False
    kms_key: str | None = None
    lifecycle: EfsLifecycle = EfsLifecycle()
    automatic_backups: bool = False
    #: resource policy as JSON with sorted keys
    policy: str | None = None
    #: in the order of their subnets
    mount_targets: tuple[EfsMountTarget, ...] = ()
    #: in the order of their identifiers
    access_points: tuple[EfsAccessPoint, ...] = ()

    @property
    def token(self) -> str:
        """Creation token of our recovery file system: it is found again by it."""
        return f"drstate-{self.identifier}"


FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
MOUNT_TARGET = "aws:efs/mountTarget:MountTarget"
ACCESS_POINT = "aws:efs/accessPoint:AccessPoint"
POLICY = "aws:efs/fileSystemPolicy:FileSystemPolicy"
BACKUPS = "aws:efs/backupPolicy:BackupPolicy"

OWNERS: Owners = {
    FILE_SYSTEM: (
        *program(
            "creationToken",
            "encrypted",
            "kmsKeyId",
            "lifecyclePolicies",
            "performanceMode",
            "provisionedThroughputInMibps",
            "region",
            "tags",
            "throughputMode",
        ),
        Property(
            "protection",
            Owner.ADAPTER,
            "off at creation, so that it can become a destination; replication and its end move it",
        ),
    ),
    MOUNT_TARGET: (
        *program("fileSystemId", "region", "securityGroups", "subnetId"),
        Property("ipAddress", Owner.AWS, "chosen from the subnet"),
    ),
    ACCESS_POINT: program("fileSystemId", "posixUser", "region", "rootDirectory", "tags"),
    POLICY: program("fileSystemId", "policy"),
    BACKUPS: program("backupPolicy", "fileSystemId"),
}


@dataclass(frozen=True)
class EfsValues:
    """The file system's identifiers at the site."""

    kms_key: str | None
    mount_targets: tuple[EfsMountTarget, ...]
    #: the policy with marks in the place of the file system's and its access points' ARNs
    policy: str | None


def values(spec: EfsSpec, translator: Translator) -> EfsValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    return EfsValues(
        kms_key=translator.arn(SiteMapTable.KMS_KEYS, spec.kms_key, "KMS key")
        if spec.encrypted and spec.kms_key
        else None,
        mount_targets=tuple(
            EfsMountTarget(
                subnet=translator.required(SiteMapTable.SUBNETS, target.subnet, "subnet"),
                security_groups=translator.security_groups(target.security_groups),
            )
            for target in spec.mount_targets
        ),
        policy=_policy(spec, translator),
    )


def _policy(spec: EfsSpec, translator: Translator) -> str | None:
    if spec.policy is None:
        return None
    base = spec.arn.rpartition(":")[0]
    text = spec.policy
    for number, point in enumerate(spec.access_points):
        text = text.replace(f"{base}:access-point/{point.identifier}", _POINT % number)
    text = text.replace(spec.arn, _HERE)
    for found in sorted(set(_NETWORK_ID.findall(text))):
        here = translator.required(SiteMapTable.IDENTIFIERS, found, "network of the policy")
        text = text.replace(found, here)
    return translator.text(text)


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The file system and everything of it at the shard's site."""
    spec = EfsSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    here = values(spec, translator)
    translator.settle()
    system = _file_system(entry, spec, here, declaration)
    targets = {
        source.subnet: aws.efs.MountTarget(
            # one mount target per subnet: the source's subnet tells which one it is
            name_of(entry, "mount-target", source.subnet),
            file_system_id=system.id,
            region=declaration.shard.id.region,
            security_groups=list(target.security_groups) or None,
            subnet_id=target.subnet,
            opts=declaration.options(OWNERS, MOUNT_TARGET),
        )
        for source, target in zip(spec.mount_targets, here.mount_targets, strict=True)
    }
    points = [_access_point(entry, point, system, declaration) for point in spec.access_points]
    _policies(entry, spec, here, declaration, system, points)
    named = dict(zip((point.endpoint for point in spec.access_points), points, strict=True))
    return DeclaredOutputs(
        endpoints={
            DNS: system.dns_name,
            FILE_SYSTEM_ID: system.id,
            **{name: point.id for name, point in named.items()},
        },
        resources={
            "file_system": system.arn,
            **{f"mount_target {subnet}": target.id for subnet, target in targets.items()},
            **{name: point.arn for name, point in named.items()},
        },
    )


def _file_system(
    entry: CatalogEntry, spec: EfsSpec, here: EfsValues, declaration: Declaration
) -> aws.efs.FileSystem:
    rules = spec.lifecycle
    # AWS shows each transition as a rule of its own, in this order
    policies = [
        aws.efs.FileSystemLifecyclePolicyArgs(**{name: moment})
        for name, moment in (
            ("transition_to_archive", rules.to_archive),
            ("transition_to_ia", rules.to_infrequent_access),
            ("transition_to_primary_storage_class", rules.to_primary),
        )
        if moment
    ]
    return aws.efs.FileSystem(
        name_of(entry),
        creation_token=spec.token,
        encrypted=spec.encrypted,
        kms_key_id=here.kms_key,
        lifecycle_policies=policies or None,
        performance_mode=spec.performance_mode,
        protection=aws.efs.FileSystemProtectionArgs(replication_overwrite="DISABLED"),
        provisioned_throughput_in_mibps=spec.provisioned_throughput,
        # said, although it is the provider's: a creation that was cut off is looked up there
        region=declaration.shard.id.region,
        tags=tags_of(entry),
        throughput_mode=spec.throughput_mode,
        opts=declaration.options(OWNERS, FILE_SYSTEM, protect=True),
    )


def _access_point(
    entry: CatalogEntry,
    point: EfsAccessPoint,
    system: aws.efs.FileSystem,
    declaration: Declaration,
) -> aws.efs.AccessPoint:
    user = (
        aws.efs.AccessPointPosixUserArgs(
            uid=point.uid, gid=point.gid, secondary_gids=list(point.secondary_gids) or None
        )
        if point.uid is not None and point.gid is not None
        else None
    )
    creation = (
        aws.efs.AccessPointRootDirectoryCreationInfoArgs(
            owner_uid=point.owner_uid,
            owner_gid=point.owner_gid,
            permissions=point.permissions,
        )
        if point.owner_uid is not None
        and point.owner_gid is not None
        and point.permissions is not None
        else None
    )
    return aws.efs.AccessPoint(
        name_of(entry, "access-point", point.identifier),
        file_system_id=system.id,
        posix_user=user,
        region=declaration.shard.id.region,
        root_directory=aws.efs.AccessPointRootDirectoryArgs(
            path=point.path, creation_info=creation
        ),
        tags={**point.tags, **tags_of(entry), ACCESS_POINT_TAG: point.identifier},
        opts=declaration.options(OWNERS, ACCESS_POINT),
    )


def _policies(
    entry: CatalogEntry,
    spec: EfsSpec,
    here: EfsValues,
    declaration: Declaration,
    system: aws.efs.FileSystem,
    points: Sequence[aws.efs.AccessPoint],
) -> None:
    aws.efs.BackupPolicy(
        name_of(entry, "backup-policy"),
        file_system_id=system.id,
        backup_policy=aws.efs.BackupPolicyBackupPolicyArgs(
            status="ENABLED" if spec.automatic_backups else "DISABLED"
        ),
        opts=declaration.options(OWNERS, BACKUPS),
    )
    if here.policy is None:
        return
    marks = [_HERE, *(_POINT % number for number in range(len(points)))]
    text = here.policy

    def filled(arns: Sequence[Any]) -> str:
        done = text
        for mark, arn in zip(marks, arns, strict=True):
            done = done.replace(mark, str(arn))
        return done

    aws.efs.FileSystemPolicy(
        name_of(entry, "policy"),
        file_system_id=system.id,
        policy=pulumi.Output.all(system.arn, *(point.arn for point in points)).apply(filled),
        opts=declaration.options(OWNERS, POLICY),
    )


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.efs.FileSystem,
        aws.efs.FileSystemLifecyclePolicyArgs,
        aws.efs.FileSystemProtectionArgs,
        aws.efs.MountTarget,
        aws.efs.AccessPoint,
        aws.efs.AccessPointPosixUserArgs,
        aws.efs.AccessPointRootDirectoryArgs,
        aws.efs.AccessPointRootDirectoryCreationInfoArgs,
        aws.efs.BackupPolicy,
        aws.efs.BackupPolicyBackupPolicyArgs,
        aws.efs.FileSystemPolicy,
    ]


def runs(spec: EfsSpec, at: At) -> Running:
    """Provisioned throughput; what is stored is not in the spec."""
    mibps = spec.provisioned_throughput
    return Running(
        usages=(
            Usage(
                what=f"{mibps:g} MiB/s provisioned", price="efs-throughput/mibps", quantity=mibps
            ),
        )
        if mibps and spec.throughput_mode == "provisioned"
        else (),
        unknown=("what is stored: its size is not captured",),
        done=kept(at),
    )


PROGRAM = Program(
    technology="efs",
    spec=EfsSpec,
    step=Step.DATA,
    policy=EfsPolicy,
    owners={"": OWNERS},
    values=values,
    site=declare_site,
    classes=classes,
    stateful={FILE_SYSTEM: "a file system and its data"},
    identities={POLICY: "{fileSystemId}", BACKUPS: "{fileSystemId}"},
    runs=runs,
)
