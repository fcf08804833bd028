"""FSx: file systems that take their time, backups, copies in another region, restores.

Only tags stay moto's. What the operations do is in fsx_systems and fsx_backups.
"""

from __future__ import annotations

from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.fsx.models import FSxBackend
from moto.fsx.responses import FSxResponse

from . import fsx_backups as backups
from . import fsx_ontap as ontap
from . import fsx_systems as systems
from .extend import extend
from .modelled import Refusal, checked, unsupported
from .pages import page

_PAGE = 100
_tagged = FSxBackend.iter_tagged_resources
_FILTERS = ("file-system-id", "backup-type", "file-system-type")
# The member of an answer that tells of the last backup, by type.
_ANSWERS = {"WINDOWS": "WindowsResponse", "LUSTRE": "LustreResponse", "OPENZFS": "OpenZFSResponse"}


def _bad_token() -> Refusal:
    return Refusal("BadRequest", "The value of NextToken is not valid.")


def _pages(name: str, found: list[Any], params: dict[str, Any]) -> ActionResult:
    limit = int(params.get("MaxResults") or _PAGE)
    part, token = page(found, limit, params.get("NextToken"), _bad_token)
    return ActionResult({name: [one.shown() for one in part], "NextToken": token})


def _one_or_the_other(params: dict[str, Any], names: str) -> None:
    if params.get(names) and params.get("MaxResults"):
        raise Refusal("BadRequest", f"{names} and MaxResults cannot be given together.")


class _Responses:
    def create_file_system(self: Any) -> ActionResult:
        """A fresh file system; available in a while."""
        made = systems.create(self.fsx_backend, "CreateFileSystem", self.params)
        return ActionResult({"FileSystem": made.shown()})

    def create_file_system_from_backup(self: Any) -> ActionResult:
        """A file system from a backup of this region; available in a while."""
        made = backups.restore(self.fsx_backend, self.params)
        return ActionResult({"FileSystem": made.shown()})

    def describe_file_systems(self: Any) -> ActionResult:
        """Those of the region, or the ones named."""
        backend, params = self.fsx_backend, self.params
        _one_or_the_other(params, "FileSystemIds")
        names = params.get("FileSystemIds") or []
        found = [systems.find(backend, name) for name in names]
        return _pages("FileSystems", found or list(backend.file_systems.values()), params)

    def delete_file_system(self: Any) -> ActionResult:
        """End a file system, with a last backup where the type's rules or the request say so."""
        backend, params = self.fsx_backend, self.params
        system = systems.find(backend, params["FileSystemId"])
        if system.lifecycle == systems.CREATING:
            raise Refusal("BadRequest", f"File system '{system.file_system_id}' is CREATING.")
        kind = system.file_system_type
        answer: dict[str, Any] = {"FileSystemId": system.file_system_id}
        if system.lifecycle != systems.DELETING:
            wishes = params.get(systems.CONFIGURATIONS[kind]) or {}
            unsupported("fsx", "DeleteFileSystem", wishes, "Options")
            if kind in _ANSWERS and not wishes.get("SkipFinalBackup", kind == "LUSTRE"):
                last = backups.take(system, {}, wishes.get("FinalBackupTags"))
                answer[_ANSWERS[kind]] = {
                    "FinalBackupId": last.backup_id,
                    "FinalBackupTags": last.shown()["Tags"],
                }
            systems.delete(system)
        return ActionResult({**answer, "Lifecycle": system.lifecycle})

    def create_backup(self: Any) -> ActionResult:
        """A backup; available in a while."""
        return ActionResult({"Backup": backups.create(self.fsx_backend, self.params).shown()})

    def copy_backup(self: Any) -> ActionResult:
        """A copy in this region; available in a while."""
        return ActionResult({"Backup": backups.copy(self.fsx_backend, self.params).shown()})

    def describe_backups(self: Any) -> ActionResult:
        """Those of the region, the ones named, or those that pass the filters."""
        backend, params = self.fsx_backend, self.params
        _one_or_the_other(params, "BackupIds")
        found = [backups.find(backend, name) for name in params.get("BackupIds") or []]
        found = found or list(backend.backups.values())
        for one in params.get("Filters") or []:
            if one.get("Name") not in _FILTERS:
                unsupported("fsx", f"DescribeBackups by {one.get('Name')}", params, "Filters")
            values = set(one.get("Values") or [])
            found = [backup for backup in found if _filtered(backup)[one["Name"]] in values]
        return _pages("Backups", found, params)

    def delete_backup(self: Any) -> ActionResult:
        """A backup is gone at once."""
        name = self.params["BackupId"]
        backups.delete(self.fsx_backend, name)
        return ActionResult({"BackupId": name, "Lifecycle": "DELETED"})


class _OntapResponses:
    def create_storage_virtual_machine(self: Any) -> ActionResult:
        """A machine of an ONTAP file system; created in a while."""
        made = ontap.create_svm(self.fsx_backend, self.params)
        return ActionResult({"StorageVirtualMachine": made.shown()})

    def describe_storage_virtual_machines(self: Any) -> ActionResult:
        """Those of the region, the ones named, or those of a file system."""
        backend, params = self.fsx_backend, self.params
        names = params.get("StorageVirtualMachineIds") or []
        found = [ontap.find_svm(backend, name) for name in names]
        found = found or list(ontap.svms(backend).values())
        for one in params.get("Filters") or []:
            found = [svm for svm in found if svm.file_system_id in one["Values"]]
        return _pages("StorageVirtualMachines", found, params)

    def create_volume(self: Any) -> ActionResult:
        """A volume of ONTAP; created in a while."""
        return ActionResult({"Volume": ontap.create_volume(self.fsx_backend, self.params).shown()})

    def describe_volumes(self: Any) -> ActionResult:
        """Those of the region, the ones named, or those of a machine or file system."""
        backend, params = self.fsx_backend, self.params
        names = params.get("VolumeIds") or []
        found = [ontap.find_volume(backend, name) for name in names]
        found = found or list(ontap.volumes(backend).values())
        for one in params.get("Filters") or []:
            of_system = one["Name"] == "file-system-id"
            found = [
                volume
                for volume in found
                if (volume.svm.file_system_id if of_system else volume.svm.svm_id) in one["Values"]
            ]
        return _pages("Volumes", found, params)

    def update_volume(self: Any) -> ActionResult:
        """Other settings; at once."""
        return ActionResult({"Volume": ontap.update_volume(self.fsx_backend, self.params).shown()})

    def delete_volume(self: Any) -> ActionResult:
        """End a volume."""
        gone = ontap.delete_volume(self.fsx_backend, self.params)
        return ActionResult({"VolumeId": gone.volume_id, "Lifecycle": gone.lifecycle})


class _Backend:
    def iter_tagged_resources(self: Any) -> Any:
        """What moto knows, and volumes and machines of ONTAP."""
        yield from _tagged(self)
        for kind, found in (
            ("fsx:volume", ontap.volumes(self)),
            ("fsx:storage-virtual-machine", ontap.svms(self)),
        ):
            for one in found.values():
                tags = self.tagger.get_tag_dict_for_resource(one.resource_arn)
                yield TaggedResource(arn=one.resource_arn, tags=tags, resource_type=kind)


def _filtered(backup: backups.Backup) -> dict[str, str]:
    return {
        "file-system-id": backup.system["FileSystemId"],
        "backup-type": "USER_INITIATED",
        "file-system-type": backup.system["FileSystemType"],
    }


def install() -> None:
    """Correct moto's FSx."""
    extend(
        FSxResponse,
        _Responses,
        replaces=frozenset(
            {
                "create_file_system",
                "describe_file_systems",
                "delete_file_system",
                "create_backup",
                "describe_backups",
                "delete_backup",
            }
        ),
    )
    extend(FSxResponse, _OntapResponses)
    extend(FSxBackend, _Backend, replaces=frozenset({"iter_tagged_resources"}))
    checked(FSxResponse)
