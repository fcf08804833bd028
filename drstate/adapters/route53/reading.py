"""Route 53's calls: zones, record sets, health checks, changes, and the answer that resolvers get.

Route 53's control plane is in us-east-1, whatever region is recovered; every call says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At

INSYNC = "INSYNC"


def zone_id(at: At, zone: str) -> str | None:
    """Id of the public hosted zone with this name (final dot), or None."""
    answer = at.call("route53", "list_hosted_zones_by_name", DNSName=zone, MaxItems="10")
    for found in answer.get("HostedZones", []):
        if found["Name"] == zone and not (found.get("Config") or {}).get("PrivateZone"):
            return str(found["Id"]).rpartition("/")[2]
    return None


def record_sets(at: At, zone: str, name: str, kind: str) -> list[dict[str, Any]]:
    """All record sets of one name and type in the zone ``zone`` (an id)."""
    answer = at.call(
        "route53",
        "list_resource_record_sets",
        HostedZoneId=zone,
        StartRecordName=name,
        StartRecordType=kind,
        MaxItems="100",
    )
    return [
        found
        for found in answer.get("ResourceRecordSets", [])
        # Route 53 writes the star of a wildcard as its octal code
        if found["Name"].replace("\\052", "*") == name and found["Type"] == kind
    ]


def values_of(record_set: Mapping[str, Any]) -> list[str]:
    """The values, or an alias's target; sorted and without the final dot that zones add."""
    target = record_set.get("AliasTarget")
    if target:
        return [plain(target["DNSName"])]
    return sorted(plain(item["Value"]) for item in record_set.get("ResourceRecords") or ())


def plain(value: str) -> str:
    """A value as people write it: lower case, no final dot."""
    return value.rstrip(".").lower()


def upsert(at: At, zone: str, record_sets: Sequence[Mapping[str, Any]], comment: str) -> str:
    """Submit one batch; returns the change's id."""
    change = at.call(
        "route53",
        "change_resource_record_sets",
        HostedZoneId=zone,
        ChangeBatch={
            "Comment": f"drstate: {comment}"[:256],
            "Changes": [
                {"Action": "UPSERT", "ResourceRecordSet": dict(record_set)}
                for record_set in record_sets
            ],
        },
    )["ChangeInfo"]
    return str(change["Id"]).rpartition("/")[2]


def wait_insync(at: At, run: RunContext, change: str, *, what: str, timeout_seconds: float) -> None:
    """Wait until all of Route 53's name servers have a change."""

    def insync() -> str | None:
        status = str(at.call("route53", "get_change", Id=change)["ChangeInfo"]["Status"])
        return status if status == INSYNC else None

    run.wait(
        insync,
        what=f"{what} to reach all name servers",
        timeout_seconds=timeout_seconds,
        hint=f"aws route53 get-change --id {change}; then drstate resume",
    )


def answer(at: At, zone: str, name: str, kind: str) -> list[str]:
    """What Route 53 answers now, health checks considered."""
    found = at.call(
        "route53", "test_dns_answer", HostedZoneId=zone, RecordName=name, RecordType=kind
    )
    return sorted(plain(value) for value in found.get("RecordData", []))


def routing_control(at: At, check: str) -> str | None:
    """ARN of the routing control that a health check follows, if it follows one."""
    found = at.call("route53", "get_health_check", HealthCheckId=check)["HealthCheck"]
    control = found["HealthCheckConfig"].get("RoutingControlArn")
    return str(control) if control else None
