"""aws:efs/accessPoint:AccessPoint: a directory of a file system with its user. AWS's id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import made
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    integer,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import efs_shared as efs
from drstate.sandbox.provider.wire import Values


class AccessPoint(ResourceType):
    """A directory of a file system with the user that it is accessed as."""

    urn_type = "aws:efs/accessPoint:AccessPoint"
    title = "EFS Access Point"
    stable = ("arn", "fileSystemArn", "ownerId")
    props: ClassVar[Mapping[str, Prop]] = {
        "fileSystemId": text(required=True, replaces=True),
        "posixUser": record(
            {
                "gid": integer(required=True),
                "secondaryGids": unordered(integer()),
                "uid": integer(required=True),
            },
            replaces=True,
        ),
        "region": REGION,
        "rootDirectory": record(
            {
                "creationInfo": record(
                    {
                        "ownerGid": integer(required=True),
                        "ownerUid": integer(required=True),
                        "permissions": text(required=True),
                    },
                    computed=True,
                ),
                "path": text(computed=True),
            },
            replaces=True,
            computed=True,
        ),
        "tags": TAGS,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "fileSystemArn": OUT_TEXT,
        "ownerId": OUT_TEXT,
        "tagsAll": OUT_TAGS,
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        if tags:
            request["Tags"] = tag_list(tags)
        answer = call.client("efs").create_access_point(ClientToken=call.unique(), **request)
        ident = str(answer["AccessPointId"])
        with made(ident):
            efs.until_available(
                call,
                f"{self.title} ({ident})",
                "describe_access_points",
                "AccessPoints",
                AccessPointId=ident,
            )
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = efs.look(call, "describe_access_points", "AccessPoints", AccessPointId=ident)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL)
        values["arn"] = shown["AccessPointArn"]
        base = shown["AccessPointArn"].rsplit(":", 1)[0]
        values["fileSystemArn"] = f"{base}:file-system/{shown['FileSystemId']}"
        values["ownerId"] = shown["OwnerId"]
        return Found(ident, values, tag_map(shown["Tags"]))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """Everything but tags replaces it."""

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        efs.delete(call, "delete_access_point", AccessPointId=ident)

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        efs.retag(call, ident, put, drop)
