"""What the RDS types have in common: errors that mean "gone", versions, tags, looks at AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.members import tag_list
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call
from drstate.sandbox.provider.wire import Value

#: The engines of aws_rds_cluster and aws_rds_cluster_instance.
CLUSTER_ENGINES = ("aurora-mysql", "aurora-postgresql", "mysql", "postgres")
INSTANCE_ENGINES = ("aurora", "aurora-mysql", "aurora-postgresql", "mysql", "postgres")
LIFECYCLES = ("open-source-rds-extended-support", "open-source-rds-extended-support-disabled")
IDENTIFIER = re.compile(r"^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$|^[a-z]$")
IDENTIFIER_RULE = (
    "lower-case letters, digits and single dashes, beginning with a letter, at most 63"
)
_NOT_FOUND = {
    "DBClusterNotFoundFault",
    "DBInstanceNotFound",
    "DBInstanceNotFoundFault",
    "GlobalClusterNotFoundFault",
}


def gone(error: ClientError) -> bool:
    """Whether the error says that there is no such thing."""
    return code_of(error) in _NOT_FOUND


def cluster(call: Call, ident: str) -> dict[str, Any] | None:
    """A DB cluster by identifier or ARN, in the call's region."""
    try:
        found = call.client("rds").describe_db_clusters(DBClusterIdentifier=ident)["DBClusters"]
    except ClientError as error:
        if gone(error):
            return None
        raise
    return found[0] if found else None


def global_cluster(call: Call, ident: str) -> dict[str, Any] | None:
    """A global cluster by identifier."""
    try:
        answer = call.client("rds").describe_global_clusters(GlobalClusterIdentifier=ident)
    except ClientError as error:
        if gone(error):
            return None
        raise
    return next(
        (each for each in answer["GlobalClusters"] if each["GlobalClusterIdentifier"] == ident),
        None,
    )


def global_cluster_of(call: Call, cluster_arn: str) -> dict[str, Any] | None:
    """The global cluster that a DB cluster is a member of."""
    pages = call.client("rds").get_paginator("describe_global_clusters").paginate()
    for page in pages:
        for each in page["GlobalClusters"]:
            members = each.get("GlobalClusterMembers") or ()
            if any(member.get("DBClusterArn") == cluster_arn for member in members):
                return dict(each)
    return None


def leave_global_cluster(call: Call, ident: str, cluster_arn: str) -> None:
    """Take a DB cluster out of its global cluster and wait until it is out."""
    try:
        call.client("rds").remove_from_global_cluster(
            GlobalClusterIdentifier=ident, DbClusterIdentifier=cluster_arn
        )
    except ClientError as error:
        if not gone(error) and code_of(error) != "InvalidParameterValue":
            raise

    def is_out() -> bool | None:
        found = global_cluster(call, ident)
        members = (found or {}).get("GlobalClusterMembers") or ()
        inside = any(member.get("DBClusterArn") == cluster_arn for member in members)
        return None if inside else True

    call.waiter.until(f"{cluster_arn} to leave the global cluster {ident}", call.limit, is_out)


def same_version(actual: Value, wanted: Value) -> bool:
    """Whether an engine version is what was asked, which may leave the last parts open."""
    have, want = str(actual), str(wanted)
    return have == want or have.startswith((want + ".", want + "-"))


def same_name(actual: Value, wanted: Value) -> bool:
    """RDS stores names in lower case."""
    return str(actual).lower() == str(wanted).lower()


def same_window(actual: Value, wanted: Value) -> bool:
    """Maintenance and backup windows mean the same in any case."""
    return str(actual).lower() == str(wanted).lower()


def retag(call: Call, arn: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Change the tags of an RDS resource."""
    rds = call.client("rds")
    if drop:
        rds.remove_tags_from_resource(ResourceName=arn, TagKeys=drop)
    if put:
        rds.add_tags_to_resource(ResourceName=arn, Tags=tag_list(put))
