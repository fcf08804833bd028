"""S3 replication: which configurations S3 takes, and new objects that arrive at the other bucket.

Objects that were there before a rule, and replicas, are not replicated, as in AWS. Tags, access
lists and object locks of objects are not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import xmltodict  # type: ignore[import-untyped]
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, s3_backends

from drstate.sandbox.access import PARTITION
from drstate.sandbox.wire import service_model

from . import runtime
from .modelled import unsupported

REPLICATE_SECONDS = 15.0
MOST_RULES = 1000
_ENABLED = "Enabled"


class Refusal(S3ClientError):  # type: ignore[misc]  # noqa: N818 - a refusal is an answer
    """What S3 refuses."""


def invalid(message: str) -> Refusal:
    """The request asks for what S3 does not do."""
    return Refusal("InvalidRequest", message)


def parsed(xml: Any) -> dict[str, Any]:
    """A replication configuration as S3's API has it, from the body of a request."""
    model = service_model("s3")
    if model is None:
        raise RuntimeError("botocore has no model of S3")
    node = xmltodict.parse(xml, dict_constructor=dict).get("ReplicationConfiguration") or {}
    found: dict[str, Any] = _value(model.shape_for("ReplicationConfiguration"), node)
    return found


def _value(shape: Any, node: Any) -> Any:
    if shape.type_name == "structure":
        given = node if isinstance(node, dict) else {}
        found = {}
        for name, member in shape.members.items():
            key = member.serialization.get("name", name)
            if key in given:
                found[name] = _value(member, given[key])
        return found
    if shape.type_name == "list":
        items = node if isinstance(node, list) else [node]
        return [_value(shape.member, item) for item in items if item is not None]
    if shape.type_name == "integer":
        return int(node)
    return "" if node is None else str(node)


def check(bucket: FakeBucket, wanted: dict[str, Any]) -> None:
    """Raise Refusal for the first thing that S3 does not accept."""
    if not bucket.is_versioned:
        raise invalid(
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        )
    role = str(wanted.get("Role") or "")
    if not role.startswith("arn:aws:iam::") or ":role/" not in role:
        raise Refusal("InvalidArgument", "The Role is not a valid ARN of an IAM role")
    rules = wanted.get("Rules") or []
    if not 1 <= len(rules) <= MOST_RULES:
        raise invalid(f"The number of replication rules must be between 1 and {MOST_RULES}")
    names = [rule.get("ID") for rule in rules if rule.get("ID")]
    if len(names) != len(set(names)):
        raise Refusal("InvalidArgument", "Rule Id must be unique")
    priorities = [rule.get("Priority") for rule in rules if "Filter" in rule]
    if len(priorities) != len(set(priorities)):
        raise invalid(f"Found duplicate priority {priorities[0]}")
    for rule in rules:
        _check_rule(bucket, rule)


def _check_rule(bucket: FakeBucket, rule: dict[str, Any]) -> None:
    unsupported("s3", "PutBucketReplication", rule, "ExistingObjectReplication")
    if "Filter" in rule:
        for needed in ("Priority", "DeleteMarkerReplication"):
            if needed not in rule:
                raise invalid(
                    f"{needed} must be specified for this version of Cross Region Replication "
                    "configuration schema"
                )
    goal = rule.get("Destination") or {}
    name = str(goal.get("Bucket") or "").removeprefix("arn:aws:s3:::")
    destination = bucket_named(name)
    if destination is None:
        raise invalid("Destination bucket must exist.")
    if destination is bucket:
        raise invalid("Destination bucket cannot be the same as the source bucket.")
    if not destination.is_versioned:
        raise invalid("Destination bucket must have versioning enabled.")
    selection = (rule.get("SourceSelectionCriteria") or {}).get("SseKmsEncryptedObjects")
    if selection and not (goal.get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID"):
        raise invalid("ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.")
    timed = goal.get("ReplicationTime") or {}
    measured = goal.get("Metrics") or {}
    if timed.get("Status") == _ENABLED and measured.get("Status") != _ENABLED:
        raise invalid("Replication metrics must be enabled with Replication Time Control.")


def bucket_named(name: str) -> FakeBucket | None:
    """A bucket in whatever account."""
    place = s3_backends.bucket_accounts.get(name)
    if place is None:
        return None
    found: FakeBucket | None = s3_backends[place[1]][PARTITION].buckets.get(name)
    return found


def rules_of(bucket: FakeBucket) -> list[dict[str, Any]]:
    """The bucket's rules."""
    return list((getattr(bucket, "replication", None) or {}).get("Rules") or [])


def pending(bucket: FakeBucket) -> dict[str, list[int]]:
    """Rule -> sizes of the objects that are still to be replicated by it."""
    found: dict[str, list[int]] = getattr(bucket, "_drstate_pending", None) or {}
    return found


def follow(bucket: FakeBucket, key: str, made: Any) -> None:
    """A new object: replicate it in a while, by the rules that it fits."""
    for rule in _fitting(bucket, key):
        waiting = {**pending(bucket)}
        waiting[rule["ID"]] = [*waiting.get(rule["ID"], []), int(made.size)]
        bucket._drstate_pending = waiting  # noqa: SLF001 - our own mark on moto's bucket
        runtime.clock().after(REPLICATE_SECONDS, partial(_arrive, bucket, rule, key, made))


def _fitting(bucket: FakeBucket, key: str) -> Iterator[dict[str, Any]]:
    for rule in rules_of(bucket):
        wanted = rule.get("Filter") or {}
        prefix = str(wanted.get("Prefix") or (wanted.get("And") or {}).get("Prefix") or "")
        if rule.get("Status") == _ENABLED and key.startswith(prefix):
            yield rule


def _arrive(bucket: FakeBucket, rule: dict[str, Any], key: str, made: Any) -> None:
    waiting = {**pending(bucket)}
    waiting[rule["ID"]] = waiting.get(rule["ID"], [])[1:]
    bucket._drstate_pending = waiting  # noqa: SLF001 - our own mark on moto's bucket
    name = rule["Destination"]["Bucket"].removeprefix("arn:aws:s3:::")
    destination = bucket_named(name)
    if destination is None or not destination.is_versioned:
        return
    backend = s3_backends[destination.account_id][PARTITION]
    # by moto's own function: a replica is not replicated again
    put_object(backend, name, key, made.value, request_method="PUT")


#: moto's own; set by the corrections, which put another in its place
put_object: Any = None
