"""How record sets look when a region serves. Pure.

A simple record has the region's values, or is an alias to its target. Of weighted records, the one
that holds the region's values gets the weight, and the others none; they are never rewritten
otherwise. Failover pairs follow health checks, not changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drstate.adapters.route53 import reading
from drstate.model.named import DnsRecord

#: of the serving record where no weight is known
FULL_WEIGHT = 100
_ROUTED = ("Failover", "Region", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig")


class Unfit(Exception):  # noqa: N818 - a finding, not an error of the program
    """The record sets that are there cannot be changed in this way; ``hint`` says what helps."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def wanted_sets(
    found: Sequence[Mapping[str, Any]], record: DnsRecord, region: str
) -> list[dict[str, Any]]:
    """The record sets as they have to be for ``region`` to answer. Raises Unfit."""
    name = f"{record.name} {record.type}"
    routed = next((key for one in found for key in _ROUTED if one.get(key)), None)
    if routed is not None or any(one.get("MultiValueAnswer") for one in found):
        raise Unfit(
            f"{name} is no simple record and no weighted one",
            "say way: flag (or routing-control) for a failover pair, or make it a simple record",
        )
    if any(one.get("Weight") is not None for one in found):
        return _weighted(found, record, region)
    current = dict(found[0]) if found else {}
    if bool(current.get("AliasTarget")) != record.alias and current:
        kind = "an alias" if current.get("AliasTarget") else "no alias"
        raise Unfit(
            f"{name} is {kind} record",
            "give the record alias_zones in the scope file if it is an alias, and only then",
        )
    return [_simple(current, record, region)]


def current_matches(
    found: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether the record sets that are there say the same as those that are wanted."""
    return sorted(map(_essence, found)) == sorted(map(_essence, wanted))


def serves(record_set: Mapping[str, Any], record: DnsRecord, region: str) -> bool:
    """Whether a record set points to what serves from the region."""
    wanted = sorted(reading.plain(value) for value in record.values[region])
    return reading.values_of(record_set) == wanted


def _weighted(
    found: Sequence[Mapping[str, Any]], record: DnsRecord, region: str
) -> list[dict[str, Any]]:
    mine = [one for one in found if serves(one, record, region)]
    if not mine:
        raise Unfit(
            f"no weighted record set of {record.name} {record.type} holds "
            f"{', '.join(record.values[region])}",
            f"make one for {region} with weight 0, or mend values of this record in the scope file",
        )
    full = max((int(one["Weight"]) for one in found), default=0) or FULL_WEIGHT
    return [{**one, "Weight": full if any(one is other for other in mine) else 0} for one in found]


def _simple(current: Mapping[str, Any], record: DnsRecord, region: str) -> dict[str, Any]:
    made: dict[str, Any] = {"Name": record.name, "Type": record.type}
    if record.alias:
        known = current.get("AliasTarget") or {}
        made["AliasTarget"] = {
            "HostedZoneId": record.alias_zones[region],
            "DNSName": record.values[region][0],
            "EvaluateTargetHealth": bool(known.get("EvaluateTargetHealth", False)),
        }
    else:
        made["TTL"] = record.ttl
        made["ResourceRecords"] = [{"Value": value} for value in record.values[region]]
    if current.get("HealthCheckId"):
        made["HealthCheckId"] = current["HealthCheckId"]
    return made


def _essence(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(one.get("SetIdentifier") or ""),
        str(one.get("Weight", "")),
        str(one.get("TTL", "")),
        str(one.get("HealthCheckId") or ""),
        str((one.get("AliasTarget") or {}).get("HostedZoneId", "")),
        *reading.values_of(one),
    )
