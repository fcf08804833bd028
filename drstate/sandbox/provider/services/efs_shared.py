"""What the EFS types have in common: looks at AWS, waits for a state, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.members import tag_list
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call

AVAILABLE = "available"
_GONE = {
    "AccessPointNotFound",
    "FileSystemNotFound",
    "MountTargetNotFound",
    "PolicyNotFound",
}


def look(call: Call, operation: str, key: str, **params: Any) -> dict[str, Any] | None:
    """The one thing that a Describe call shows under ``key``, or None where it is gone."""
    try:
        found = getattr(call.client("efs"), operation)(**params)[key]
    except ClientError as error:
        if code_of(error) in _GONE:
            return None
        raise
    if isinstance(found, list):
        return dict(found[0]) if found else None
    return {"value": found} if isinstance(found, str) else dict(found)


def until_available(call: Call, what: str, operation: str, key: str, **params: Any) -> None:
    """Wait until its life cycle state is available."""

    def available() -> bool | None:
        shown = look(call, operation, key, **params)
        return True if shown and shown["LifeCycleState"] == AVAILABLE else None

    call.waiter.until(f"{what} to be available", call.limit, available)


def until_gone(call: Call, what: str, operation: str, key: str, **params: Any) -> None:
    """Wait until AWS does not know it any more."""

    def gone() -> bool | None:
        return None if look(call, operation, key, **params) else True

    call.waiter.until(f"{what} to be gone", call.limit, gone)


def delete(call: Call, operation: str, **params: Any) -> None:
    """Delete; what is gone already is no failure."""
    try:
        getattr(call.client("efs"), operation)(**params)
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise


def retag(call: Call, ident: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Change the tags of a file system or an access point."""
    efs = call.client("efs")
    if drop:
        efs.untag_resource(ResourceId=ident, TagKeys=drop)
    if put:
        efs.tag_resource(ResourceId=ident, Tags=tag_list(put))
