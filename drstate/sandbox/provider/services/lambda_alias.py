"""aws:lambda/alias:Alias: a name for a version. Its id is its ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_TEXT,
    REGION,
    Prop,
    mapping,
    number,
    record,
    text,
)
from drstate.sandbox.provider.services import lambda_shared as shared
from drstate.sandbox.provider.wire import Values


class Alias(ResourceType):
    """A name for a version."""

    urn_type = "aws:lambda/alias:Alias"
    title = "Lambda Alias"
    name_property = "name"
    autoname = True
    stable = ("arn", "invokeArn")
    props: ClassVar[Mapping[str, Prop]] = {
        "description": text(),
        "functionName": text(required=True, replaces=True, api=BY_HAND, same=shared.same_function),
        "functionVersion": text(required=True),
        "name": text(replaces=True, computed=True),
        "region": REGION,
        "routingConfig": record({"additionalVersionWeights": mapping(number())}),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "invokeArn": OUT_TEXT}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        answer = call.client("lambda").create_alias(
            FunctionName=inputs["functionName"], Name=inputs["name"], **_settings(inputs)
        )
        return str(answer["AliasArn"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        function, _, name = ident.rpartition(":") if ":" in ident else ident.rpartition("/")
        client = call.client("lambda")
        shown = shared.found(lambda: client.get_alias(FunctionName=function, Name=name))
        if shown is None:
            return None
        arn = shown["AliasArn"]
        weights = (shown.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        values: Values = {
            "arn": arn,
            "description": shown.get("Description") or None,
            "functionName": state.get("functionName") or shared.plain_name(arn),
            "functionVersion": shown["FunctionVersion"],
            "invokeArn": f"arn:{call.partition}:apigateway:{call.region}:lambda:path/2015-03-31/"
            f"functions/{arn}/invocations",
            "name": shown["Name"],
            "routingConfig": {"additionalVersionWeights": weights} if weights else None,
        }
        return Found(arn, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        call.client("lambda").update_alias(
            FunctionName=new["functionName"], Name=new["name"], **_settings(new)
        )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("lambda")
        shared.found(
            lambda: client.delete_alias(FunctionName=state["functionName"], Name=state["name"])
        )


def _settings(values: Values) -> dict[str, Any]:
    weights = (values.get("routingConfig") or {}).get("additionalVersionWeights") or {}
    return {
        "Description": values.get("description") or "",
        "FunctionVersion": values["functionVersion"],
        "RoutingConfig": {"AdditionalVersionWeights": weights},
    }
