"""What the ECS types have in common: names and ARNs that mean the same, tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drstate.sandbox.provider.members import tag_list, tag_map
from drstate.sandbox.provider.resource import Call
from drstate.sandbox.provider.wire import Value, Values


def last_part(name_or_arn: str) -> str:
    """The name at the end of an ARN, or the name itself."""
    return name_or_arn.rsplit("/", maxsplit=1)[-1]


def same_cluster(actual: Value, wanted: Value) -> bool:
    """A cluster may be told by name or ARN."""
    return last_part(str(actual)) == last_part(str(wanted))


def same_task_definition(actual: Value, wanted: Value) -> bool:
    """A task definition may be told by ARN or ``family:revision``."""
    return last_part(str(actual)) == last_part(str(wanted))


def tags(pairs: Iterable[Mapping[str, str]] | None) -> Values | None:
    """Tags as ECS lists them; None where it did not list any."""
    return None if pairs is None else tag_map(pairs, "key", "value")


def tag_pairs(values: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Tags as ECS takes them."""
    return tag_list(values, "key", "value")


def retag(call: Call, arn: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Change the tags of an ECS resource."""
    ecs = call.client("ecs")
    if drop:
        ecs.untag_resource(resourceArn=arn, tagKeys=drop)
    if put:
        ecs.tag_resource(resourceArn=arn, tags=tag_pairs(put))
