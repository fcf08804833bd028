"""Where a volume is at a site: its machine, its file system, and how ONTAP is asked there.

Reads only. Nothing of one site is asked to learn about the other, so that a forced activation gets
along with the region that is left.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At, calls
from drstate.adapters.ontap.client import Cluster, Login, require_library
from drstate.adapters.site import SiteContext
from drstate.errors import AwsCallError, ConfigError, OperationError
from drstate.model.plan import Call, Plane
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.ontap import OntapPolicy, OntapSpec

ADMINISTRATOR = "fsxadmin"
#: how FSx names the two types of a volume
RW, DP = "RW", "DP"


@dataclass(frozen=True)
class Place:
    """A site of a volume. ``path`` is the volume as SnapMirror names it there."""

    at: At
    spec: OntapSpec
    svm: str
    svm_name: str
    cluster: Cluster

    @property
    def path(self) -> str:
        """``svm:volume``."""
        return f"{self.svm_name}:{self.spec.name}"

    def volume(self) -> dict[str, Any] | None:
        """The volume as FSx sees it: a minute behind ONTAP."""
        return fsx_volume(self.at, self.svm, self.spec.name)


def machine(spec: OntapSpec, site: SiteContext, region: str) -> str:
    """Id of the storage virtual machine in ``region``. Raises ConfigError if it is not mapped."""
    translation = Translation(site.scope.site_map.get(region, {}), spec.region, region)
    found = translation.find(SiteMapTable.SVMS, spec.svm)
    if found is None:
        field = f"site_map.{region}.{SiteMapTable.SVMS}"
        raise ConfigError(
            f"storage virtual machine {spec.svm!r} has no counterpart in {region} ({field})",
            why="the copy of a volume is made in a machine that is there already",
            hint=f"Add {spec.svm!r} to {field} in {site.scope_file}.",
        )
    return found


def place(at: At, spec: OntapSpec, site: SiteContext) -> Place:
    """The site in ``at.region``. Raises ConfigError, OperationError, AwsCallError."""
    require_library()
    svm = machine(spec, site, at.region)
    answer = at.find(
        "fsx",
        "describe_storage_virtual_machines",
        "StorageVirtualMachineNotFound",
        StorageVirtualMachineIds=[svm],
    )
    found = answer.get("StorageVirtualMachines", [])
    if not found:
        raise OperationError(
            f"there is no storage virtual machine {svm} in {at.region}",
            why="DescribeStorageVirtualMachines does not know it",
            hint=f"create it, or mend site_map.{at.region}.svms in {site.scope_file}",
        )
    login = _login(at, str(found[0]["FileSystemId"]), site)
    return Place(at, spec, svm, str(found[0]["Name"]), Cluster(login, at.aws.clock))


def fsx_volume(at: At, svm: str, name: str) -> dict[str, Any] | None:
    """A volume of a machine by its name, as FSx sees it."""
    found = at.pages(
        "fsx",
        "describe_volumes",
        "Volumes",
        Filters=[{"Name": "storage-virtual-machine-id", "Values": [svm]}],
    )
    return next((one for one in found if one["Name"] == name), None)


def place_calls(region: str, *ontap: str) -> list[Call]:
    """What finding a place calls, and operations of ONTAP's own API, for plans."""
    return [
        *calls(
            "fsx",
            region,
            "DescribeStorageVirtualMachines",
            "DescribeFileSystems",
            "DescribeVolumes",
        ),
        *calls("secretsmanager", region, "GetSecretValue", plane=Plane.DATA),
        *calls("ontap", region, *ontap, plane=Plane.DATA),
    ]


def _login(at: At, file_system: str, site: SiteContext) -> Login:
    policy = site.policy("ontap", OntapPolicy)
    secret = policy.secrets.get(at.region)
    if secret is None:
        field = f"policies.ontap.secrets.{at.region}"
        raise ConfigError(
            f"nothing says how to log in to ONTAP in {at.region} ({field})",
            why="SnapMirror is ONTAP's own; FSx has no API for it",
            hint=f"put the ARN of the administrator's secret there, in {site.scope_file}",
        )
    username, password = _credentials(at, secret)
    return Login(
        host=policy.management.get(at.region) or _management(at, file_system),
        username=username,
        password=password,
        ca_file=policy.ca_file,
        proxy=policy.proxy,
        answer_seconds=policy.answer_seconds,
    )


def _management(at: At, file_system: str) -> str:
    answer = at.call("fsx", "describe_file_systems", FileSystemIds=[file_system])
    shown = answer["FileSystems"][0].get("OntapConfiguration") or {}
    host = ((shown.get("Endpoints") or {}).get("Management") or {}).get("DNSName")
    if not host:
        raise OperationError(
            f"file system {file_system} in {at.region} has no management endpoint",
            why="DescribeFileSystems tells none",
            hint=f"name it: policies.ontap.management.{at.region}",
        )
    return str(host)


def _credentials(at: At, secret: str) -> tuple[str, str]:
    """Name and password; the password goes nowhere but into the connection."""
    try:
        text = str(at.call("secretsmanager", "get_secret_value", SecretId=secret)["SecretString"])
    except AwsCallError:
        raise
    except KeyError:
        text = ""
    try:
        found = json.loads(text)
    except ValueError:
        found = {"password": text}
    if not isinstance(found, dict):
        found = {"password": text}
    password = str(found.get("password") or "")
    if not password:
        raise ConfigError(
            f"secret {secret} holds no password",
            why='it must be {"username": …, "password": …}, or the password alone',
            hint="put the administrator's name and password into it",
        )
    return str(found.get("username") or ADMINISTRATOR), password
