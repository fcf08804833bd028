"""What the resource types of EventBridge have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.members import tag_list, tag_map
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call
from drstate.sandbox.provider.wire import Values

DEFAULT_BUS = "default"


def found(ask: Callable[[], Any]) -> Any:
    """The answer, or None where AWS says that there is no such thing."""
    try:
        return ask()
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise


def same_json(old: Any, new: Any) -> bool:
    """Whether two documents say the same."""
    try:
        return bool(json.loads(old) == json.loads(new))
    except (TypeError, ValueError):
        return bool(old == new)


def bus_name(name: Any) -> str:
    """A bus's name, of its name or ARN; the default bus where none is given."""
    return str(name or DEFAULT_BUS).rpartition(":event-bus/")[2]


def same_bus(old: Any, new: Any) -> bool:
    """Whether a name and an ARN mean the same bus."""
    return bus_name(old) == bus_name(new)


def tags(call: Call, arn: str) -> Values:
    """The tags of a rule or a bus."""
    return tag_map(call.client("events").list_tags_for_resource(ResourceARN=arn)["Tags"])


def retag(call: Call, arn: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Set and remove tags."""
    client = call.client("events")
    if drop:
        client.untag_resource(ResourceARN=arn, TagKeys=drop)
    if put:
        client.tag_resource(ResourceARN=arn, Tags=tag_list(put))
