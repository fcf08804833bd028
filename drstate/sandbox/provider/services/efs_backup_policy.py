"""aws:efs/backupPolicy:BackupPolicy: automatic backups. Its id is the file system's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import REGION, Prop, record, text
from drstate.sandbox.provider.services import efs_shared as efs
from drstate.sandbox.provider.wire import Values

_OFF = "DISABLED"


class BackupPolicy(ResourceType):
    """Automatic backups of a file system. Its id is the file system's."""

    urn_type = "aws:efs/backupPolicy:BackupPolicy"
    title = "EFS Backup Policy"
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "backupPolicy": record(
            {"status": text(required=True, choices=("DISABLED", "ENABLED"))}, required=True
        ),
        "fileSystemId": text(required=True, replaces=True),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs["fileSystemId"], inputs["backupPolicy"]["status"])
        return str(inputs["fileSystemId"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = efs.look(call, "describe_backup_policy", "BackupPolicy", FileSystemId=ident)
        if shown is None:
            return None
        status = str(shown["Status"]).replace("ING", "ED")
        return Found(ident, {"fileSystemId": ident, "backupPolicy": {"status": status}})

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        if "backupPolicy" in changed:
            self._put(call, ident, new["backupPolicy"]["status"])

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if efs.look(call, "describe_file_systems", "FileSystems", FileSystemId=ident):
            self._put(call, ident, _OFF)

    @staticmethod
    def _put(call: Call, ident: str, status: str) -> None:
        call.client("efs").put_backup_policy(FileSystemId=ident, BackupPolicy={"Status": status})
