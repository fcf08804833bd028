"""What the resource types of Elastic Load Balancing share: tags by ARN, actions, absence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.members import tag_list, tag_map
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call
from drstate.sandbox.provider.schema import (
    Prop,
    flag,
    integer,
    listing,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.wire import Values

SERVICE = "elbv2"
_ABSENT = frozenset(
    {
        "CertificateNotFound",
        "ListenerNotFound",
        "LoadBalancerNotFound",
        "RuleNotFound",
        "TargetGroupNotFound",
    }
)

#: of listeners and rules alike
ACTIONS = listing(
    record(
        {
            "authenticateCognito": record({}, refused="not served by the sandbox's provider"),
            "authenticateOidc": record({}, refused="not served by the sandbox's provider"),
            "fixedResponse": record(
                {
                    "contentType": text(required=True),
                    "messageBody": text(),
                    "statusCode": text(computed=True),
                }
            ),
            "forward": record(
                {
                    "stickiness": record({"duration": integer(required=True), "enabled": flag()}),
                    "targetGroups": unordered(
                        record({"arn": text(required=True), "weight": integer(default=1)}),
                        required=True,
                    ),
                }
            ),
            "jwtValidation": record({}, refused="not served by the sandbox's provider"),
            "order": integer(computed=True, low=1),
            "redirect": record(
                {
                    "host": text(default="#{host}"),
                    "path": text(default="/#{path}"),
                    "port": text(default="#{port}"),
                    "protocol": text(default="#{protocol}"),
                    "query": text(default="#{query}"),
                    "statusCode": text(required=True),
                }
            ),
            "targetGroupArn": text(),
            "type": text(required=True),
        }
    ),
    required=True,
)


def absent(error: ClientError) -> bool:
    """Whether the error says that the thing is not there."""
    return code_of(error).removesuffix("Exception") in _ABSENT


def tags_of(call: Call, arn: str) -> Values:
    """The tags of anything with an ARN."""
    answer = call.client(SERVICE).describe_tags(ResourceArns=[arn])
    return tag_map(answer["TagDescriptions"][0].get("Tags") or ())


def retag(call: Call, arn: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Set and remove tags."""
    client = call.client(SERVICE)
    if drop:
        client.remove_tags(ResourceArns=[arn], TagKeys=drop)
    if put:
        client.add_tags(ResourceArns=[arn], Tags=tag_list(put))


def tagged(tags: Mapping[str, str]) -> dict[str, Any]:
    """``Tags`` of a request that makes something."""
    return {"Tags": tag_list(tags)} if tags else {}


def actions_out(given: Iterable[Values]) -> list[dict[str, Any]]:
    """Actions of a request."""
    return [_action_out(action) for action in given]


def actions_in(shown: Iterable[Mapping[str, Any]]) -> list[Values]:
    """Actions as a program would write them."""
    return [_action_in(action) for action in shown]


def attributes_out(
    values: Values, table: Mapping[str, str], only: Iterable[str] | None = None
) -> list[dict[str, str]]:
    """Attributes of a request; ``table``: property -> key."""
    chosen = set(table) if only is None else set(only)
    return [
        {"Key": key, "Value": _text(values[name])}
        for name, key in table.items()
        if name in chosen and values.get(name) is not None
    ]


def attributes_in(
    shown: Iterable[Mapping[str, str]], table: Mapping[str, str], props: Mapping[str, Prop]
) -> Values:
    """Attributes as values of their properties' kinds."""
    found = {each["Key"]: each["Value"] for each in shown}
    return {
        name: _typed(str(found[key]), props[name])
        for name, key in table.items()
        if key in found and str(found[key]) != ""
    }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(value: str, prop: Prop) -> Any:
    if prop.kind.value == "boolean":
        return value == "true"
    return int(value) if prop.kind.value == "integer" else value


def _action_out(action: Values) -> dict[str, Any]:
    request: dict[str, Any] = {"Type": action["type"]}
    if action.get("order"):
        request["Order"] = action["order"]
    if action.get("redirect"):
        request["RedirectConfig"] = {
            name[0].upper() + name[1:]: value
            for name, value in action["redirect"].items()
            if value is not None
        }
    if action.get("fixedResponse"):
        request["FixedResponseConfig"] = {
            name[0].upper() + name[1:]: value
            for name, value in action["fixedResponse"].items()
            if value is not None
        }
    if action.get("targetGroupArn"):
        request["TargetGroupArn"] = action["targetGroupArn"]
    forward = action.get("forward")
    if forward:
        request["ForwardConfig"] = {
            "TargetGroups": [
                {"TargetGroupArn": each["arn"], "Weight": each.get("weight", 1)}
                for each in forward["targetGroups"]
            ]
        }
        sticky = forward.get("stickiness")
        if sticky:
            request["ForwardConfig"]["TargetGroupStickinessConfig"] = {
                "Enabled": bool(sticky.get("enabled")),
                "DurationSeconds": sticky.get("duration"),
            }
    return request


def _action_in(shown: Mapping[str, Any]) -> Values:
    values: Values = {"type": shown["Type"], "order": shown.get("Order")}
    if shown.get("RedirectConfig"):
        values["redirect"] = {
            name[0].lower() + name[1:]: value for name, value in shown["RedirectConfig"].items()
        }
    if shown.get("FixedResponseConfig"):
        values["fixedResponse"] = {
            name[0].lower() + name[1:]: value
            for name, value in shown["FixedResponseConfig"].items()
        }
    forward = shown.get("ForwardConfig") or {}
    groups = forward.get("TargetGroups") or []
    sticky = forward.get("TargetGroupStickinessConfig") or {}
    if len(groups) > 1 or sticky.get("Enabled"):
        values["forward"] = {
            "targetGroups": [
                {"arn": each["TargetGroupArn"], "weight": each.get("Weight", 1)} for each in groups
            ]
        }
        if sticky.get("Enabled"):
            values["forward"]["stickiness"] = {
                "enabled": True,
                "duration": sticky.get("DurationSeconds"),
            }
    elif shown.get("TargetGroupArn") or groups:
        values["targetGroupArn"] = shown.get("TargetGroupArn") or groups[0]["TargetGroupArn"]
    return {name: value for name, value in values.items() if value is not None}
