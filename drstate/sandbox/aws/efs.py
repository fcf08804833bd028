"""EFS: replication, protection, and file systems as AWS describes them.

Replication's rules are in efs_replication. File systems, mount targets and access points
stay moto's, but for a deletion that a replication forbids, changes of the throughput, and
policies that can be changed and taken away.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.core.responses import ActionResult
from moto.efs.exceptions import AccessPointNotFound
from moto.efs.models import EFSBackend, FileSystem, MountTarget
from moto.efs.responses import EFSResponse

from . import efs_replication as replication
from . import runtime
from .extend import extend
from .modelled import Refusal, checked
from .pages import page

CREATE_SECONDS = 10.0
AVAILABLE = "available"
# where moto keeps whether there are automatic backups
_BACKED_UP = "_backup"

_create_file_system = EFSBackend.create_file_system
_create_mount_target = EFSBackend.create_mount_target
_create_access_point = EFSBackend.create_access_point
_mount_target_json = MountTarget.info_json
_delete_file_system = EFSBackend.delete_file_system
_info_json = FileSystem.info_json


def _take_time(made: Any) -> None:
    made.life_cycle_state = "creating"
    runtime.clock().after(CREATE_SECONDS, partial(_available, made))


def _available(made: Any) -> None:
    made.life_cycle_state = AVAILABLE


def _require_available(system: FileSystem) -> None:
    if system.life_cycle_state != AVAILABLE:
        raise replication.refusal(
            "IncorrectFileSystemLifeCycleState",
            f"File system '{system.file_system_id}' is {system.life_cycle_state}.",
        )


def _bad_token() -> Refusal:
    return replication.refusal("BadRequest", "The value of NextToken is not valid.")


class _Responses:
    def create_replication_configuration(self: Any) -> ActionResult:
        """Begin to replicate; enabled in a while."""
        return ActionResult(replication.create(self.efs_backend, self.params).shown())

    def describe_replication_configurations(self: Any) -> ActionResult:
        """Those with an end in this region, or that of one file system."""
        backend, name = self.efs_backend, self.params.get("FileSystemId")
        found = replication.visible(backend.account_id, backend.region_name)
        if name:
            system = replication.find_system(backend, name)
            one = replication.of_system(backend.account_id, system.file_system_id)
            if one is None:
                raise replication.refusal(
                    "ReplicationNotFound",
                    f"File system '{name}' is not part of a replication configuration.",
                )
            found = [one]
        limit = int(self.params.get("MaxResults") or 100)
        part, token = page(found, limit, self.params.get("NextToken"), _bad_token)
        return ActionResult({"Replications": [one.shown() for one in part], "NextToken": token})

    def delete_replication_configuration(self: Any) -> ActionResult:
        """End it; gone in a while."""
        replication.delete(self.efs_backend, self.params)
        return ActionResult({})

    def update_file_system(self: Any) -> ActionResult:
        """Another throughput."""
        system = replication.find_system(self.efs_backend, self.params["FileSystemId"])
        _require_available(system)
        mode = self.params.get("ThroughputMode") or system.throughput_mode
        figure = self.params.get("ProvisionedThroughputInMibps")
        if (mode == "provisioned") != bool(figure):
            raise replication.refusal(
                "BadRequest", "ProvisionedThroughputInMibps goes with the mode provisioned only."
            )
        system.throughput_mode, system.provisioned_throughput_in_mibps = mode, figure
        return ActionResult(system.info_json())

    def put_backup_policy(self: Any) -> ActionResult:
        """Automatic backups, on or off; at once, where AWS shows ENABLING for a moment."""
        system = replication.find_system(self.efs_backend, self.params["FileSystemId"])
        wanted = self.params["BackupPolicy"]["Status"] in {"ENABLED", "ENABLING"}
        setattr(system, _BACKED_UP, wanted)
        status = "ENABLED" if wanted else "DISABLED"
        return ActionResult({"BackupPolicy": {"Status": status}})

    def delete_file_system_policy(self: Any) -> ActionResult:
        """Take the policy away; AWS's own holds again."""
        system = replication.find_system(self.efs_backend, self.params["FileSystemId"])
        system.file_system_policy = None
        return ActionResult({})

    def update_file_system_protection(self: Any) -> ActionResult:
        """Allow or forbid that the file system becomes a destination."""
        now = replication.update_protection(
            self.efs_backend,
            self.params["FileSystemId"],
            self.params.get("ReplicationOverwriteProtection"),
        )
        return ActionResult({"ReplicationOverwriteProtection": now})


class _Backend:
    def create_file_system(self: Any, *given: Any, **named: Any) -> FileSystem:
        """A file system; available in a while."""
        made: FileSystem = _create_file_system(self, *given, **named)
        _take_time(made)
        return made

    def create_access_point(self: Any, client_token: str, **named: Any) -> Any:
        """An access point of a file system that exists; the same for the same token."""
        system = replication.find_system(self, named["file_system_id"])
        for known in self.access_points.values():
            if known.client_token == client_token and client_token:
                raise replication.refusal(
                    "AccessPointAlreadyExists",
                    f"Access point '{known.access_point_id}' was made with this token.",
                )
        named["file_system_id"] = system.file_system_id
        return _create_access_point(self, client_token, **named)

    def create_mount_target(self: Any, file_system_id: str, *given: Any, **named: Any) -> Any:
        """A mount target of an available file system; available in a while."""
        system = replication.find_system(self, file_system_id)
        _require_available(system)
        made = _create_mount_target(self, file_system_id, *given, **named)
        _take_time(made)
        return made

    def delete_file_system(self: Any, file_system_id: str) -> None:
        """Delete a file system that nothing uses and that is not replicated."""
        system = replication.find_system(self, file_system_id)
        if replication.of_system(self.account_id, system.file_system_id) is not None:
            raise replication.refusal(
                "FileSystemInUse",
                f"File system '{file_system_id}' is part of a replication configuration; delete "
                "that first.",
            )
        _delete_file_system(self, file_system_id)

    def delete_access_point(self: Any, access_point_id: str) -> None:
        """Its tags go with it."""
        if access_point_id not in self.access_points:
            raise AccessPointNotFound(access_point_id)
        del self.access_points[access_point_id]
        self.tagging_service.delete_all_tags_for_resource(access_point_id)


class _FileSystem:
    def info_json(self: Any) -> dict[str, Any]:
        """Members of the model only, with the protection."""
        shown = {key: value for key, value in _info_json(self).items() if value is not None}
        for foreign in ("LifecyclePolicies", "FileSystemPolicy"):
            shown.pop(foreign, None)
        shown["SizeInBytes"]["Timestamp"] = runtime.clock().seconds()
        shown["FileSystemProtection"] = {
            "ReplicationOverwriteProtection": replication.protection(self)
        }
        return shown


class _MountTarget:
    def info_json(self: Any) -> dict[str, Any]:
        """Members of the model only."""
        shown = {key: value for key, value in _mount_target_json(self).items() if value}
        shown.pop("SecurityGroups", None)
        return shown


def install() -> None:
    """Correct moto's EFS."""
    extend(EFSResponse, _Responses)
    extend(
        EFSBackend,
        _Backend,
        replaces=frozenset(
            {
                "create_access_point",
                "create_file_system",
                "create_mount_target",
                "delete_access_point",
                "delete_file_system",
            }
        ),
    )
    extend(FileSystem, _FileSystem, replaces=frozenset({"info_json"}))
    extend(MountTarget, _MountTarget, replaces=frozenset({"info_json"}))
    checked(EFSResponse)
