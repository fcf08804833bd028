"""What the resource types of EC2 share: tags by id, and errors that mean that it is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.members import tag_list
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call
from drstate.sandbox.provider.schema import Prop, text


def unserved(*names: str) -> dict[str, Prop]:
    """Properties that exist and that the sandbox's provider refuses."""
    return {name: text(refused="the sandbox's provider does not serve it") for name in names}


def specification(kind: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """``TagSpecifications`` of a request that makes something."""
    return [{"ResourceType": kind, "Tags": tag_list(tags)}] if tags else []


def retag(call: Call, ident: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Set and remove tags of anything that EC2 tags by its id."""
    client = call.client("ec2")
    if drop:
        client.delete_tags(Resources=[ident], Tags=[{"Key": key} for key in drop])
    if put:
        client.create_tags(Resources=[ident], Tags=tag_list(put))


def absent(error: ClientError) -> bool:
    """Whether the error says that the thing is not there."""
    code = code_of(error)
    return code.endswith((".NotFound", ".NotFoundException")) or "NotFound" in code
