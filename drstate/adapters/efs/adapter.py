"""EFS: a file system at each site, and a replication between them that turns at every failover.

CLEANUP keeps the old file system: it is the way back, and until the reversal it holds what it held
at the failover. EFS cannot be told to stop its clients, so nothing here calls itself a fence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drilling import Copy as DrillCopy
from drstate.adapters.efs import capture, drill, health, reading
from drstate.adapters.efs.copying import Replicate
from drstate.adapters.efs.replication import Break
from drstate.adapters.findings import Health, Lag
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.efs import (
    ACCESS_POINT,
    ACCESS_POINT_TAG,
    DNS,
    FILE_SYSTEM,
    MOUNT_TARGET,
    EfsPolicy,
    EfsSpec,
)

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NFS_PORT = 2049
_PROMISED_SECONDS = 900.0
_SYSTEMS = "arn:aws:elasticfilesystem:*:*:file-system/*"
_POINTS = "arn:aws:elasticfilesystem:*:*:access-point/*"


class EfsAdapter(Adapter):
    """Regional EFS file systems."""

    technology = "efs"
    summary = "EFS file systems: replication copies, its end activates, and it is reversed"
    services = ("efs",)
    grants = (
        Grant(
            "see file systems, mount targets, access points, policies and replications",
            (
                "elasticfilesystem:DescribeAccessPoints",
                "elasticfilesystem:DescribeBackupPolicy",
                "elasticfilesystem:DescribeFileSystemPolicy",
                "elasticfilesystem:DescribeFileSystems",
                "elasticfilesystem:DescribeLifecycleConfiguration",
                "elasticfilesystem:DescribeMountTargetSecurityGroups",
                "elasticfilesystem:DescribeMountTargets",
                "elasticfilesystem:DescribeReplicationConfigurations",
            ),
            (_SYSTEMS, _POINTS),
        ),
        Grant(
            "begin, end and reverse replications",
            (
                "elasticfilesystem:CreateReplicationConfiguration",
                "elasticfilesystem:DeleteReplicationConfiguration",
                "elasticfilesystem:UpdateFileSystemProtection",
            ),
            (_SYSTEMS,),
        ),
        Grant(
            "let EFS make the role that it replicates with, where an account has none",
            ("iam:CreateServiceLinkedRole",),
            ("arn:aws:iam::*:role/aws-service-role/replication.elasticfilesystem.amazonaws.com/*",),
            uncalled="EFS asks IAM in the caller's name, once per account",
        ),
    )
    stack_grants = (
        Grant(
            "declare the recovery file system, its mount targets, access points and policies",
            (
                "elasticfilesystem:CreateAccessPoint",
                "elasticfilesystem:CreateFileSystem",
                "elasticfilesystem:CreateMountTarget",
                "elasticfilesystem:DeleteAccessPoint",
                "elasticfilesystem:DeleteFileSystem",
                "elasticfilesystem:DeleteFileSystemPolicy",
                "elasticfilesystem:DeleteMountTarget",
                "elasticfilesystem:DescribeAccessPoints",
                "elasticfilesystem:DescribeBackupPolicy",
                "elasticfilesystem:DescribeFileSystemPolicy",
                "elasticfilesystem:DescribeFileSystems",
                "elasticfilesystem:DescribeLifecycleConfiguration",
                "elasticfilesystem:DescribeMountTargetSecurityGroups",
                "elasticfilesystem:DescribeMountTargets",
                "elasticfilesystem:ListTagsForResource",
                "elasticfilesystem:ModifyMountTargetSecurityGroups",
                "elasticfilesystem:PutBackupPolicy",
                "elasticfilesystem:PutFileSystemPolicy",
                "elasticfilesystem:PutLifecycleConfiguration",
                "elasticfilesystem:TagResource",
                "elasticfilesystem:UntagResource",
                "elasticfilesystem:UpdateFileSystem",
                "elasticfilesystem:UpdateFileSystemProtection",
            ),
            (_SYSTEMS, _POINTS),
        ),
        Grant(
            "give mount targets their network interfaces",
            (
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:ModifyNetworkInterfaceAttribute",
            ),
            uncalled="EFS asks EC2 in the caller's name",
        ),
        Grant(
            "encrypt the recovery file system with the mapped key",
            ("kms:CreateGrant", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"),
            ("arn:aws:kms:*:*:key/*",),
            uncalled="EFS asks KMS in the caller's name",
        ),
    )
    transient_codes = frozenset({"IncorrectFileSystemLifeCycleState"})
    drill_grants = drill.GRANTS
    spec_type = EfsSpec
    claims = (
        Claim(
            technology="efs",
            explorer_type="elasticfilesystem:file-system",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:elasticfilesystem:[a-z0-9-]+:\d{12}:file-system/(?P<name>fs-.+)"
            ),
        ),
    )
    limits = (
        Limit("file systems of an account", 1000),
        Limit("mount targets of a file system in one zone", 1, per="zone"),
        Limit("replication configurations of a file system", 1, per="resource"),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the source; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign; its copy is ours unless somebody else replicates already."""
        known = EfsSpec.model_validate(spec.model_dump())
        copy = Ownership.FOREIGN if known.replica else Ownership.DECLARED
        return {
            resource.region: Ownership.FOREIGN,
            scope.regions.other(resource.region): copy,
        }

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing has a size here: the file system is whole since REPLICATE."""
        if site.by_stack:
            return Work()
        return Work(
            no_op="the file system, its mount targets and access points are as they will serve "
            "since replicate; only writing waits for activate"
        )

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """End the replication, whoever owns the file systems."""
        policy = site.policy("efs", EfsPolicy)
        breaking = Break(
            entry,
            self.spec(entry),
            site.region,
            site.other,
            force=site.force,
            final_sync_seconds=policy.final_sync_seconds,
        )
        return Work((breaking,))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing is called: the old file system stays until it is overwritten by the reversal."""
        if site.by_stack:
            return Work()
        return Work(
            no_op=f"the file system in {site.region} stays as it was at the failover: replicate "
            "makes it the copy, and it is the way back"
        )

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Begin the replication to this site, whoever owns the file systems."""
        spec = self.spec(entry)
        return Work((Replicate(entry, spec, site.region, site.other, by_stack=site.by_stack),))

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[DrillCopy, ...]:
        """An access point to the replica, which stays read-only."""
        spec = EfsSpec.model_validate(entry.spec)
        return (drill.DrillPoint(entry, spec, site.region, site.drill),)

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:  # noqa: ARG002 - the contract
        """Nowhere: an access point has no address of its own."""
        return Unconfined(
            "an access point is reached through the replica's mount targets, which keep theirs"
        )

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Writable here, with its mount targets."""
        return health.active(self._at(entry, site, aws), self.spec(entry))

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Standby and warm: a working copy. Retired: kept."""
        at, spec = self._at(entry, site, aws), self.spec(entry)
        if site.state is SiteState.RETIRED:
            return health.retired(at, spec)
        return health.standby(at, spec, self.clock.now())

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """Seconds since everything was copied last, as EFS tells it."""
        at = self._at(entry, site, aws)
        source = f"EFS LastReplicatedTimestamp in {at.region}"
        found = reading.file_system(at, self.spec(entry))
        known = reading.replication(at, str(found["FileSystemId"])) if found else None
        if known is None or known.last is None:
            return Lag(seconds=None, measured_at=None, source=source)
        now = self.clock.now()
        return Lag(
            seconds=max(0.0, (now - known.last).total_seconds()), measured_at=now, source=source
        )

    def lag_limit(self, entry: CatalogEntry, site: SiteContext) -> float:
        """EFS itself promises a copy every 15 minutes, no more."""
        return max(_PROMISED_SECONDS, super().lag_limit(entry, site))

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Before INSTANTIATE and ACTIVATE: a working copy, its mount targets, and not too old.

        Before REPLICATE: a source, and no other replication in its way.
        """
        spec = self.spec(entry)
        if phase in (Phase.INSTANTIATE, Phase.ACTIVATE):
            return self._copy(entry, site, aws)
        if phase is not Phase.REPLICATE:
            return ()
        there = At(aws, entry.resource.account, site.other)
        source = reading.file_system(there, spec)
        known = reading.replication(there, str(source["FileSystemId"])) if source else None
        if known is None or known.destination_region in (site.region, site.other):
            return ()
        return (
            Health(
                ResourceStatus.UNHEALTHY,
                f"{known.source} is replicated to {known.destination_region}, and EFS replicates "
                "a file system to one place only",
                "end that replication, or take dr:enabled off the file system",
                known.facts(),
            ),
        )

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """Its clients: EFS has no way to make the old file system read-only from here."""
        name = self.spec(entry).identifier
        return (
            f"clients in {site.other} that still mount the file system of {name} there go on "
            "writing to it; the reversal of the replication overwrites what they write"
        )

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """What a cut-off update was making: found by its token, its subnet, or its tag.

        The program says the region in the inputs, so that this can ask there.
        """
        region = str(inputs.get("region") or "")
        if not region:
            return None
        at = At(aws, account, region)
        if kind == FILE_SYSTEM and inputs.get("creationToken"):
            token = str(inputs["creationToken"])
            found = at.call("efs", "describe_file_systems", CreationToken=token)["FileSystems"]
            return str(found[0]["FileSystemId"]) if found else None
        system = str(inputs.get("fileSystemId") or "")
        if kind == MOUNT_TARGET and system:
            return next(
                (
                    str(target["MountTargetId"])
                    for target in reading.mount_targets(at, system)
                    if target["SubnetId"] == inputs.get("subnetId")
                ),
                None,
            )
        if kind == ACCESS_POINT and system:
            wanted = (inputs.get("tags") or {}).get(ACCESS_POINT_TAG)
            points = at.pages("efs", "describe_access_points", "AccessPoints", FileSystemId=system)
            return next(
                (
                    str(point["AccessPointId"])
                    for point in points
                    if {"Key": ACCESS_POINT_TAG, "Value": wanted} in point.get("Tags", [])
                ),
                None,
            )
        return None

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether a mount target answers."""
        host = entry.endpoints.get(site.region, {}).get(DNS)
        if site.state is not SiteState.ACTIVE or host is None:
            return ()
        return (Probe(kind=ProbeKind.TCP, what="mount target", host=host, port=_NFS_PORT),)

    def spec(self, entry: CatalogEntry) -> EfsSpec:
        """The entry's spec, typed."""
        return EfsSpec.model_validate(entry.spec)

    def _copy(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> tuple[Health, ...]:
        at, spec = self._at(entry, site, aws), self.spec(entry)
        serves = health.active(at, spec)
        if serves.ok:
            # a second activation finds it done
            return ()
        found = health.standby(at, spec, self.clock.now())
        if not found.ok and not (site.force and found.status is ResourceStatus.DEGRADED):
            return (found,)
        lag, promised = found.facts.get("lag_seconds"), entry.resource.tags.rpo_minutes
        if promised is not None and lag is not None and lag > promised * 60:
            return (
                Health(
                    ResourceStatus.DEGRADED,
                    f"the copy is {lag / 60:.0f} min old, and {promised} min were promised",
                    "a planned activation waits for the last copy; a forced one loses the rest",
                    found.facts,
                ),
            )
        return ()

    def _at(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> At:
        return At(aws, entry.resource.account, site.region)
