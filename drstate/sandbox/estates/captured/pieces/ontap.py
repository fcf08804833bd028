"""Volumes of FSx for ONTAP, the machines that hold them, and their peers at the other site.

A copy is made in a machine that is there already, so the landing zone's machines belong to what is
built: with a file system each, peered with their counterparts, and let in by the secret that the
scope file names. Every volume has a quota rule, so that a rehearsal goes through quotas as well.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from moto.moto_api._internal import mock_random
from moto.secretsmanager.models import secretsmanager_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.ontap import NFS, OntapPolicy, OntapSpec
from drstate.sandbox import aws
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.ground import made_up
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper
from drstate.sandbox.ontap.api import ADMINISTRATOR

_SUFFIX = "-dr"


def build(site: Captured, entry: CatalogEntry) -> None:
    """The volume, mounted as it was captured, and both machines."""
    aws.correct("fsx")
    from moto.fsx.models import fsx_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import fsx_ontap  # noqa: PLC0415 - the same

    spec = OntapSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    machine = _machine(site, account, region, spec.svm, spec.svm_name, spec.file_system)
    machine.quota_rules[spec.name] = 1
    mapped = site.scope.site_map.get(site.other, {}).get(SiteMapTable.SVMS, {}).get(spec.svm)
    if mapped is not None:
        system = made_up("fs", account, site.other, spec.file_system)
        there = _machine(site, account, site.other, mapped, spec.svm_name + _SUFFIX, system)
        there.quota_rules[spec.name] = 1
        for one, other in ((machine, there), (there, machine)):
            if other.name not in one.peers:
                one.peers.append(other.name)
    site.ids.named(account, region, "volume", spec.identifier)
    hexadecimal = spec.identifier.removeprefix("fsvol-")
    with forced(mock_random, "get_random_hex", hexadecimal):
        volume = fsx_ontap.create_volume(
            fsx_backends[account][region],
            {
                "Name": spec.name,
                "VolumeType": "ONTAP",
                "OntapConfiguration": _configuration(spec),
                "Tags": upper(site.tags(entry)),
            },
        )
    if spec.tiering is None:
        del volume.settings["TieringPolicy"]
    volume.lifecycle, volume.quotas = fsx_ontap.CREATED, True
    host = spec.endpoints.get(NFS)
    if host not in (None, machine.shown()["Endpoints"]["Nfs"]["DNSName"]):
        raise cannot(entry.key, f"endpoint {NFS}", f"{host} is no name that FSx gives a machine")


def _configuration(spec: OntapSpec) -> dict[str, Any]:
    tiering = spec.tiering
    policy = {"Name": tiering.name} if tiering else None
    if tiering and policy and tiering.cooling_days is not None:
        policy |= {"CoolingPeriod": tiering.cooling_days}  # type: ignore[dict-item]
    return {
        "StorageVirtualMachineId": spec.svm,
        "SizeInMegabytes": spec.megabytes,
        "JunctionPath": spec.junction_path,
        "SecurityStyle": spec.security_style,
        "StorageEfficiencyEnabled": spec.storage_efficiency,
        "SnapshotPolicy": spec.snapshot_policy,
        "CopyTagsToBackups": spec.copy_tags_to_backups,
        "TieringPolicy": policy,
    }


def _machine(
    site: Captured, account: str, region: str, identifier: str, name: str, system: str
) -> Any:
    """The storage virtual machine, on its file system; made when it is first asked for."""
    from moto.fsx.models import fsx_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import fsx_ontap  # noqa: PLC0415 - the same

    backend = fsx_backends[account][region]
    _file_system(site, account, region, system)
    if site.first(str(SiteMapTable.SVMS), account, region, identifier):
        hexadecimal = identifier.removeprefix("svm-")
        with forced(mock_random, "get_random_hex", hexadecimal):
            made = fsx_ontap.create_svm(
                backend, {"FileSystemId": system, "Name": name, "Tags": upper(site.own_tags())}
            )
        made.lifecycle = fsx_ontap.CREATED
    return fsx_ontap.find_svm(backend, identifier)


def _file_system(site: Captured, account: str, region: str, identifier: str) -> None:
    """A file system of ONTAP whose administrator has the secret that the scope file names."""
    from moto.fsx.models import fsx_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import fsx_systems  # noqa: PLC0415 - the same

    subnet = site.subnets_of(account, region)[0]
    policy = site.scope.policies.of("ontap", OntapPolicy)
    secret, management = policy.secrets.get(region), policy.management.get(region, "")
    password = sha256(f"{account} {region} sandbox only".encode()).hexdigest()[:20]
    if secret is not None:
        _secret(site, account, region, secret, password)
    if not site.first("ontap", account, region, identifier):
        return
    if management and not site.first("ontap-management", account, region, management):
        raise cannot(
            f"file system {identifier}",
            f"policies.ontap.management.{region}",
            f"{management} is one cluster's, and the scope's volumes there are on several",
        )
    hexadecimal = identifier.removeprefix("fs-")
    with forced(mock_random, "get_random_hex", hexadecimal):
        made = fsx_systems.create(
            fsx_backends[account][region],
            "CreateFileSystem",
            {
                "FileSystemType": "ONTAP",
                "StorageCapacity": 1024,
                "SubnetIds": [subnet],
                "Tags": upper({**site.own_tags(), "Name": f"captured-{identifier}"}),
                "OntapConfiguration": {
                    "DeploymentType": "SINGLE_AZ_2",
                    "ThroughputCapacityPerHAPair": 384,
                    "HAPairs": 1,
                    "PreferredSubnetId": subnet,
                    "FsxAdminPassword": password,
                },
            },
        )
    made.lifecycle, made.management = fsx_systems.AVAILABLE, management


def _secret(site: Captured, account: str, region: str, arn: str, password: str) -> None:
    """Have the secret say the administrator of every file system here: it may be named before."""
    site.have(SiteMapTable.SECRETS, arn, account, region)
    if not site.first("ontap-administrator", account, region, arn):
        return
    text = json.dumps({"username": ADMINISTRATOR, "password": password})
    secretsmanager_backends[account][region].put_secret_value(arn, text, None, None, ["AWSCURRENT"])
