"""FSx for ONTAP declared: the recovery volume, as a data protection volume in a mapped machine.

Which volume is copied to which is said nowhere here: SnapMirror is ONTAP's own, and turns at every
failover. File systems, storage virtual machines, their peering and quota rules are the landing
zone's: they stand before, and are shared by many volumes.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.cost import Running
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import At, kept
from drstate.programs.translator import Translator

#: the name of the endpoint that others may be bound to
NFS = "nfs"


class OntapPolicy(Value):
    """Choices for ONTAP volumes of the scope."""

    #: region -> ARN of the secret with ONTAP's administrator there
    #: (``{"username": …, "password": …}``)
    secrets: dict[str, str] = {}
    #: region -> name or address of the management endpoint, where FSx's own is not to be used
    management: dict[str, str] = {}
    #: file with the certificates that the management endpoints' are checked against
    ca_file: str | None = None
    #: HTTP proxy by which the management endpoints are reached
    proxy: str | None = None
    mirror_policy: str = "MirrorAllSnapshots"
    #: name of the schedule by which ONTAP copies; None: only when it is told to
    schedule: str | None = "5min"
    #: how long one answer of ONTAP may take
    answer_seconds: int = Field(default=20, ge=1, le=120)


class OntapTiering(Value):
    """When blocks move to the capacity pool."""

    name: str
    cooling_days: int | None = None


class OntapSpec(Spec):
    """A volume as captured at the serving site: with its mount, without its role."""

    identifier: str
    arn: str
    name: str
    file_system: str
    svm: str
    svm_name: str
    megabytes: int = Field(ge=1)
    junction_path: str | None = None
    security_style: str | None = None
    storage_efficiency: bool = False
    snapshot_policy: str | None = None
    tiering: OntapTiering | None = None
    copy_tags_to_backups: bool = False

    @property
    def path(self) -> str:
        """The volume as SnapMirror names it."""
        return f"{self.svm_name}:{self.name}"


VOLUME = "aws:fsx/ontapVolume:OntapVolume"

OWNERS: Owners = {
    VOLUME: (
        *program(
            "copyTagsToBackups",
            "name",
            "region",
            "sizeInMegabytes",
            "skipFinalBackup",
            "storageEfficiencyEnabled",
            "storageVirtualMachineId",
            "tags",
            "tieringPolicy",
            "volumeStyle",
        ),
        Property(
            "ontapVolumeType",
            Owner.ADAPTER,
            "DP at creation, so that it can become a copy; breaking and resync turn it",
        ),
        Property("junctionPath", Owner.ADAPTER, "mounted when the mirror was broken"),
        Property("securityStyle", Owner.AWS, "comes with the data of the source"),
        Property("snapshotPolicy", Owner.AWS, "of the source, and ONTAP's after a break"),
    ),
}


@dataclass(frozen=True)
class OntapValues:
    """The volume's machine at the site."""

    svm: str


def values(spec: OntapSpec, translator: Translator) -> OntapValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    return OntapValues(
        svm=translator.required(SiteMapTable.SVMS, spec.svm, "storage virtual machine")
    )


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The volume at the shard's site."""
    spec = OntapSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    here = values(spec, translator)
    translator.settle()
    tiering = spec.tiering
    region = declaration.shard.id.region
    volume = aws.fsx.OntapVolume(
        name_of(entry),
        copy_tags_to_backups=spec.copy_tags_to_backups,
        name=spec.name,
        ontap_volume_type="DP",
        # said, although it is the provider's: a creation that was cut off is looked up there
        region=region,
        size_in_megabytes=spec.megabytes,
        skip_final_backup=False,
        storage_efficiency_enabled=spec.storage_efficiency,
        storage_virtual_machine_id=here.svm,
        tags=tags_of(entry),
        tiering_policy=aws.fsx.OntapVolumeTieringPolicyArgs(
            name=tiering.name, cooling_period=tiering.cooling_days
        )
        if tiering
        else None,
        volume_style="FLEXVOL",
        opts=declaration.options(OWNERS, VOLUME, protect=True),
    )
    return DeclaredOutputs(
        endpoints={
            NFS: volume.file_system_id.apply(
                lambda system: f"{here.svm}.{system}.fsx.{region}.amazonaws.com"
            )
        },
        resources={"volume": volume.arn},
    )


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [aws.fsx.OntapVolume, aws.fsx.OntapVolumeTieringPolicyArgs]


def runs(spec: OntapSpec, at: At) -> Running:
    """The volume costs as a part of its file system, which the landing zone has and keeps."""
    return Running(
        unknown=(
            f"{spec.megabytes} MiB on file system {spec.file_system}, which is paid as a whole",
        ),
        done=kept(at),
    )


PROGRAM = Program(
    technology="ontap",
    spec=OntapSpec,
    step=Step.DATA,
    policy=OntapPolicy,
    owners={"": OWNERS},
    values=values,
    site=declare_site,
    classes=classes,
    stateful={VOLUME: "a volume and its data"},
    runs=runs,
)
