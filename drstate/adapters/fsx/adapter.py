"""FSx for Windows, Lustre and OpenZFS: backups copied to the other region, restored there.

There is no replication to break: what the other region has is as old as its newest backup, and that
age is told as the RPO before anything is lost. Every restore makes a new file system; old ones are
kept and marked.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from drstate.adapters.actions import Action, Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined, vpc_of_subnets
from drstate.adapters.drilling import Copy as DrillCopy
from drstate.adapters.findings import Health, Lag
from drstate.adapters.fsx import capture, drill, health, reading
from drstate.adapters.fsx.actions import Copy, Retire
from drstate.adapters.fsx.placing import placed
from drstate.adapters.fsx.restoring import Restore
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.fsx import DNS, FsxKind, FsxPolicy, FsxSpec, RestoreIn

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_RESOURCES = ("arn:aws:fsx:*:*:backup/*", "arn:aws:fsx:*:*:file-system/*")
_PORTS = {FsxKind.WINDOWS: 445, FsxKind.LUSTRE: 988, FsxKind.OPENZFS: 2049}


class FsxAdapter(Adapter):
    """File systems with backups of their own."""

    technology = "fsx"
    summary = "FSx for Windows, Lustre, OpenZFS: backups are copied, a restore activates"
    services = ("fsx", "ec2")
    grants = (
        Grant(
            "see file systems and backups",
            ("fsx:DescribeBackups", "fsx:DescribeFileSystems"),
        ),
        Grant(
            "see the security groups of file systems",
            ("ec2:DescribeNetworkInterfaces",),
        ),
        Grant(
            "take backups, copy them, and restore file systems from them",
            (
                "fsx:CopyBackup",
                "fsx:CreateBackup",
                "fsx:CreateFileSystemFromBackup",
                "fsx:TagResource",
            ),
            _RESOURCES,
        ),
        Grant(
            "take back the mark of a file system that was marked as superseded",
            ("fsx:UntagResource",),
            _RESOURCES,
            uncalled="only undoing a cleanup calls it",
        ),
        Grant(
            "encrypt copies and restored file systems with the mapped key",
            ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
            ("arn:aws:kms:*:*:key/*",),
            uncalled="FSx asks KMS in the caller's name",
        ),
        Grant(
            "let FSx make the role that it works with, where an account has none",
            ("iam:CreateServiceLinkedRole",),
            ("arn:aws:iam::*:role/aws-service-role/fsx.amazonaws.com/*",),
            uncalled="FSx asks IAM in the caller's name, once per account",
        ),
        Grant(
            "join restored Windows file systems to a directory, and see their network",
            (
                "ds:DescribeDirectories",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
            uncalled="FSx asks these in the caller's name",
        ),
    )
    drill_grants = drill.GRANTS
    spec_type = FsxSpec
    claims = (
        Claim(
            technology="fsx",
            explorer_type="fsx:file-system",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:fsx:[a-z0-9-]+:\d{12}:file-system/(?P<name>fs-.+)"
            ),
        ),
    )
    limits = (
        Limit("copies of backups under way to a region", 5),
        Limit("backups under way of a file system", 1, per="resource"),
    )
    deviations = {
        "ends-where-it-began": "every failover restores a new file system from a backup, and keeps "
        "the old ones and the backups: FSx has no way to put data back into one",
        "same-capture": "the file system that serves after the circle is a restored one, with a "
        "name of its own",
        "ways-agree": "a planned activation takes a last backup, which a forced one cannot",
    }

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the file system that serves; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """A fresh copy; with ``restore_in: instantiate`` the file system, too."""
        policy = site.policy("fsx", FsxPolicy)
        actions: list[Action] = []
        if not site.force:
            age = timedelta(minutes=policy.fresh_minutes)
            spec = self.spec(entry)
            actions.append(Copy(entry, spec, site, self.clock, max_age=age, unless_there=True))
        if policy.restore_in is RestoreIn.INSTANTIATE:
            actions.append(Restore(entry, self.spec(entry), site, self.clock))
        if actions:
            return Work(tuple(actions))
        return Work(
            no_op="the file system is restored in activate, and without the source region there is "
            "no newer backup to copy"
        )

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """A last backup where the source can still be asked, then the restore."""
        spec = self.spec(entry)
        restore = Restore(entry, spec, site, self.clock)
        if site.force:
            return Work((restore,))
        last = Copy(entry, spec, site, self.clock, max_age=None, unless_there=True)
        return Work((last, restore))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The old file system is marked, and kept."""
        return Work((Retire(entry, self.spec(entry), site, self.clock),))

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Mark what served here, and copy a backup of what serves now."""
        policy = site.policy("fsx", FsxPolicy)
        spec = self.spec(entry)
        age = timedelta(minutes=policy.backup_max_age_minutes)
        return Work(
            (
                Retire(entry, spec, site, self.clock),
                Copy(entry, spec, site, self.clock, max_age=age, unless_there=False),
            )
        )

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[DrillCopy, ...]:
        """A file system restored from the newest backup that was copied here."""
        return (drill.DrillSystem(entry, self.spec(entry), site),)

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:
        """In the VPC of the restored file system's subnets."""
        request = placed(self.spec(entry), site).request
        return Confined(lambda at: vpc_of_subnets(at, request.get("SubnetIds", [])))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """A file system is available here."""
        return health.active(self._at(entry, site, aws), entry, self.spec(entry))

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Standby and warm: a copied backup. Retired: nothing taken for serving."""
        at, spec = self._at(entry, site, aws), self.spec(entry)
        if site.state is SiteState.RETIRED:
            return health.retired(at, entry, spec)
        restores = site.policy("fsx", FsxPolicy).restore_in
        if site.state is SiteState.WARM and restores is RestoreIn.INSTANTIATE:
            return health.active(at, entry, spec)
        return health.standby(at, entry, spec, site, self.clock.now())

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """The age of the newest copy's data."""
        at = self._at(entry, site, aws)
        copy = reading.newest_copy(at, entry.resource.arn)
        source = f"age of the newest copied backup in {at.region}"
        if copy is None:
            return Lag(seconds=None, measured_at=None, source=source)
        now = self.clock.now()
        return Lag(seconds=copy.age_seconds(now), measured_at=now, source=source)

    def lag_limit(self, entry: CatalogEntry, site: SiteContext) -> float:  # noqa: ARG002 - the contract
        """The oldest that a copied backup may be: FSx replicates nothing between regions."""
        return site.policy("fsx", FsxPolicy).backup_max_age_minutes * 60.0

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Everything mapped that a restore needs; before ACTIVATE, how old its data would be."""
        if phase is Phase.CLEANUP:
            return ()
        missing = placed(self.spec(entry), site).missing
        if missing:
            return (
                Health(
                    ResourceStatus.UNHEALTHY,
                    f"a file system cannot be restored in {site.region}: unmapped are "
                    + ", ".join(missing),
                    f"add them to {site.scope_file}",
                ),
            )
        if phase is not Phase.ACTIVATE:
            return ()
        return self._age(entry, site, aws)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """Its clients: FSx has no way to make the old file system read-only."""
        return (
            f"clients in {site.other} that still use the file system of "
            f"{self.spec(entry).identifier} there go on writing to it; nothing of that is carried "
            "over"
        )

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether the file system answers."""
        host = entry.endpoints.get(site.region, {}).get(DNS)
        if site.state is not SiteState.ACTIVE or host is None:
            return ()
        port = _PORTS[self.spec(entry).kind]
        return (Probe(kind=ProbeKind.TCP, what="file system", host=host, port=port),)

    def spec(self, entry: CatalogEntry) -> FsxSpec:
        """The entry's spec, typed."""
        return FsxSpec.model_validate(entry.spec)

    def _age(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> tuple[Health, ...]:
        at = self._at(entry, site, aws)
        known = reading.current(at, self.spec(entry).identifier, entry.resource.arn)
        if known is not None and known.taken_at and not site.force:
            return (
                Health(
                    ResourceStatus.DEGRADED,
                    f"{known.identifier} in {at.region} was restored before: it has the data of "
                    f"{known.taken_at}, and what was written since is not in it",
                    "policies.fsx.restore_in: activate restores from a last backup",
                ),
            )
        if known is not None or not site.force:
            return ()
        found = health.standby(at, entry, self.spec(entry), site, self.clock.now())
        if found.status is ResourceStatus.UNHEALTHY:
            return (found,)
        age = float(found.facts["lag_seconds"])
        promised = entry.resource.tags.rpo_minutes
        if promised is None or age <= promised * 60:
            return ()
        return (
            Health(
                ResourceStatus.DEGRADED,
                f"the newest backup is {age / 60:.0f} min old, and {promised} min were promised",
                "replicate more often, or accept the loss",
                found.facts,
            ),
        )

    def _at(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> At:
        return At(aws, entry.resource.account, site.region)
