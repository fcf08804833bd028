"""FSx for NetApp ONTAP: a volume at each site and a SnapMirror relationship that turns.

FSx declares volumes; mirrors, namespaces and quotas are ONTAP's own, through its REST API. The
management endpoint of each site answers in its VPC only, so that it is reached directly or through
a proxy of that VPC; whether it answers is asked before anything is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.findings import Health, Lag
from drstate.adapters.ontap import capture, health
from drstate.adapters.ontap.actions import Break, Mount, Unmount
from drstate.adapters.ontap.mirroring import Replicate
from drstate.adapters.ontap.place import Place, fsx_volume, machine, place
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.errors import DrstateError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.ontap import NFS, VOLUME, OntapSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NFS_PORT = 2049


class OntapAdapter(Adapter):
    """FlexVol volumes of FSx for NetApp ONTAP."""

    technology = "ontap"
    unrehearsed = (
        "a clone of the mirrored volume is not made; how far the mirror is, drstate readiness tells"
    )
    summary = "FSx for NetApp ONTAP volumes: SnapMirror copies, break activates, resync reverses"
    services = ("fsx", "secretsmanager")
    grants = (
        Grant(
            "see volumes, their machines and management endpoints",
            (
                "fsx:DescribeFileSystems",
                "fsx:DescribeStorageVirtualMachines",
                "fsx:DescribeVolumes",
            ),
        ),
        Grant(
            "log in to ONTAP",
            ("secretsmanager:GetSecretValue",),
            ("arn:aws:secretsmanager:*:*:secret:*",),
        ),
        Grant(
            "read administrators' secrets that are encrypted with a key of one's own",
            ("kms:Decrypt",),
            ("arn:aws:kms:*:*:key/*",),
            uncalled="Secrets Manager asks KMS in the caller's name",
        ),
    )
    stack_grants = (
        Grant(
            "declare the recovery volume",
            (
                "fsx:CreateVolume",
                "fsx:DeleteVolume",
                "fsx:DescribeVolumes",
                "fsx:TagResource",
                "fsx:UntagResource",
                "fsx:UpdateVolume",
            ),
            (
                "arn:aws:fsx:*:*:backup/*",
                "arn:aws:fsx:*:*:storage-virtual-machine/*",
                "arn:aws:fsx:*:*:volume/*",
            ),
        ),
    )
    spec_type = OntapSpec
    claims = (
        Claim(
            technology="ontap",
            explorer_type="fsx:volume",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:fsx:[a-z0-9-]+:\d{12}:volume/fs-[^/]+/(?P<name>fsvol-.+)"
            ),
        ),
    )
    limits = (
        Limit("volumes of a file system", 500, per="resource"),
        Limit("mirrors onto a volume", 1, per="resource"),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the source; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing has a size here: the volume is whole since REPLICATE."""
        if site.by_stack:
            return Work()
        return Work(no_op="the volume is as it will serve since replicate; activate mounts it")

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Planned: unmount the old volume, break, mount. Forced: break, mount."""
        spec = self.spec(entry)
        here = (Break(entry, spec, site), Mount(entry, spec, site))
        if site.force:
            return Work(here)
        return Work((Unmount(entry, spec, site, site.other), *here))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The old volume is unmounted, where it is not yet, and kept."""
        return Work((Unmount(entry, self.spec(entry), site, site.region),))

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Mirror to this site, whoever owns the volumes."""
        return Work((Replicate(entry, self.spec(entry), site),))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Writable and mounted here."""
        here = self._here(entry, site, aws)
        return here if isinstance(here, Health) else health.active(here)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Standby and warm: a working copy. Retired: kept, mounted nowhere."""
        here = self._here(entry, site, aws)
        if isinstance(here, Health):
            return here
        return health.retired(here) if site.state is SiteState.RETIRED else health.standby(here)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """The mirror's lag, as ONTAP tells it."""
        source = f"SnapMirror lag_time in {site.region}"
        here = self._here(entry, site, aws)
        mirror = None if isinstance(here, Health) else here.cluster.mirror(here.path)
        seconds = mirror.lag_seconds if mirror else None
        measured = self.clock.now() if seconds is not None else None
        return Lag(seconds=seconds, measured_at=measured, source=source)

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """That ONTAP answers at every site that the phase asks; before REPLICATE, the peering."""
        regions = [site.region]
        if not site.force and phase in (Phase.ACTIVATE, Phase.REPLICATE):
            regions.append(site.other)
        found: dict[str, Place] = {}
        for region in regions:
            try:
                at = At(aws, entry.resource.account, region)
                found[region] = place(at, self.spec(entry), site)
                found[region].cluster.mirror(found[region].path)
            except DrstateError as error:
                return (
                    Health(
                        ResourceStatus.UNHEALTHY,
                        f"ONTAP in {region} cannot be asked: {error.what}",
                        error.hint,
                    ),
                )
        if phase is not Phase.REPLICATE:
            return ()
        here, there = found[site.region], found[site.other]
        if here.cluster.peered(here.svm_name, there.svm_name):
            return ()
        return (
            Health(
                ResourceStatus.UNHEALTHY,
                f"{here.svm_name} in {site.region} is not peered with {there.svm_name} in "
                f"{site.other}",
                "peer the clusters and the storage virtual machines once: vserver peer create",
            ),
        )

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The old volume's clients: it is still mounted there."""
        return (
            f"{self.spec(entry).name} in {site.other} is still mounted: its clients there go on "
            "writing, and the reversal of the mirror throws away what they write; cleanup unmounts"
        )

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The volume that a cut-off update was making, by its machine and name."""
        region, svm = str(inputs.get("region") or ""), inputs.get("storageVirtualMachineId")
        if kind != VOLUME or not region or not svm:
            return None
        found = fsx_volume(At(aws, account, region), str(svm), str(inputs.get("name")))
        return str(found["VolumeId"]) if found else None

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether the machine answers over NFS."""
        host = entry.endpoints.get(site.region, {}).get(NFS)
        if site.state is not SiteState.ACTIVE or host is None:
            return ()
        return (Probe(kind=ProbeKind.TCP, what="NFS", host=host, port=_NFS_PORT),)

    def spec(self, entry: CatalogEntry) -> OntapSpec:
        """The entry's spec, typed."""
        return OntapSpec.model_validate(entry.spec)

    def _here(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Place | Health:
        """The site, once its volume is there: before, nobody has to log in."""
        at, spec = At(aws, entry.resource.account, site.region), self.spec(entry)
        if fsx_volume(at, machine(spec, site, site.region), spec.name) is None:
            return health.absent(site.region, spec.name)
        return place(at, spec, site)
