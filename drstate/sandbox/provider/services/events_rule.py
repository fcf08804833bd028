"""aws:cloudwatch/eventRule:EventRule: a rule. Its id is its name, after that of its bus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward, tag_list
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    text,
)
from drstate.sandbox.provider.services import events_shared as shared
from drstate.sandbox.provider.wire import Values


class EventRule(ResourceType):
    """A rule."""

    urn_type = "aws:cloudwatch/eventRule:EventRule"
    title = "EventBridge Rule"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    props: ClassVar[Mapping[str, Prop]] = {
        "description": text(),
        "eventBusName": text(replaces=True, default=shared.DEFAULT_BUS, same=shared.same_bus),
        "eventPattern": text(same=shared.same_json),
        "forceDestroy": flag(default=False, local=True),
        "isEnabled": flag(refused="deprecated; set state"),
        "name": text(replaces=True, computed=True),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "region": REGION,
        "roleArn": text(),
        "scheduleExpression": text(),
        "state": text(
            computed=True,
            api=BY_HAND,
            choices=("DISABLED", "ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
        ),
        "tags": TAGS,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if not inputs.get("eventPattern") and not inputs.get("scheduleExpression"):
            yield "eventPattern", "one of event_pattern and schedule_expression must be set"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        if tags:
            request["Tags"] = tag_list(tags)
        call.client("events").put_rule(**request, State=inputs.get("state") or "ENABLED")
        bus, name = shared.bus_name(inputs.get("eventBusName")), str(inputs["name"])
        return name if bus == shared.DEFAULT_BUS else f"{bus}/{name}"

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        bus, _, name = ident.rpartition("/")
        client = call.client("events")
        shown = shared.found(
            lambda: client.describe_rule(Name=name, EventBusName=bus or shared.DEFAULT_BUS)
        )
        if shown is None:
            return None
        values: Values = dict.fromkeys(
            ("description", "eventPattern", "roleArn", "scheduleExpression")
        )
        values |= inward(shown, self.props, Style.PASCAL)
        values |= {"arn": shown["Arn"], "state": shown["State"]}
        return Found(ident, values, shared.tags(call, shown["Arn"]))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client("events")
        # a put replaces the rule as a whole; what is ignored keeps what it has
        now = client.describe_rule(
            Name=new["name"], EventBusName=new.get("eventBusName") or shared.DEFAULT_BUS
        )
        state = new.get("state") if "state" in changed else None
        request: dict[str, Any] = outward(new, self.props, Style.PASCAL)
        client.put_rule(**request, State=state or now["State"])

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("events")
        client.delete_rule(
            Name=state["name"], EventBusName=state.get("eventBusName") or shared.DEFAULT_BUS
        )

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        shared.retag(call, state["arn"], put, drop)
