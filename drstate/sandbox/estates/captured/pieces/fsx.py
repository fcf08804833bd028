"""File systems of FSx for Windows, Lustre and OpenZFS, as they were captured, without data.

Their network interfaces are made up, and carry the security groups that capture read from them. A
self-managed directory that was joined with a password has a user of its own here: nobody tells it.
"""

from __future__ import annotations

from typing import Any

from moto.moto_api._internal import mock_random

from drstate.adapters.fsx import reading
from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.context import tags_of
from drstate.programs.fsx import DNS, FsxDirectory, FsxSpec
from drstate.sandbox import aws
from drstate.sandbox.aws.modelled import Refusal
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.ground import made_up
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

#: what AWS encrypts with where nobody says otherwise
_OWN_KEY = ":alias/aws/fsx"


def build(site: Captured, entry: CatalogEntry) -> None:
    """The file system, available; beside one that was superseded, the one that serves instead."""
    aws.correct("fsx")
    spec, tags = FsxSpec.model_validate(entry.spec), site.tags(entry)
    if reading.SUPERSEDED_TAG not in tags:
        _system(site, entry, spec, spec.identifier, tags, spec.endpoints.get(DNS, ""))
        return
    # a restore makes another one, and the spec was read from that
    _system(site, entry, spec, spec.identifier, tags)
    restored = made_up("fs", entry.resource.arn, "restored")
    serving = {**tags_of(entry), reading.SOURCE_TAG: entry.resource.arn}
    _system(site, entry, spec, restored, serving, spec.endpoints.get(DNS, ""))


def _system(
    site: Captured,
    entry: CatalogEntry,
    spec: FsxSpec,
    identifier: str,
    tags: dict[str, str],
    host: str = "",
) -> None:
    from moto.fsx.models import fsx_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import fsx_systems  # noqa: PLC0415 - the same

    account, region = entry.resource.account, spec.region
    for subnet in spec.subnets:
        site.subnet(account, region, subnet)
    for group in spec.security_groups:
        site.security_group(account, region, group)
    own = spec.kms_key is None or spec.kms_key.endswith(_OWN_KEY)
    if spec.kms_key and not own:
        site.kms_key(spec.kms_key)
    wanted: dict[str, Any] = {
        "FileSystemType": str(spec.kind),
        "FileSystemTypeVersion": spec.version,
        "StorageCapacity": spec.capacity,
        "StorageType": spec.storage_type,
        "SubnetIds": list(spec.subnets),
        "SecurityGroupIds": list(spec.security_groups),
        "KmsKeyId": None if own else spec.kms_key,
        "NetworkType": spec.network_type,
        "Tags": upper(tags),
        spec.kind.member: _configuration(site, account, region, spec),
    }
    site.ids.named(account, region, "fsx", identifier)
    try:
        with forced(mock_random, "get_random_hex", identifier.removeprefix("fs-")):
            made = fsx_systems.create(fsx_backends[account][region], "CreateFileSystem", wanted)
    except Refusal as refusal:
        raise cannot(entry.key, "file system", f"{refusal.code}: {refusal.message}") from refusal
    made.lifecycle = fsx_systems.AVAILABLE
    made.name = host if host != made.host else ""


def _configuration(site: Captured, account: str, region: str, spec: FsxSpec) -> dict[str, Any]:
    made = dict(spec.settings)
    if made.get("PreferredSubnetId"):
        site.subnet(account, region, made["PreferredSubnetId"])
    if spec.aliases:
        made["Aliases"] = list(spec.aliases)
    if spec.directory is not None:
        made |= _directory(site, account, region, spec.directory)
    return made


def _directory(site: Captured, account: str, region: str, spec: FsxDirectory) -> dict[str, Any]:
    if spec.secret:
        site.have(SiteMapTable.SECRETS, spec.secret, account, region)
    own = {
        "DomainName": spec.domain,
        "OrganizationalUnitDistinguishedName": spec.organizational_unit,
        "FileSystemAdministratorsGroup": spec.administrators,
        "DnsIps": list(spec.dns_addresses),
        "DomainJoinServiceAccountSecret": spec.secret,
    }
    joined = {name: value for name, value in own.items() if value not in (None, [])}
    made: dict[str, Any] = {"ActiveDirectoryId": spec.identifier} if spec.identifier else {}
    if joined:
        made["SelfManagedActiveDirectoryConfiguration"] = joined
    return made
