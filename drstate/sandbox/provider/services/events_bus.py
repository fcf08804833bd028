"""aws:cloudwatch/eventBus:EventBus and its policy. Their ids are the bus's name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward, tag_list
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    record,
    text,
)
from drstate.sandbox.provider.services import events_shared as shared
from drstate.sandbox.provider.wire import Values

_SETTINGS = ("deadLetterConfig", "description", "kmsKeyIdentifier", "logConfig")


class EventBus(ResourceType):
    """A bus."""

    urn_type = "aws:cloudwatch/eventBus:EventBus"
    title = "EventBridge Event Bus"
    name_property = "name"
    autoname = True
    props: ClassVar[Mapping[str, Prop]] = {
        "deadLetterConfig": record({"arn": text()}),
        "description": text(),
        "eventSourceName": text(replaces=True),
        "kmsKeyIdentifier": text(),
        "logConfig": record({"includeDetail": text(), "level": text()}),
        "name": text(replaces=True, computed=True),
        "region": REGION,
        "tags": TAGS,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        if tags:
            request["Tags"] = tag_list(tags)
        call.client("events").create_event_bus(**request)
        return str(inputs["name"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("events")
        shown = shared.found(lambda: client.describe_event_bus(Name=ident))
        if shown is None:
            return None
        values: Values = dict.fromkeys(_SETTINGS)
        values |= inward(shown, self.props, Style.PASCAL)
        values["arn"] = shown["Arn"]
        return Found(ident, values, shared.tags(call, shown["Arn"]))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        request = outward(new, self.props, Style.PASCAL, _SETTINGS)
        call.client("events").update_event_bus(Name=ident, **request)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        call.client("events").delete_event_bus(Name=ident)

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        shared.retag(call, state["arn"], put, drop)


class EventBusPolicy(ResourceType):
    """The whole policy of a bus."""

    urn_type = "aws:cloudwatch/eventBusPolicy:EventBusPolicy"
    title = "EventBridge Event Bus Policy"
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "eventBusName": text(replaces=True, default=shared.DEFAULT_BUS, same=shared.same_bus),
        "policy": text(required=True, same=shared.same_json),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs)
        return str(inputs.get("eventBusName") or shared.DEFAULT_BUS)

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("events")
        shown = shared.found(lambda: client.describe_event_bus(Name=ident))
        if shown is None or not shown.get("Policy"):
            return None
        return Found(ident, {"eventBusName": ident, "policy": _canonical(shown["Policy"])})

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._put(call, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("events")
        shared.found(
            lambda: client.remove_permission(EventBusName=ident, RemoveAllPermissions=True)
        )

    def _put(self, call: Call, inputs: Values) -> None:
        call.client("events").put_permission(
            EventBusName=inputs.get("eventBusName") or shared.DEFAULT_BUS,
            Policy=inputs["policy"],
        )


def _canonical(policy: str) -> str:
    parsed: Any = json.loads(policy)
    return json.dumps(parsed, sort_keys=True, separators=(",", ":"))
