"""Reading buckets and their replication. Everything tolerates "not there yet"."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.findings import Lag
from drstate.errors import AwsCallError
from drstate.programs.s3.rules import RULE_PREFIX

ABSENT = ("NoSuchBucket", "404")
ENABLED = "Enabled"
_NO_RULES = "ReplicationConfigurationNotFoundError"
_WINDOW = timedelta(minutes=15)


def versioning(at: At, bucket: str) -> str | None:
    """Enabled, Suspended or Disabled; None where there is no such bucket."""
    try:
        answer = at.call("s3", "get_bucket_versioning", Bucket=bucket)
    except AwsCallError as error:
        if error.aws_code in ABSENT:
            return None
        raise
    return str(answer.get("Status") or "Disabled")


def configuration(at: At, bucket: str) -> dict[str, Any] | None:
    """The bucket's replication configuration as it was put, or None."""
    answer = at.find("s3", "get_bucket_replication", _NO_RULES, *ABSENT, Bucket=bucket)
    found: dict[str, Any] | None = answer.get("ReplicationConfiguration")
    return found


def rule(config: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    """The rule with this id."""
    rules: list[dict[str, Any]] = (config or {}).get("Rules", [])
    return next((one for one in rules if one.get("ID") == name), None)


def others_role(config: dict[str, Any] | None) -> str | None:
    """The role of a configuration that has rules of somebody else's."""
    if config is None:
        return None
    theirs = [one for one in config["Rules"] if not str(one.get("ID")).startswith(RULE_PREFIX)]
    return str(config["Role"]) if theirs else None


def same_rule(found: dict[str, Any] | None, wanted: dict[str, Any]) -> bool:
    """Whether a rule is as wanted; its priority only orders it among others."""
    return found is not None and _plain(found) == _plain(wanted)


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    # S3 gives a filter for all objects back with and without an empty prefix
    kept = {name: value for name, value in one.items() if name not in ("Priority", "Filter")}
    return {**kept, "Filter": (one.get("Filter") or {}).get("Prefix") or ""}


def latency(at: At, source: str, destination: str, name: str, now: datetime) -> Lag:
    """How far ``destination`` is behind, as S3 measured it in its region."""
    value, moment = _latest(at, "ReplicationLatency", source, destination, name, now)
    told = f"CloudWatch AWS/S3 ReplicationLatency of rule {name} in {at.region}"
    return Lag(seconds=value, measured_at=moment, source=told)


def pending_bytes(at: At, source: str, destination: str, name: str, now: datetime) -> float | None:
    """Bytes that were written and not replicated yet; None without a measurement."""
    return _latest(at, "BytesPendingReplication", source, destination, name, now)[0]


def measured(
    at: At, source: str, destination: str, name: str, now: datetime
) -> tuple[float | None, float | None]:
    """Latency in seconds and pending bytes; None where CloudWatch has or gives none."""
    try:
        lag = latency(at, source, destination, name, now)
        return lag.seconds, pending_bytes(at, source, destination, name, now)
    except AwsCallError:
        return None, None


def _latest(
    at: At, metric: str, source: str, destination: str, name: str, now: datetime
) -> tuple[float | None, datetime | None]:
    answer = at.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="AWS/S3",
        MetricName=metric,
        Dimensions=[
            {"Name": "SourceBucket", "Value": source},
            {"Name": "DestinationBucket", "Value": destination},
            {"Name": "RuleId", "Value": name},
        ],
        StartTime=now - _WINDOW,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
    if not points:
        return None, None
    return float(points[-1]["Maximum"]), points[-1]["Timestamp"]
