"""aws:lb/targetGroup:TargetGroup: where a load balancer finds its targets. Its id is its ARN.

Targets are never touched: services and groups register them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    OUT_TEXTS,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    record,
    text,
)
from drstate.sandbox.provider.services import lb_shared as lb
from drstate.sandbox.provider.services.ec2_shared import unserved
from drstate.sandbox.provider.wire import Values

_ATTRIBUTES = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "slowStart": "slow_start.duration_seconds",
}
#: member of a health check -> member of the API
_CHECK = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


class TargetGroup(ResourceType):
    """Where a load balancer finds its targets."""

    urn_type = "aws:lb/targetGroup:TargetGroup"
    title = "ELBv2 Target Group"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    props: ClassVar[Mapping[str, Prop]] = {
        "connectionTermination": flag(computed=True),
        "deregistrationDelay": integer(computed=True, low=0, high=3600),
        "healthCheck": record(
            {
                "enabled": flag(default=True),
                "healthyThreshold": integer(computed=True),
                "interval": integer(computed=True),
                "matcher": text(computed=True),
                "path": text(computed=True),
                "port": text(computed=True),
                "protocol": text(computed=True),
                "timeout": integer(computed=True),
                "unhealthyThreshold": integer(computed=True),
            },
            computed=True,
        ),
        "ipAddressType": text(replaces=True, computed=True),
        "loadBalancingAlgorithmType": text(computed=True),
        "loadBalancingAnomalyMitigation": text(computed=True),
        "loadBalancingCrossZoneEnabled": text(computed=True),
        "name": text(replaces=True, computed=True),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "port": integer(replaces=True, low=1, high=65535),
        "preserveClientIp": text(computed=True),
        "protocol": text(replaces=True),
        "protocolVersion": text(replaces=True, computed=True),
        "proxyProtocolV2": flag(computed=True),
        "region": REGION,
        "slowStart": integer(computed=True),
        "stickiness": record(
            {
                "cookieDuration": integer(computed=True),
                "cookieName": text(),
                "enabled": flag(default=True),
                "type": text(required=True),
            },
            computed=True,
        ),
        "tags": TAGS,
        "targetType": text(replaces=True, default="instance", choices=("instance", "ip")),
        "vpcId": text(replaces=True),
        **unserved(
            "lambdaMultiValueHeadersEnabled",
            "targetControlPort",
            "targetFailovers",
            "targetGroupHealth",
            "targetHealthStates",
        ),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "arnSuffix": OUT_TEXT,
        "loadBalancerArns": OUT_TEXTS,
        "tagsAll": OUT_TAGS,
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request: dict[str, Any] = {
            "Name": inputs["name"],
            "TargetType": inputs["targetType"],
            **_checked(inputs.get("healthCheck") or {}),
            **lb.tagged(tags),
        }
        for name in ("port", "protocol", "protocolVersion", "ipAddressType", "vpcId"):
            if inputs.get(name):
                request[name[0].upper() + name[1:]] = inputs[name]
        answer = call.client(lb.SERVICE).create_target_group(**request)
        arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
        with made(arn):
            self._set(call, arn, inputs, {*_ATTRIBUTES, "stickiness"})
        return arn

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client(lb.SERVICE)
        try:
            groups = client.describe_target_groups(TargetGroupArns=[ident])["TargetGroups"]
        except ClientError as error:
            if lb.absent(error):
                return None
            raise
        if not groups:
            return None
        shown = groups[0]
        attributes = client.describe_target_group_attributes(TargetGroupArn=ident)["Attributes"]
        values = lb.attributes_in(attributes, _ATTRIBUTES, self.props)
        check = {name: shown.get(member) for name, member in _CHECK.items()}
        matcher = shown.get("Matcher") or {}
        check["matcher"] = matcher.get("HttpCode") or matcher.get("GrpcCode")
        values |= {
            "arn": ident,
            "arnSuffix": ident.rpartition(":")[2],
            "healthCheck": {name: value for name, value in check.items() if value is not None},
            "ipAddressType": shown.get("IpAddressType"),
            "loadBalancerArns": shown.get("LoadBalancerArns") or [],
            "name": shown["TargetGroupName"],
            "port": shown.get("Port"),
            "protocol": shown.get("Protocol"),
            "protocolVersion": shown.get("ProtocolVersion"),
            "stickiness": _stickiness_in({each["Key"]: each["Value"] for each in attributes}),
            "targetType": shown["TargetType"],
            "vpcId": shown.get("VpcId"),
        }
        return Found(ident, values, lb.tags_of(call, ident))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        if "healthCheck" in changed:
            call.client(lb.SERVICE).modify_target_group(
                TargetGroupArn=ident, **_checked(new.get("healthCheck") or {})
            )
        self._set(call, ident, new, changed)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        def deleted() -> bool | None:
            try:
                call.client(lb.SERVICE).delete_target_group(TargetGroupArn=ident)
            except ClientError as error:
                if lb.absent(error):
                    return True
                if code_of(error) == "ResourceInUse":
                    return None
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to be used by nobody", call.limit, deleted)

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        lb.retag(call, ident, put, drop)

    def _set(
        self, call: Call, ident: str, values: Values, chosen: set[str] | frozenset[str]
    ) -> None:
        attributes = lb.attributes_out(values, _ATTRIBUTES, chosen)
        if "stickiness" in chosen and values.get("stickiness"):
            attributes += _stickiness_out(values["stickiness"])
        if attributes:
            call.client(lb.SERVICE).modify_target_group_attributes(
                TargetGroupArn=ident, Attributes=attributes
            )


def _checked(check: Values) -> dict[str, Any]:
    request = {
        member: check[name] for name, member in _CHECK.items() if check.get(name) is not None
    }
    if check.get("matcher"):
        request["Matcher"] = {"HttpCode": check["matcher"]}
    return request


def _stickiness_out(sticky: Values) -> list[dict[str, str]]:
    kind = sticky["type"]
    found = {
        "stickiness.enabled": str(bool(sticky.get("enabled"))).lower(),
        "stickiness.type": kind,
    }
    if sticky.get("cookieDuration"):
        found[f"stickiness.{kind}.duration_seconds"] = str(sticky["cookieDuration"])
    if sticky.get("cookieName"):
        found["stickiness.app_cookie.cookie_name"] = sticky["cookieName"]
    return [{"Key": key, "Value": value} for key, value in found.items()]


def _stickiness_in(found: Mapping[str, str]) -> Values | None:
    kind = found.get("stickiness.type")
    if not kind or found.get("stickiness.enabled") != "true":
        return None
    duration = found.get(f"stickiness.{kind}.duration_seconds")
    values: Values = {
        "enabled": True,
        "type": kind,
        "cookieDuration": int(duration) if duration else None,
        "cookieName": found.get("stickiness.app_cookie.cookie_name") or None,
    }
    return {name: value for name, value in values.items() if value is not None}
