"""EFS file systems: settings, policy, mount targets, access points; and a replica of others'.

A file system holds nothing here. A replica that somebody else owns belongs to the site as captured:
it is the only thing at the other site that is built, as a copy that has everything.
"""

from __future__ import annotations

from typing import Any

from moto.moto_api._internal import mock_random

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.efs import EfsAccessPoint, EfsLifecycle, EfsMountTarget, EfsSpec
from drstate.sandbox import aws
from drstate.sandbox.aws import efs_replication as replication
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

_AVAILABLE = "available"


def build(site: Captured, entry: CatalogEntry) -> None:
    """The file system, available, and the replica that its spec names."""
    aws.correct("efs")
    spec = EfsSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    system = _system(site, account, region, spec, spec.identifier, site.tags(entry))
    system.lifecycle_policies = _lifecycle(spec.lifecycle)
    system.file_system_policy = spec.policy
    for target in spec.mount_targets:
        _mount_target(site, account, region, spec.identifier, target)
    for point in spec.access_points:
        _access_point(account, region, spec.identifier, point)
    if spec.replica is not None:
        _replica(site, account, spec)


def _system(
    site: Captured, account: str, region: str, spec: EfsSpec, identifier: str, tags: dict[str, str]
) -> Any:
    from moto.efs.models import efs_backends  # noqa: PLC0415 - after its correction

    key = spec.kms_key if region == spec.region else None
    if key and ":key/" in key:
        site.kms_key(key)
    site.first(str(SiteMapTable.FILE_SYSTEMS), account, region, identifier)
    with forced(mock_random, "get_random_hex", identifier.removeprefix("fs-")):
        made = efs_backends[account][region].create_file_system(
            creation_token=f"captured-{identifier}",
            performance_mode=spec.performance_mode,
            encrypted=spec.encrypted,
            kms_key_id=key or "",
            throughput_mode=spec.throughput_mode,
            provisioned_throughput_in_mibps=spec.provisioned_throughput,
            availability_zone_name="",
            backup=spec.automatic_backups,
            tags=upper(tags),
        )
    made.life_cycle_state = _AVAILABLE
    return made


def _lifecycle(spec: EfsLifecycle) -> list[dict[str, str]]:
    rules = {
        "TransitionToIA": spec.to_infrequent_access,
        "TransitionToArchive": spec.to_archive,
        "TransitionToPrimaryStorageClass": spec.to_primary,
    }
    return [{name: when} for name, when in rules.items() if when is not None]


def _mount_target(
    site: Captured, account: str, region: str, system: str, spec: EfsMountTarget
) -> None:
    from moto.efs.models import efs_backends  # noqa: PLC0415 - after its correction

    site.subnet(account, region, spec.subnet)
    for group in spec.security_groups:
        site.security_group(account, region, group)
    made = efs_backends[account][region].create_mount_target(
        system, spec.subnet, security_groups=list(spec.security_groups)
    )
    made.life_cycle_state = _AVAILABLE


def _access_point(account: str, region: str, system: str, spec: EfsAccessPoint) -> None:
    from moto.efs.models import efs_backends  # noqa: PLC0415 - after its correction

    user = {"Uid": spec.uid, "Gid": spec.gid, "SecondaryGids": list(spec.secondary_gids)}
    owner = {
        "OwnerUid": spec.owner_uid,
        "OwnerGid": spec.owner_gid,
        "Permissions": spec.permissions,
    }
    root: dict[str, Any] = {"Path": spec.path}
    if _given(owner):
        root["CreationInfo"] = _given(owner)
    with forced(mock_random, "get_random_hex", spec.identifier.removeprefix("fsap-")):
        efs_backends[account][region].create_access_point(
            f"captured-{spec.identifier}",
            tags=upper(spec.tags),
            file_system_id=system,
            posix_user=_given(user) or None,
            root_directory=root,
        )


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, [])}


def _replica(site: Captured, account: str, spec: EfsSpec) -> None:
    """The copy at the other site, reached from the counterparts of the source's subnets."""
    from moto.efs.models import efs_backends  # noqa: PLC0415 - after its correction

    name = str(spec.replica)
    copy = _system(site, account, site.other, spec, name, site.own_tags())
    tables = site.scope.site_map.get(site.other, {})
    groups = tables.get(SiteMapTable.SECURITY_GROUPS, {})
    for target in spec.mount_targets:
        subnet = tables.get(SiteMapTable.SUBNETS, {}).get(target.subnet)
        if subnet is not None:
            there = tuple(groups[one] for one in target.security_groups if one in groups)
            mounted = EfsMountTarget(subnet=subnet, security_groups=there)
            _mount_target(site, account, site.other, name, mounted)
    replication.update_protection(
        efs_backends[account][site.other], copy.file_system_id, replication.DISABLED
    )
    made = replication.create(
        efs_backends[account][spec.region],
        {
            "SourceFileSystemId": spec.identifier,
            "Destinations": [{"Region": site.other, "FileSystemId": name}],
        },
    )
    made.status = replication.ENABLED
    made.look()
