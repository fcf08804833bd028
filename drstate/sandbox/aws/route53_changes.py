"""Record changes: checked as a whole, applied at once, propagated later.

What resolvers are told (`served`) is the zone as of the last change that has propagated;
what the API lists is the zone with every accepted change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from moto.moto_api._internal import mock_random
from moto.route53.models import FakeZone, RecordSet, Route53Backend

from . import route53_health as health
from . import runtime
from .route53_health import Route53Refusal

PROPAGATION_SECONDS = 10.0
# How long a zone works on one change and refuses the next.
PROCESSING_SECONDS = 2.0
PENDING = "PENDING"
INSYNC = "INSYNC"
_ROUTING = ("weight", "failover", "region", "geo_location", "multi_value_answer")


@dataclass
class Change:
    """One accepted batch."""

    id: str
    zone: str
    submitted: datetime
    comment: str | None
    status: str = PENDING
    processed: bool = False

    def shown(self) -> dict[str, Any]:
        """As ChangeInfo."""
        return {
            "Id": f"/change/{self.id}",
            "Status": self.status,
            "SubmittedAt": self.submitted,
            "Comment": self.comment,
        }


@dataclass
class _Book:
    changes: dict[str, Change] = field(default_factory=dict)


class Backend:
    """Put on moto's Route53Backend."""

    def change_book(self: Any) -> dict[str, Change]:
        """Accepted changes by id."""
        book = self.__dict__.setdefault("_change_book", _Book())
        found: dict[str, Change] = book.changes
        return found


class Record:
    """Put on moto's RecordSet."""

    @property
    def resource_records(self: Any) -> list[dict[str, str]] | None:
        """Values as ResourceRecords (moto's own SOA records hold them in another shape)."""
        return [{"Value": value} for value in _values(self)] or None


def _values(record: Any) -> list[str]:
    return [one["Value"] if isinstance(one, dict) else str(one) for one in record.records or []]


def _key(record: Any) -> tuple[str, str, str]:
    return (record.name.lower(), record.type, record.set_identifier or "")


def _order(record: Any) -> tuple[list[str], str, str]:
    return (_reversed(record.name), record.type, record.set_identifier or "")


def _reversed(name: str) -> list[str]:
    return list(reversed(name.lower().rstrip(".").split(".")))


def _record(given: dict[str, Any], zone: FakeZone) -> RecordSet:
    name = given["Name"].rstrip(".").lower() + "."
    if name != zone.name and not name.endswith(f".{zone.name}"):
        raise _invalid(f"RRSet with DNS name {name} is not permitted in zone {zone.name}")
    if bool(given.get("AliasTarget")) == bool(given.get("ResourceRecords")):
        raise _invalid(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
            "ResourceRecords], or TrafficPolicyInstanceId], but found "
            + ("more than one" if given.get("AliasTarget") else "none")
            + f" in Change with [Name={name}, Type={given['Type']}, "
            f"SetIdentifier={given.get('SetIdentifier', 'null')}]"
        )
    values = [one["Value"] for one in given.get("ResourceRecords") or []]
    plain = {key: value for key, value in given.items() if value is not None}
    made = RecordSet({**plain, "Name": name, "ResourceRecords": values})
    routed = any(getattr(made, one) is not None for one in _ROUTING)
    if routed != bool(made.set_identifier):
        raise _invalid(
            f"Invalid request: SetIdentifier and a routing policy go together "
            f"[Name={name}, Type={made.type}]"
        )
    return made


def _invalid(message: str) -> Route53Refusal:
    return Route53Refusal("InvalidChangeBatch", f"[{message}]")


def _same(one: RecordSet, other: RecordSet) -> bool:
    fields = ("ttl", "records", "weight", "failover", "region", "alias_target", "health_check_id")
    return all(_text(getattr(one, name)) == _text(getattr(other, name)) for name in fields)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str(sorted((key, str(item)) for key, item in value.items()))
    if isinstance(value, list):
        return str(sorted(map(str, value)))
    return "" if value in (None, "") else str(value)


def apply(backend: Any, zone_id: str, batch: list[dict[str, Any]], comment: str | None) -> Change:
    """Accept a batch or refuse it whole."""
    zone = backend.get_hosted_zone(zone_id)
    _check_idle(backend, zone)
    _keep_served(zone)
    records = {_key(one): one for one in zone.rrsets}
    for entry in batch:
        action = entry["Action"]
        made = _record(entry["ResourceRecordSet"], zone)
        _check_health(backend, made)
        key = _key(made)
        label = f"name='{made.name}', type='{made.type}'" + (
            f", set identifier='{made.set_identifier}'" if made.set_identifier else ""
        )
        if action == "CREATE" and key in records:
            raise _invalid(f"Tried to create resource record set [{label}] but it already exists")
        if action == "DELETE":
            if key not in records:
                raise _invalid(
                    f"Tried to delete resource record set [{label}] but it was not found"
                )
            if not _same(records[key], made):
                raise _invalid(
                    f"Tried to delete resource record set [{label}] but the values provided "
                    "do not match the current values"
                )
            del records[key]
            continue
        if action not in {"CREATE", "UPSERT"}:
            raise Route53Refusal("InvalidInput", f"Action {action} is not one of the enumeration")
        _check_set(records, made)
        records[key] = made
    zone.rrsets = sorted(records.values(), key=_order)
    change = Change(
        "C" + mock_random.get_random_string(20).upper(),
        zone.resource_id,
        runtime.clock().now(),
        comment,
    )
    backend.change_book()[change.id] = change
    propagated = list(zone.rrsets)

    def insync() -> None:
        change.status = INSYNC
        zone.served = propagated

    def processed() -> None:
        change.processed = True

    runtime.clock().after(PROCESSING_SECONDS, processed)
    runtime.clock().after(PROPAGATION_SECONDS, insync)
    return change


def _check_idle(backend: Any, zone: Any) -> None:
    if not runtime.get().busy_zones:
        return
    pending = [
        one
        for one in backend.change_book().values()
        if one.zone == zone.resource_id and not one.processed
    ]
    if pending:
        raise Route53Refusal(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        )


def _keep_served(zone: Any) -> None:
    """Before its first change, a zone serves what it has."""
    if not hasattr(zone, "served"):
        zone.served = list(zone.rrsets)


def _check_health(backend: Any, record: RecordSet) -> None:
    if record.health_check_id and record.health_check_id not in backend.health_checks:
        raise Route53Refusal(
            "NoSuchHealthCheck", f"No health check exists with id {record.health_check_id}"
        )


def _check_set(records: dict[tuple[str, str, str], RecordSet], made: RecordSet) -> None:
    """Records of one name and type share one routing policy, and a CNAME is alone."""
    siblings = [one for key, one in records.items() if key[0] == made.name and key != _key(made)]
    for one in siblings:
        if one.type == made.type and bool(one.set_identifier) != bool(made.set_identifier):
            raise _invalid(
                f"RRSet with DNS name {made.name}, type {made.type} conflicts with another "
                "record set of the same name and type without the same routing policy"
            )
        if (one.type == "CNAME") != (made.type == "CNAME"):
            raise _invalid(
                f"RRSet of type {made.type} with DNS name {made.name} is not permitted as it "
                "conflicts with other records with the same DNS name"
            )


def find(backend: Any, identifier: str) -> dict[str, Any]:
    """A change by id."""
    change = backend.change_book().get(identifier.rsplit("/", 1)[-1])
    if change is None:
        raise Route53Refusal("NoSuchChange", f"Could not find resource with ID: {identifier}")
    shown: dict[str, Any] = change.shown()
    return shown


def listed(
    backend: Route53Backend, zone_id: str, start: tuple[Any, Any, Any], most: int
) -> tuple[list[Any], Any]:
    """Records from `start` (name, type, identifier) on, and the one after them."""
    zone = backend.get_hosted_zone(zone_id)
    name, kind, identifier = start
    if kind and not name:
        raise Route53Refusal("InvalidInput", "The input is not valid")
    records = sorted(zone.rrsets, key=_order)
    if name:
        first = (_reversed(name), kind or "", identifier or "")
        records = [one for one in records if _order(one) >= first]
    following = records[most] if len(records) > most else None
    return records[:most], following


def zones_from(backend: Any, name: str | None, zone_id: str | None) -> list[Any]:
    """Zones in DNS order, from a name (and zone of that name) on."""
    ordered = sorted(backend.zones.values(), key=lambda one: (_reversed(one.name), one.resource_id))
    if not name:
        return ordered
    first = (_reversed(name), zone_id or "")
    return [one for one in ordered if (_reversed(one.name), one.resource_id) >= first]


def answer(backend: Any, zone: Any, name: str, kind: str) -> list[str] | None:
    """The record data that a resolver gets; None where the name does not exist."""
    _keep_served(zone)
    wanted = name.lower().rstrip(".") + "."
    named = [one for one in zone.served if one.name == wanted]
    if not named:
        return None
    # A CNAME answers for every type.
    candidates = [one for one in named if one.type in (kind, "CNAME")]
    if not candidates:
        return []
    chosen = _chosen(backend, candidates)
    if chosen.alias_target:
        return [_address(chosen.alias_target["DNSName"])]
    return _values(chosen)


def _chosen(backend: Any, candidates: list[Any]) -> Any:
    def healthy(record: Any) -> bool:
        check = backend.health_checks.get(record.health_check_id or "")
        return check is None or health.is_healthy(backend, check)

    failover = {one.failover: one for one in candidates if one.failover}
    if failover:
        primary, secondary = failover.get("PRIMARY"), failover.get("SECONDARY")
        if primary is not None and healthy(primary):
            return primary
        # With nothing healthy, Route 53 answers with the primary.
        if secondary is not None and (healthy(secondary) or primary is None):
            return secondary
        return primary
    if any(one.weight is not None for one in candidates):
        heavy = sorted(candidates, key=lambda one: -int(one.weight or 0))
        usable = [one for one in heavy if healthy(one) and int(one.weight or 0) > 0]
        return (usable or heavy)[0]
    usable = [one for one in candidates if healthy(one)]
    return (usable or candidates)[0]


def _address(target: str) -> str:
    digest = sha256(target.lower().rstrip(".").encode()).digest()
    return f"198.51.100.{digest[0] % 254 + 1}"
