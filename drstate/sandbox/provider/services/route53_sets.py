"""Record sets: between a Record's properties and Route 53's ResourceRecordSet.

Pure. Names are compared as Route 53 does: without case, escapes or the final dot.
"""

from __future__ import annotations

import re
from typing import Any

from drstate.sandbox.provider.problems import ProviderError
from drstate.sandbox.provider.wire import Value, Values

#: The routing policies, of which a record has at most one.
POLICIES = (
    "failoverRoutingPolicies",
    "geolocationRoutingPolicies",
    "latencyRoutingPolicies",
    "multivalueAnswerRoutingPolicy",
    "weightedRoutingPolicies",
)
_ESCAPE = re.compile(r"\\(\d{3})")
_GEO = (
    ("continent", "ContinentCode"),
    ("country", "CountryCode"),
    ("subdivision", "SubdivisionCode"),
)


def decoded(name: str) -> str:
    r"""A name without Route 53's octal escapes (``\052`` is ``*``)."""
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), name)


def absolute(name: str, zone: str) -> str:
    """The full name, with its final dot, of a name that may leave the zone out."""
    bare, zone = name.rstrip(".").lower(), zone.rstrip(".").lower()
    if not bare:
        return f"{zone}."
    if bare == zone or bare.endswith("." + zone):
        return f"{bare}."
    return f"{bare}.{zone}."


def same_name(actual: Value, wanted: Value) -> bool:
    """Whether two target names are one to the DNS."""
    return _bare(actual) == _bare(wanted)


def same_record_name(actual: Value, wanted: Value) -> bool:
    """Whether two names of a record are one, with or without the zone's name at the end."""
    old, new = _bare(actual), _bare(wanted)
    return old == new


def _bare(name: Value) -> str:
    return decoded(str(name)).rstrip(".").lower()


def parts(ident: str) -> Values:
    """Zone, name, type and set identifier of an id; names may have underscores themselves."""
    found = re.match(r"^([A-Z0-9]+)_(.*?)_([A-Z]{1,5})(?:_(.+))?$", ident)
    if found is None:
        raise ProviderError(
            f"{ident!r} is not a record's id; use ZONEID_name_TYPE or ZONEID_name_TYPE_identifier"
        )
    keys: Values = {"zoneId": found[1], "name": found[2], "type": found[3]}
    if found[4]:
        keys["setIdentifier"] = found[4]
    return keys


def record_set(inputs: Values, zone: str) -> dict[str, Any]:
    """The ResourceRecordSet for a record's inputs."""
    request: dict[str, Any] = {"Name": absolute(inputs["name"], zone), "Type": inputs["type"]}
    if inputs.get("aliases"):
        alias = inputs["aliases"][0]
        request["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
        }
    if inputs.get("records"):
        request["TTL"] = inputs["ttl"]
        request["ResourceRecords"] = [
            {"Value": _quoted(value, inputs["type"])} for value in inputs["records"]
        ]
    if inputs.get("setIdentifier"):
        request["SetIdentifier"] = inputs["setIdentifier"]
    if inputs.get("healthCheckId"):
        request["HealthCheckId"] = inputs["healthCheckId"]
    request.update(_policy(inputs))
    return request


def _policy(inputs: Values) -> dict[str, Any]:
    if inputs.get("failoverRoutingPolicies"):
        return {"Failover": inputs["failoverRoutingPolicies"][0]["type"]}
    if inputs.get("weightedRoutingPolicies"):
        return {"Weight": inputs["weightedRoutingPolicies"][0]["weight"]}
    if inputs.get("latencyRoutingPolicies"):
        return {"Region": inputs["latencyRoutingPolicies"][0]["region"]}
    if inputs.get("multivalueAnswerRoutingPolicy"):
        return {"MultiValueAnswer": True}
    if inputs.get("geolocationRoutingPolicies"):
        place = inputs["geolocationRoutingPolicies"][0]
        return {"GeoLocation": {member: place[name] for name, member in _GEO if place.get(name)}}
    return {}


def values(shown: dict[str, Any]) -> Values:
    """A record's properties, of its ResourceRecordSet; ``None`` for what it has not."""
    alias = shown.get("AliasTarget")
    geo = shown.get("GeoLocation")
    weight, failover = shown.get("Weight"), shown.get("Failover")
    return {
        "type": shown["Type"],
        "ttl": shown.get("TTL") if not alias else None,
        "records": [
            _unquoted(each["Value"], shown["Type"]) for each in shown.get("ResourceRecords") or ()
        ]
        or None,
        "aliases": None
        if not alias
        else [
            {
                "name": alias["DNSName"].rstrip("."),
                "zoneId": alias["HostedZoneId"],
                "evaluateTargetHealth": bool(alias["EvaluateTargetHealth"]),
            }
        ],
        "setIdentifier": shown.get("SetIdentifier"),
        "healthCheckId": shown.get("HealthCheckId"),
        "failoverRoutingPolicies": [{"type": failover}] if failover else None,
        "weightedRoutingPolicies": None if weight is None else [{"weight": weight}],
        "latencyRoutingPolicies": [{"region": shown["Region"]}] if shown.get("Region") else None,
        "multivalueAnswerRoutingPolicy": shown.get("MultiValueAnswer"),
        "geolocationRoutingPolicies": None
        if not geo
        else [{name: geo[member] for name, member in _GEO if geo.get(member)}],
    }


def _quoted(value: str, kind: str) -> str:
    """TXT and SPF values are sent in quotes, which programs leave out."""
    return f'"{value}"' if kind in ("SPF", "TXT") and not value.startswith('"') else value


def _unquoted(value: str, kind: str) -> str:
    if kind in ("SPF", "TXT") and value.startswith('"') and value.endswith('"'):
        return value[1:-1]
    return value
