"""File systems of FSx: made, shown and ended in time, and what a configuration may hold.

There is no data and nothing to mount. What AWS derives (addresses, directories) is left out.
Network interfaces are real ones of the network: they tell the security groups, which FSx does
not. Configurations are kept as they were given,
without secrets; members that FSx would turn into something else are refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from moto.ec2.models import ec2_backends
from moto.fsx.models import FSxBackend
from moto.kms.models import kms_backends
from moto.moto_api._internal import mock_random

from . import runtime
from .modelled import Refusal, unsupported

CREATE_SECONDS = 300.0
DELETE_SECONDS = 120.0
CREATING, AVAILABLE, DELETING = "CREATING", "AVAILABLE", "DELETING"
# The member that holds a type's configuration, in requests and in answers.
CONFIGURATIONS = {
    "WINDOWS": "WindowsConfiguration",
    "LUSTRE": "LustreConfiguration",
    "ONTAP": "OntapConfiguration",
    "OPENZFS": "OpenZFSConfiguration",
}
# A type without which FSx does not know how to begin.
_NEEDS_CONFIGURATION = {"WINDOWS", "ONTAP", "OPENZFS"}
_NOT_THERE = {
    "WINDOWS": ("AuditLogConfiguration", "FsrmConfiguration"),
    "LUSTRE": (
        "ImportPath", "ExportPath", "ImportedFileChunkSize", "AutoImportPolicy",
    ),
    "ONTAP": (),
    "OPENZFS": ("RootVolumeConfiguration",),
}  # fmt: skip
_DEFAULTS: dict[str, dict[str, Any]] = {
    "WINDOWS": {"DeploymentType": "SINGLE_AZ_1", "AutomaticBackupRetentionDays": 30},
    "LUSTRE": {"DeploymentType": "SCRATCH_1"},
    "ONTAP": {"AutomaticBackupRetentionDays": 30},
    "OPENZFS": {"AutomaticBackupRetentionDays": 0},
}
_SECRETS = ("Password",)


@dataclass
class System:
    """A file system. `configuration` is its type's, as FSx shows it."""

    backend: FSxBackend
    file_system_id: str
    file_system_type: str
    capacity: int
    storage_type: str
    subnets: list[str]
    vpc: str
    interfaces: list[str]
    configuration: dict[str, Any]
    key: str
    created: float
    version: str = ""
    network_type: str = ""
    lifecycle: str = CREATING
    # ONTAP's administrator has this password; without one nobody is let in.
    admin_password: str = ""
    # What it was restored from; empty for a fresh one.
    backup: str = ""
    # Its DNS name where it is of another form: in a directory, a Windows file system has its own.
    name: str = ""
    # Another name or address of ONTAP's management endpoint, which its owner made.
    management: str = ""
    wishes: dict[str, Any] = field(default_factory=dict)

    @property
    def resource_arn(self) -> str:
        """Its ARN; moto's tagging asks for it under this name."""
        place = f"{self.backend.region_name}:{self.backend.account_id}"
        return f"arn:aws:fsx:{place}:file-system/{self.file_system_id}"

    def shown(self) -> dict[str, Any]:
        """As DescribeFileSystems shows it."""
        found = {
            "OwnerId": self.backend.account_id,
            "CreationTime": datetime.fromtimestamp(self.created, tz=UTC),
            "FileSystemId": self.file_system_id,
            "FileSystemType": self.file_system_type,
            "Lifecycle": self.lifecycle,
            "StorageCapacity": self.capacity,
            "StorageType": self.storage_type,
            "VpcId": self.vpc,
            "SubnetIds": self.subnets,
            "NetworkInterfaceIds": self.interfaces,
            "DNSName": self.name or self.host,
            "KmsKeyId": self.key,
            "ResourceARN": self.resource_arn,
            "Tags": self.backend.list_tags_for_resource(self.resource_arn),
            CONFIGURATIONS[self.file_system_type]: {**self.configuration, **self._endpoints()},
            "FileSystemTypeVersion": self.version,
            "NetworkType": self.network_type,
        }
        return {name: value for name, value in found.items() if value not in ("", None)}

    @property
    def host(self) -> str:
        """The end of its names."""
        return f"{self.file_system_id}.fsx.{self.backend.region_name}.amazonaws.com"

    def _endpoints(self) -> dict[str, Any]:
        if self.file_system_type != "ONTAP":
            return {}
        kinds = {"Management": "management", "Intercluster": "intercluster"}
        return {
            "Endpoints": {name: {"DNSName": f"{kind}.{self.host}"} for name, kind in kinds.items()}
        }


def find(backend: FSxBackend, name: str) -> System:
    """A file system of the region, or the refusal that there is none."""
    found: System | None = backend.file_systems.get(name)
    if found is None:
        raise Refusal("FileSystemNotFound", f"File system '{name}' does not exist.")
    return found


def create(backend: FSxBackend, operation: str, params: dict[str, Any], backup: str = "") -> System:
    """Begin to create; available in a while. `params` are CreateFileSystem's."""
    again: System | None = asked_before(backend.file_systems.values(), operation, params)
    if again is not None:
        return again
    kind = params["FileSystemType"]
    capacity = params.get("StorageCapacity")
    if capacity is None:
        raise Refusal("BadRequest", "StorageCapacity is required.")
    system = System(
        backend=backend,
        file_system_id=f"fs-{mock_random.get_random_hex(17)}",
        file_system_type=kind,
        capacity=int(capacity),
        storage_type=params.get("StorageType") or "SSD",
        subnets=list(params["SubnetIds"]),
        vpc=_vpc_of(backend, params),
        interfaces=_interfaces(backend, params),
        configuration=_configuration(operation, kind, params),
        key=key_arn(backend, params.get("KmsKeyId"), "BadRequest"),
        created=runtime.clock().seconds(),
        version=params.get("FileSystemTypeVersion") or "",
        network_type=params.get("NetworkType") or "IPV4",
        admin_password=(params.get("OntapConfiguration") or {}).get("FsxAdminPassword") or "",
        backup=backup,
        wishes={"operation": operation, **params},
    )
    backend.file_systems[system.file_system_id] = system
    if params.get("Tags"):
        backend.tagger.tag_resource(system.resource_arn, params["Tags"])
    runtime.clock().after(CREATE_SECONDS, partial(_created, system))
    return system


def delete(system: System) -> None:
    """Begin to delete; gone in a while."""
    system.lifecycle = DELETING
    runtime.clock().after(DELETE_SECONDS, partial(_deleted, system))


def _deleted(system: System) -> None:
    system.backend.file_systems.pop(system.file_system_id, None)
    system.backend.tagger.delete_all_tags_for_resource(system.resource_arn)
    network = ec2_backends[system.backend.account_id][system.backend.region_name]
    for name in system.interfaces:
        network.delete_network_interface(name)


def key_arn(backend: FSxBackend, key: str | None, code: str) -> str:
    """A key of the region as its ARN; FSx's own where none is given. Refused with `code`."""
    place = f"{backend.region_name}:{backend.account_id}"
    if not key:
        return f"arn:aws:kms:{place}:alias/aws/fsx"
    keys = kms_backends[backend.account_id][backend.region_name]
    found = keys.keys.get(keys.any_id_to_key_id(key) or key)
    if found is None or found.key_state != "Enabled":
        raise Refusal(code, f"The key '{key}' cannot be used in {backend.region_name}.")
    return str(found.arn)


def _created(system: System) -> None:
    if system.lifecycle == CREATING:
        system.lifecycle = AVAILABLE


class _Wished(Protocol):
    @property
    def wishes(self) -> dict[str, Any]: ...


W = TypeVar("W", bound=_Wished)


def asked_before(made: Iterable[W], operation: str, params: dict[str, Any]) -> W | None:
    """What an earlier request with the same token has made. Raises Refusal where it differed."""
    token = params.get("ClientRequestToken")
    for one in made:
        if token and one.wishes.get("ClientRequestToken") == token:
            if one.wishes != {"operation": operation, **params}:
                raise Refusal(
                    "IncompatibleParameterError",
                    "The same ClientRequestToken was used with other parameters.",
                    Parameter="ClientRequestToken",
                )
            return one
    return None


def _vpc_of(backend: FSxBackend, params: dict[str, Any]) -> str:
    """The network of the subnets; the security groups must be in it."""
    network = ec2_backends[backend.account_id][backend.region_name]
    vpcs: set[str] = set()
    for name in params["SubnetIds"]:
        found = next((zone[name] for zone in network.subnets.values() if name in zone), None)
        if found is None:
            raise _unfit(f"The subnet ID '{name}' does not exist", InvalidSubnetId=name)
        vpcs.add(found.vpc_id)
    if len(vpcs) != 1:
        raise Refusal("BadRequest", "Give one subnet, or two of the same network.")
    (vpc,) = vpcs
    for name in params.get("SecurityGroupIds") or []:
        if name not in network.groups.get(vpc, {}):
            raise _unfit(
                f"The security group '{name}' is not in {vpc}", InvalidSecurityGroupId=name
            )
    return str(vpc)


def _interfaces(backend: FSxBackend, params: dict[str, Any]) -> list[str]:
    """One in each subnet, with the security groups that were asked for."""
    network = ec2_backends[backend.account_id][backend.region_name]
    groups = list(params.get("SecurityGroupIds") or []) or None
    return [
        str(
            network.create_network_interface(
                network.get_subnet(name), "", group_ids=groups, description="FSx"
            ).id
        )
        for name in params["SubnetIds"]
    ]


def _unfit(words: str, **members: str) -> Refusal:
    return Refusal("InvalidNetworkSettings", f"{words}.", **members)


def _configuration(operation: str, kind: str, params: dict[str, Any]) -> dict[str, Any]:
    foreign = [
        member for name, member in CONFIGURATIONS.items() if name != kind and params.get(member)
    ]
    if foreign:
        raise Refusal("BadRequest", f"{foreign[0]} cannot be given for a file system of {kind}.")
    given = params.get(CONFIGURATIONS[kind])
    if not given and kind in _NEEDS_CONFIGURATION:
        raise Refusal(
            "MissingFileSystemConfiguration", f"{CONFIGURATIONS[kind]} is required for {kind}."
        )
    given = dict(given or {})
    unsupported("fsx", f"{operation} ({kind})", given, *_NOT_THERE[kind])
    given.pop("FsxAdminPassword", None)
    directory = given.pop("SelfManagedActiveDirectoryConfiguration", None)
    if directory:
        given["SelfManagedActiveDirectoryConfiguration"] = {
            name: value for name, value in directory.items() if name not in _SECRETS
        }
    # What comes from a backup has been through here already.
    given["Aliases"] = [
        one if isinstance(one, dict) else {"Name": one, "Lifecycle": AVAILABLE}
        for one in given.get("Aliases") or []
    ]
    if not given["Aliases"]:
        del given["Aliases"]
    return {**_DEFAULTS[kind], **given}
