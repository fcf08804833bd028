"""What has to hold before a phase changes anything of an Aurora cluster.

A secondary needs its groups at the site, for the same major version; a switchover needs the same
version, to the minor, at both sites. With force nothing is asked of the other region.
"""

from __future__ import annotations

from collections.abc import Iterator

from drstate.adapters.at import At
from drstate.adapters.aurora import reading
from drstate.adapters.databases import listed, missing, subnet_group
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.programs.aurora.spec import AuroraSpec
from drstate.programs.aurora.values import AuroraValues


def groups(at: At, spec: AuroraSpec, values: AuroraValues) -> Iterator[Health]:
    """Subnet group and parameter groups are there and fit the engine's major version."""
    yield from subnet_group(at, values.subnet_group)
    if values.cluster_parameter_group:
        yield from _group(
            at, spec, "DBClusterParameterGroup", values.cluster_parameter_group,
            "cluster_parameter_groups",
        )  # fmt: skip
    for name in sorted({one.parameter_group for one in values.instances if one.parameter_group}):
        yield from _group(at, spec, "DBParameterGroup", name, "parameter_groups")


def versions(here: At, spec: AuroraSpec, there: At | None) -> Iterator[Health]:
    """The versions are the same to the minor; ``there`` is None where nobody is to be asked."""
    found = reading.cluster(here, spec.identifier)
    if found is None:
        return
    have = str(found["EngineVersion"])
    other = reading.cluster(there, spec.identifier) if there is not None else None
    wanted, where = spec.engine_version, "as captured"
    if there is not None and other is not None:
        wanted, where = str(other["EngineVersion"]), f"in {there.region}"
    if _minor(have) != _minor(wanted):
        # a failover by force is not held up by a version: it is tried
        status = ResourceStatus.UNHEALTHY if there is not None else ResourceStatus.DEGRADED
        yield Health(
            status,
            f"{spec.identifier} has version {have} in {here.region} and {wanted} {where}",
            "a switchover needs the same major and minor version: upgrade the secondary first, "
            "then the writer, in the global cluster",
            {"here": have, "there": wanted},
        )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _group(at: At, spec: AuroraSpec, kind: str, name: str, table: str) -> Iterator[Health]:
    what = "DB cluster parameter group" if "Cluster" in kind else "DB parameter group"
    if name == "default" or name.startswith("default."):
        return
    operation = (
        "describe_db_cluster_parameter_groups"
        if "Cluster" in kind
        else "describe_db_parameter_groups"
    )
    found = listed(
        at,
        operation,
        f"{kind}s",
        "DBParameterGroupNotFound",
        "DBClusterParameterGroupNotFound",
        **{f"{kind}Name": name},
    )
    if found is None:
        yield missing(at, what, name, table)
        return
    family = str(found["DBParameterGroupFamily"])
    if not _fits(family, spec):
        yield Health(
            ResourceStatus.UNHEALTHY,
            f"{what} {name} in {at.region} is for {family}, not for {spec.engine} "
            f"{spec.engine_version}",
            f"create one for that version there, and name it in site_map.{at.region}.{table}",
        )


def _fits(family: str, spec: AuroraSpec) -> bool:
    """``aurora-postgresql15`` for 15.4; ``aurora-mysql8.0`` for 8.0.mysql_aurora.3.05.2."""
    parts = spec.engine_version.split(".")
    return family in (f"{spec.engine}{parts[0]}", f"{spec.engine}{'.'.join(parts[:2])}")
