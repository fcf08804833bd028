"""Where things stand: networks, file systems, clusters, directories, machines.

Storage virtual machines and clusters are built with whoever uses them, on both sides; a table's
pair that nobody uses has no form that could be made up, and nothing looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from drstate.model.scope import SiteMapTable
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

_INSTANCE = re.compile(r"^i-[0-9a-f]+$")


def vpc(site: Captured, account: str, region: str, identifier: str) -> None:
    """A VPC."""
    site.network(account, region, identifier)


def subnet(site: Captured, account: str, region: str, identifier: str) -> None:
    """A subnet of the network that it is named with."""
    site.subnet(account, region, identifier)


def security_group(site: Captured, account: str, region: str, identifier: str) -> None:
    """A group that lets everything out, as a new one does."""
    site.security_group(account, region, identifier)


def file_system(site: Captured, account: str, region: str, identifier: str) -> None:
    """An empty file system of EFS, by its id or ARN."""
    correct("efs")
    from moto.efs import models as efs  # noqa: PLC0415 - after its correction

    called = identifier.rpartition("/")[2]
    backend = efs.efs_backends[account][region]
    if called in backend.file_systems_by_id:
        return
    made = backend.create_file_system(
        creation_token=called,
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id="",
        throughput_mode="elastic",
        provisioned_throughput_in_mibps=0,
        availability_zone_name="",
        backup=False,
        tags=upper(site.own_tags()),
    )
    del backend.file_systems_by_id[made.file_system_id]
    made.file_system_id = called
    made.life_cycle_state = "available"
    backend.file_systems_by_id[called] = made


def access_point(site: Captured, account: str, region: str, identifier: str) -> None:
    """An access point of a file system of its own."""
    correct("efs")
    from moto.efs import models as efs  # noqa: PLC0415 - after its correction

    called = identifier.rpartition("/")[2]
    backend = efs.efs_backends[account][region]
    if called in backend.access_points:
        return
    system = "fs-" + called.removeprefix("fsap-")
    file_system(site, account, region, system)
    made = backend.create_access_point(
        called,
        tags=upper(site.own_tags()),
        file_system_id=system,
        posix_user={"Uid": 1000, "Gid": 1000},
        root_directory={"Path": "/"},
    )
    del backend.access_points[made.access_point_id]
    made.access_point_id = called
    made.access_point_arn = f"{made.access_point_arn.rpartition('/')[0]}/{called}"
    backend.access_points[called] = made


def identifier(_site: Captured, account: str, region: str, text: str) -> None:
    """Of free identifiers, instances: machines under Systems Manager that do what scripts ask."""
    if not _INSTANCE.match(text):
        return
    correct("ssm")
    from drstate.sandbox.aws import ssm_machines  # noqa: PLC0415 - after its correction

    if text not in ssm_machines.machine_backends[account][region].machines:
        ssm_machines.register(account, region, text, ssm_machines.PlainMachine())


def nothing(_site: Captured, _account: str, _region: str, _identifier: str) -> None:
    """What is made by the pieces of its users, or is a name and nothing else."""


MAKERS: dict[SiteMapTable, Callable[[Any, str, str, str], None]] = {
    SiteMapTable.VPCS: vpc,
    SiteMapTable.SUBNETS: subnet,
    SiteMapTable.SECURITY_GROUPS: security_group,
    SiteMapTable.FILE_SYSTEMS: file_system,
    SiteMapTable.ACCESS_POINTS: access_point,
    SiteMapTable.IDENTIFIERS: identifier,
    SiteMapTable.DOMAINS: nothing,
    SiteMapTable.CLUSTERS: nothing,
    SiteMapTable.SVMS: nothing,
    SiteMapTable.DIRECTORIES: nothing,
}
