"""What lies in file systems. CLEANUP keeps all of it: it is the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drstate.model.cost import Running, Usage
from drstate.programs.running import At, kept

if TYPE_CHECKING:
    from drstate.programs.efs import EfsSpec
    from drstate.programs.fsx import FsxSpec
    from drstate.programs.ontap import OntapSpec


def efs(spec: EfsSpec, at: At) -> Running:
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


def fsx(spec: FsxSpec, at: At) -> Running:
    """Storage and throughput as they were captured."""
    unknown = ("backups",)
    priced = _fsx(spec)
    if priced is None:
        kind = f"{spec.kind} {spec.settings.get('DeploymentType', '')} {spec.storage_type}"
        return Running(unknown=(f"{spec.capacity} GiB of {kind}", *unknown), done=kept(at))
    return Running(usages=priced, unknown=unknown, done=kept(at))


def _fsx(spec: FsxSpec) -> tuple[Usage, ...] | None:
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


def ontap(spec: OntapSpec, at: At) -> Running:
    """The volume costs as a part of its file system, which the landing zone has and keeps."""
    return Running(
        unknown=(
            f"{spec.megabytes} MiB on file system {spec.file_system}, which is paid as a whole",
        ),
        done=kept(at),
    )
