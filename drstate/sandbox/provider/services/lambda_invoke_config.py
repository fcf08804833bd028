"""aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig: asynchronous invocations.

Its id is the function's name, with the qualifier where it is for a version or an alias.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import REGION, Prop, integer, record, text
from drstate.sandbox.provider.services import lambda_shared as shared
from drstate.sandbox.provider.wire import Values

_DESTINATION = record({"destination": text(required=True)})


class InvokeConfig(ResourceType):
    """How asynchronous invocations are tried again, and where they end."""

    urn_type = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    title = "Lambda Function Event Invoke Config"
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "destinationConfig": record({"onFailure": _DESTINATION, "onSuccess": _DESTINATION}),
        "functionName": text(required=True, replaces=True, same=shared.same_function),
        "maximumEventAgeInSeconds": integer(low=60, high=21600),
        "maximumRetryAttempts": integer(default=2, low=0, high=2),
        "qualifier": text(replaces=True),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs)
        name = str(inputs["functionName"])
        return f"{name}:{inputs['qualifier']}" if inputs.get("qualifier") else name

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        function, qualifier = state.get("functionName"), state.get("qualifier")
        if not function:
            function, _, qualifier = ident.partition(":")
        client = call.client("lambda")
        shown = shared.found(
            lambda: client.get_function_event_invoke_config(**_whose(function, qualifier))
        )
        if shown is None:
            return None
        values: Values = {
            "functionName": function,
            "maximumEventAgeInSeconds": shown.get("MaximumEventAgeInSeconds"),
            "maximumRetryAttempts": shown.get("MaximumRetryAttempts", 2),
            "qualifier": qualifier or None,
        }
        ends = shown.get("DestinationConfig") or {}
        found = {
            name: {"destination": ends[member]["Destination"]}
            for name, member in (("onFailure", "OnFailure"), ("onSuccess", "OnSuccess"))
            if ends.get(member, {}).get("Destination")
        }
        values["destinationConfig"] = found or None
        return Found(ident, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._put(call, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        whose = _whose(state["functionName"], state.get("qualifier"))
        client = call.client("lambda")
        shared.found(lambda: client.delete_function_event_invoke_config(**whose))

    def _put(self, call: Call, inputs: Values) -> None:
        request: dict[str, Any] = _whose(inputs["functionName"], inputs.get("qualifier"))
        request["MaximumRetryAttempts"] = inputs.get("maximumRetryAttempts", 2)
        if inputs.get("maximumEventAgeInSeconds"):
            request["MaximumEventAgeInSeconds"] = inputs["maximumEventAgeInSeconds"]
        ends = inputs.get("destinationConfig") or {}
        request["DestinationConfig"] = {
            member: {"Destination": ends[name]["destination"]}
            for name, member in (("onFailure", "OnFailure"), ("onSuccess", "OnSuccess"))
            if ends.get(name)
        }
        call.client("lambda").put_function_event_invoke_config(**request)


def _whose(function: str, qualifier: str | None) -> dict[str, Any]:
    plain = {"FunctionName": function}
    return {**plain, "Qualifier": qualifier} if qualifier else plain
