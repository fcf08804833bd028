"""aws:efs/fileSystemPolicy:FileSystemPolicy: who may mount. Its id is the file system's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import REGION, Prop, flag, text
from drstate.sandbox.provider.services import efs_shared as efs
from drstate.sandbox.provider.wire import Value, Values


def _same_policy(actual: Value, wanted: Value) -> bool:
    try:
        return bool(json.loads(str(actual)) == json.loads(str(wanted)))
    except ValueError:
        return bool(actual == wanted)


class FileSystemPolicy(ResourceType):
    """Who may mount a file system. Its id is the file system's."""

    urn_type = "aws:efs/fileSystemPolicy:FileSystemPolicy"
    title = "EFS File System Policy"
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "bypassPolicyLockoutSafetyCheck": flag(default=False, local=True),
        "fileSystemId": text(required=True, replaces=True),
        "policy": text(required=True, same=_same_policy),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs["fileSystemId"], inputs)
        return str(inputs["fileSystemId"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = efs.look(call, "describe_file_system_policy", "Policy", FileSystemId=ident)
        if shown is None:
            return None
        return Found(ident, {"fileSystemId": ident, "policy": shown["value"]})

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        if "policy" in changed:
            self._put(call, ident, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        efs.delete(call, "delete_file_system_policy", FileSystemId=ident)

    @staticmethod
    def _put(call: Call, ident: str, inputs: Values) -> None:
        call.client("efs").put_file_system_policy(
            FileSystemId=ident,
            Policy=inputs["policy"],
            BypassPolicyLockoutSafetyCheck=bool(inputs.get("bypassPolicyLockoutSafetyCheck")),
        )
