"""aws:route53/record:Record: one record set. Its id is zone_name_type, and _identifier if any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.problems import ProviderError, code_of
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TEXT,
    Prop,
    flag,
    integer,
    listing,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import route53_sets as sets
from drstate.sandbox.provider.wire import Values

_TYPES = (
    *("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF"),
    *("SRV", "SSHFP", "SVCB", "TLSA", "TXT"),
)
_ALIAS: dict[str, Prop] = {
    "evaluateTargetHealth": flag(required=True),
    "name": text(required=True, same=sets.same_name),
    "zoneId": text(required=True),
}
_NOT_EMULATED = "the emulated Route 53 does not have it; use the real provider"


class Record(ResourceType):
    """One record set. Its id is zone_name_type, and _identifier if any."""

    urn_type = "aws:route53/record:Record"
    title = "Route53 Record"
    timeouts = Timeouts(create=1800.0, update=1800.0, delete=1800.0)
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "aliases": listing(record(_ALIAS)),
        "allowOverwrite": flag(local=True, computed=True),
        "cidrRoutingPolicy": record({}, refused=_NOT_EMULATED),
        "failoverRoutingPolicies": listing(
            record({"type": text(required=True, choices=("PRIMARY", "SECONDARY"))})
        ),
        "geolocationRoutingPolicies": listing(
            record({"continent": text(), "country": text(), "subdivision": text()})
        ),
        "geoproximityRoutingPolicy": record({}, refused=_NOT_EMULATED),
        "healthCheckId": text(),
        "latencyRoutingPolicies": listing(record({"region": text(required=True)})),
        "multivalueAnswerRoutingPolicy": flag(),
        "name": text(required=True, replaces=True, same=sets.same_record_name),
        "records": unordered(),
        "setIdentifier": text(),
        "ttl": integer(low=0),
        "type": text(required=True, choices=_TYPES),
        "weightedRoutingPolicies": listing(
            record({"weight": integer(required=True, low=0, high=255)})
        ),
        "zoneId": text(required=True, replaces=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"fqdn": OUT_TEXT}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if bool(inputs.get("aliases")) == bool(inputs.get("records")):
            yield "records", "exactly one of 'aliases' and 'records' is needed"
        if inputs.get("records") and inputs.get("ttl") is None:
            yield "ttl", "the required property 'ttl' is missing beside 'records'; set it"
        if inputs.get("aliases") and inputs.get("ttl") is not None:
            yield "ttl", "'ttl' has no place beside 'aliases'; remove it"
        policies = [name for name in sets.POLICIES if inputs.get(name)]
        if len(policies) > 1:
            yield policies[1], f"{policies[1]!r} conflicts with {policies[0]}; set one of them"
        if policies and not inputs.get("setIdentifier"):
            yield "setIdentifier", f"{policies[0]!r} needs 'setIdentifier'; set it"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        zone = self._zone_name(call, inputs["zoneId"])
        action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
        self._change(call, inputs["zoneId"], [(action, sets.record_set(inputs, zone))])
        parts = [inputs["zoneId"], inputs["name"].lower(), inputs["type"]]
        if inputs.get("setIdentifier"):
            parts.append(inputs["setIdentifier"])
        return "_".join(parts)

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        keys = state if state.get("zoneId") else sets.parts(ident)
        zone = self._zone_name(call, keys["zoneId"], missing=True)
        if not zone:
            return None
        shown = self._look(call, keys, zone)
        if shown is None:
            return None
        values = sets.values(shown)
        values["fqdn"] = sets.decoded(shown["Name"]).rstrip(".")
        values["name"] = state.get("name") or keys["name"]
        values["zoneId"] = keys["zoneId"]
        return Found(ident, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        if not changed - {"allowOverwrite"}:
            return
        kept = {name: old[name] for name in self.props if name not in changed and name in old}
        wanted = {**kept, **{name: value for name, value in new.items() if name in changed}}
        zone = self._zone_name(call, wanted["zoneId"])
        if _key(old) == _key(wanted):
            self._change(call, wanted["zoneId"], [("UPSERT", sets.record_set(wanted, zone))])
            return
        # To Route 53 this is another record set: both changes are one batch, so that the name
        # is never without an answer.
        shown = self._look(call, old, zone)
        batch = [("DELETE", dict(shown))] if shown else []
        self._change(call, wanted["zoneId"], [*batch, ("CREATE", sets.record_set(wanted, zone))])

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        zone = self._zone_name(call, state["zoneId"], missing=True)
        shown = self._look(call, state, zone) if zone else None
        if shown is None:
            return
        try:
            self._change(call, state["zoneId"], [("DELETE", shown)])
        except ClientError as error:
            if code_of(error) not in ("NoSuchHostedZone", "InvalidChangeBatch"):
                raise
            if "not found" not in str(error) and code_of(error) != "NoSuchHostedZone":
                raise

    def _zone_name(self, call: Call, zone: str, *, missing: bool = False) -> str:
        try:
            answer = call.client("route53").get_hosted_zone(Id=zone)
        except ClientError as error:
            if missing and code_of(error) == "NoSuchHostedZone":
                return ""
            raise
        return str(answer["HostedZone"]["Name"])

    def _look(self, call: Call, keys: Values, zone: str) -> dict[str, Any] | None:
        name = sets.absolute(keys["name"], zone)
        try:
            pages = (
                call.client("route53")
                .get_paginator("list_resource_record_sets")
                .paginate(
                    HostedZoneId=keys["zoneId"], StartRecordName=name, StartRecordType=keys["type"]
                )
            )
            for page in pages:
                for shown in page["ResourceRecordSets"]:
                    if sets.decoded(shown["Name"]).lower() != name or shown["Type"] != keys["type"]:
                        # Record sets come in order: ours would have been the first.
                        return None
                    if shown.get("SetIdentifier") == keys.get("setIdentifier"):
                        return dict(shown)
        except ClientError as error:
            if code_of(error) == "NoSuchHostedZone":
                return None
            raise
        return None

    def _change(self, call: Call, zone: str, batch: list[tuple[str, dict[str, Any]]]) -> None:
        """One batch of changes, and the wait until every name server has it."""
        client = call.client("route53")

        def accepted() -> str | None:
            try:
                answer = client.change_resource_record_sets(
                    HostedZoneId=zone,
                    ChangeBatch={
                        "Comment": "Managed by Pulumi",
                        "Changes": [
                            {"Action": action, "ResourceRecordSet": record_set}
                            for action, record_set in batch
                        ],
                    },
                )
            except ClientError as error:
                if code_of(error) == "PriorRequestNotComplete":
                    return None
                raise
            return str(answer["ChangeInfo"]["Id"]).removeprefix("/change/")

        change = call.waiter.until(f"zone {zone} to take the change", call.limit, accepted)

        def in_sync() -> bool | None:
            status = client.get_change(Id=change)["ChangeInfo"]["Status"]
            return True if status == "INSYNC" else None

        call.waiter.until(f"the change {change} to be everywhere", call.limit, in_sync)


def _key(values: Values) -> tuple[str, ...]:
    """What tells record sets of one name apart."""
    return (str(values["type"]), str(values.get("setIdentifier") or ""), _policy(values))


def _policy(values: Values) -> str:
    found = [name for name in sets.POLICIES if values.get(name)]
    if len(found) > 1:
        raise ProviderError(f"a record has one routing policy, not {' and '.join(found)}")
    return found[0] if found else ""
