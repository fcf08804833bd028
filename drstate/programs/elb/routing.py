"""Actions and conditions of listeners in the provider's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drstate.programs.lazy import aws

#: API's field -> member with its values, and the argument's class and name
_VALUES = {
    "host-header": ("HostHeaderConfig", "HostHeader", "host_header"),
    "http-request-method": (
        "HttpRequestMethodConfig",
        "HttpRequestMethod",
        "http_request_method",
    ),
    "path-pattern": ("PathPatternConfig", "PathPattern", "path_pattern"),
    "source-ip": ("SourceIpConfig", "SourceIp", "source_ip"),
}


def routing_classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    found: list[type] = []
    for begin in ("ListenerDefaultAction", "ListenerRuleAction"):
        found += [
            getattr(aws.lb, f"{begin}{part}Args")
            for part in (
                "",
                "FixedResponse",
                "Forward",
                "ForwardStickiness",
                "ForwardTargetGroup",
                "Redirect",
            )
        ]
    for part in ("", "HttpHeader", "QueryString", *(one[1] for one in _VALUES.values())):
        found.append(getattr(aws.lb, f"ListenerRuleCondition{part}Args"))
    return found


def actions(
    found: Sequence[Mapping[str, Any]], groups: Mapping[str, Any], *, rule: bool
) -> list[Any]:
    """Actions; ``groups``: ARN of a target group at the source -> its ARN here."""
    begin = "ListenerRuleAction" if rule else "ListenerDefaultAction"
    return [_action(begin, action, groups) for action in found]


def conditions(found: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Conditions of a rule."""
    return [_condition(condition) for condition in found]


def _action(begin: str, found: Mapping[str, Any], groups: Mapping[str, Any]) -> Any:
    make = getattr(aws.lb, f"{begin}Args")
    order = found.get("Order")
    match found["Type"]:
        case "redirect":
            given = found["RedirectConfig"]
            part = getattr(aws.lb, f"{begin}RedirectArgs")(
                host=given.get("Host"),
                path=given.get("Path"),
                port=given.get("Port"),
                protocol=given.get("Protocol"),
                query=given.get("Query"),
                status_code=given["StatusCode"],
            )
            return make(type="redirect", order=order, redirect=part)
        case "fixed-response":
            given = found["FixedResponseConfig"]
            part = getattr(aws.lb, f"{begin}FixedResponseArgs")(
                content_type=given["ContentType"],
                message_body=given.get("MessageBody"),
                status_code=given.get("StatusCode"),
            )
            return make(type="fixed-response", order=order, fixed_response=part)
        case _:
            return _forward(begin, found, groups)


def _forward(begin: str, found: Mapping[str, Any], groups: Mapping[str, Any]) -> Any:
    make = getattr(aws.lb, f"{begin}Args")
    order = found.get("Order")
    given = found.get("ForwardConfig") or {}
    shares = given.get("TargetGroups") or []
    sticky = given.get("TargetGroupStickinessConfig") or {}
    if len(shares) < 2 and not sticky.get("Enabled"):
        arn = found.get("TargetGroupArn") or shares[0]["TargetGroupArn"]
        return make(type="forward", order=order, target_group_arn=groups[arn])
    return make(
        type="forward",
        order=order,
        forward=getattr(aws.lb, f"{begin}ForwardArgs")(
            stickiness=getattr(aws.lb, f"{begin}ForwardStickinessArgs")(
                duration=sticky.get("DurationSeconds"), enabled=True
            )
            if sticky.get("Enabled")
            else None,
            target_groups=[
                getattr(aws.lb, f"{begin}ForwardTargetGroupArgs")(
                    arn=groups[share["TargetGroupArn"]], weight=share.get("Weight")
                )
                for share in shares
            ],
        ),
    )


def _condition(found: Mapping[str, Any]) -> Any:
    make = aws.lb.ListenerRuleConditionArgs
    field = found["Field"]
    if field == "http-header":
        given = found["HttpHeaderConfig"]
        return make(
            http_header=aws.lb.ListenerRuleConditionHttpHeaderArgs(
                http_header_name=given["HttpHeaderName"], values=list(given["Values"])
            )
        )
    if field == "query-string":
        return make(
            query_strings=[
                aws.lb.ListenerRuleConditionQueryStringArgs(
                    key=item.get("Key"), value=item["Value"]
                )
                for item in found["QueryStringConfig"]["Values"]
            ]
        )
    member, part, name = _VALUES[field]
    values = (found.get(member) or {}).get("Values") or found.get("Values") or []
    return make(**{name: getattr(aws.lb, f"ListenerRuleCondition{part}Args")(values=list(values))})
