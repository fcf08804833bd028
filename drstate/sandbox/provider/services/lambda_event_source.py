"""aws:lambda/eventSourceMapping:EventSourceMapping: what a function reads. Its id is its UUID."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    mapping,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import lambda_shared as shared
from drstate.sandbox.provider.wire import Values

_NOT_EMULATED = "the emulated Lambda reads queues, streams and tables; use the real provider"
_SETTLED = frozenset({"Enabled", "Disabled"})
#: what can be taken away only by saying so
_EMPTY: Mapping[str, Any] = {
    "destinationConfig": {"OnFailure": {}},
    "filterCriteria": {},
    "functionResponseTypes": [],
    "scalingConfig": {},
}


class EventSourceMapping(ResourceType):
    """What a function reads."""

    urn_type = "aws:lambda/eventSourceMapping:EventSourceMapping"
    title = "Lambda Event Source Mapping"
    timeouts = Timeouts(create=600.0, update=600.0, delete=600.0)
    stable = ("arn", "uuid")
    props: ClassVar[Mapping[str, Prop]] = {
        "amazonManagedKafkaEventSourceConfig": record({}, refused=_NOT_EMULATED),
        "batchSize": integer(computed=True),
        "bisectBatchOnFunctionError": flag(default=False),
        "destinationConfig": record(
            {"onFailure": record({"destinationArn": text(required=True, api="Destination")})}
        ),
        "documentDbEventSourceConfig": record({}, refused=_NOT_EMULATED),
        "enabled": flag(default=True, api=BY_HAND),
        "eventSourceArn": text(replaces=True),
        "filterCriteria": record({"filters": unordered(record({"pattern": text()}))}),
        "functionName": text(required=True, api=BY_HAND, same=shared.same_function),
        "functionResponseTypes": unordered(),
        "kmsKeyArn": text(api="KMSKeyArn"),
        "maximumBatchingWindowInSeconds": integer(computed=True, low=0, high=300),
        "maximumRecordAgeInSeconds": integer(computed=True),
        "maximumRetryAttempts": integer(computed=True),
        "metricsConfig": record({"metrics": unordered(required=True)}),
        "parallelizationFactor": integer(computed=True, low=1, high=10),
        "provisionedPollerConfig": record({}, refused=_NOT_EMULATED),
        "queues": text(refused=_NOT_EMULATED),
        "region": REGION,
        "scalingConfig": record({"maximumConcurrency": integer(low=2)}),
        "selfManagedEventSource": record(
            {"endpoints": mapping(required=True)}, refused=_NOT_EMULATED
        ),
        "selfManagedKafkaEventSourceConfig": record({}, refused=_NOT_EMULATED),
        "sourceAccessConfigurations": unordered(
            record({"type": text(required=True), "uri": text(required=True)}),
            refused=_NOT_EMULATED,
        ),
        "startingPosition": text(replaces=True, choices=("AT_TIMESTAMP", "LATEST", "TRIM_HORIZON")),
        "startingPositionTimestamp": text(replaces=True, local=True),
        "tags": TAGS,
        "topics": unordered(refused=_NOT_EMULATED),
        "tumblingWindowInSeconds": integer(low=0, high=900),
        "useResourceTimeoutForPropagation": flag(local=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "functionArn": OUT_TEXT,
        "lastModified": OUT_TEXT,
        "lastProcessingResult": OUT_TEXT,
        "state": OUT_TEXT,
        "stateTransitionReason": OUT_TEXT,
        "tagsAll": OUT_TAGS,
        "uuid": OUT_TEXT,
    }
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "enabled": ("lastModified", "state"),
        "functionName": ("functionArn",),
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        request |= {"Enabled": inputs["enabled"], "FunctionName": inputs["functionName"]}
        if tags:
            request["Tags"] = dict(tags)
        ident = str(call.client("lambda").create_event_source_mapping(**request)["UUID"])
        with made(ident):
            self._settled(call, ident)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("lambda")
        shown = self._look(call, ident)
        if shown is None:
            return None
        values: Values = dict.fromkeys((*_EMPTY, "startingPosition", "kmsKeyArn", "metricsConfig"))
        values |= inward(shown, self.props, Style.PASCAL)
        for name, empty in _EMPTY.items():
            if not values.get(name) or values[name] == empty or values[name] == {"onFailure": {}}:
                values[name] = None
        arn = shown["EventSourceMappingArn"]
        values |= {
            "arn": arn,
            "enabled": shown["State"] in ("Enabled", "Enabling"),
            "functionArn": shown["FunctionArn"],
            "functionName": state.get("functionName") or shown["FunctionArn"],
            "lastModified": str(shown["LastModified"]),
            "lastProcessingResult": shown.get("LastProcessingResult", ""),
            "state": shown["State"],
            "stateTransitionReason": shown.get("StateTransitionReason", ""),
            "uuid": ident,
        }
        if not shared.same_function(values["functionName"], shown["FunctionArn"]):
            values["functionName"] = shown["FunctionArn"]
        return Found(ident, values, client.list_tags(Resource=arn)["Tags"])

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        request = outward(new, self.props, Style.PASCAL, changed)
        for name in changed & {*_EMPTY}:
            if not new.get(name):
                request[name[0].upper() + name[1:]] = _EMPTY[name]
        if "enabled" in changed:
            request["Enabled"] = new["enabled"]
        if "functionName" in changed:
            request["FunctionName"] = new["functionName"]
        if request:
            self._settled(call, ident)
            call.client("lambda").update_event_source_mapping(UUID=ident, **request)
            self._settled(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        def deleted() -> bool | None:
            try:
                call.client("lambda").delete_event_source_mapping(UUID=ident)
            except ClientError as error:
                if code_of(error) == "ResourceInUseException":
                    return None
                if code_of(error) == "ResourceNotFoundException":
                    return True
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to be at rest", call.limit, deleted)
        self.await_gone(call, ident, lambda: self._look(call, ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        client = call.client("lambda")
        if drop:
            client.untag_resource(Resource=state["arn"], TagKeys=drop)
        if put:
            client.tag_resource(Resource=state["arn"], Tags=dict(put))

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        client = call.client("lambda")
        found: dict[str, Any] | None = shared.found(
            lambda: client.get_event_source_mapping(UUID=ident)
        )
        return found

    def _settled(self, call: Call, ident: str) -> None:
        def settled() -> bool | None:
            shown = self._look(call, ident)
            return True if shown is None or shown["State"] in _SETTLED else None

        call.waiter.until(f"{self.title} ({ident}) to settle", call.limit, settled)
