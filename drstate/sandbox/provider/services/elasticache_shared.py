"""What the ElastiCache types have in common: errors that mean "gone", looks at AWS, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.members import tag_list, tag_map
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call
from drstate.sandbox.provider.wire import Value, Values

_NOT_FOUND = {
    "CacheClusterNotFound",
    "GlobalReplicationGroupNotFoundFault",
    "ReplicationGroupNotFoundFault",
}


def gone(error: ClientError) -> bool:
    """Whether the error says that there is no such thing."""
    return code_of(error) in _NOT_FOUND


def group(call: Call, ident: str) -> dict[str, Any] | None:
    """A replication group in the call's region."""
    try:
        answer = call.client("elasticache").describe_replication_groups(ReplicationGroupId=ident)
    except ClientError as error:
        if gone(error):
            return None
        raise
    return dict(answer["ReplicationGroups"][0]) if answer["ReplicationGroups"] else None


def node(call: Call, shown: Mapping[str, Any]) -> dict[str, Any]:
    """A member cluster of a group: it tells what the group does not."""
    names = sorted(shown.get("MemberClusters") or ())
    if not names:
        return {}
    try:
        answer = call.client("elasticache").describe_cache_clusters(CacheClusterId=names[0])
    except ClientError as error:
        if gone(error):
            return {}
        raise
    return dict(answer["CacheClusters"][0])


def datastore(call: Call, ident: str) -> dict[str, Any] | None:
    """A global datastore with its members."""
    try:
        answer = call.client("elasticache").describe_global_replication_groups(
            GlobalReplicationGroupId=ident, ShowMemberInfo=True
        )
    except ClientError as error:
        if gone(error):
            return None
        raise
    found = answer["GlobalReplicationGroups"]
    return dict(found[0]) if found else None


def tags(call: Call, arn: str) -> Values:
    """The tags of a resource."""
    answer = call.client("elasticache").list_tags_for_resource(ResourceName=arn)
    return tag_map(answer.get("TagList") or ())


def retag(call: Call, arn: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Change the tags of a resource."""
    client = call.client("elasticache")
    if drop:
        client.remove_tags_from_resource(ResourceName=arn, TagKeys=drop)
    if put:
        client.add_tags_to_resource(ResourceName=arn, Tags=tag_list(put))


def same_name(actual: Value, wanted: Value) -> bool:
    """ElastiCache stores names in lower case."""
    return str(actual).lower() == str(wanted).lower()


def same_version(actual: Value, wanted: Value) -> bool:
    """Whether an engine version is what was asked, which may leave the last parts open."""
    have, want = str(actual), str(wanted)
    return have == want or have.startswith(want + ".")
