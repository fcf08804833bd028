"""Reading a load balancer into its spec. What the copy would lose is refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.elb import reading
from drstate.adapters.elb.reading import SERVICE
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.elb.attributes import carried, set_to_something
from drstate.programs.elb.spec import (
    DNS,
    ElbSpec,
    Listener,
    Rule,
    TargetGroup,
    target_group_endpoint,
)

_SECURE = ("HTTPS", "TLS")
_ACTIONS = ("fixed-response", "forward", "redirect")
_CONDITIONS = (
    "host-header",
    "http-header",
    "http-request-method",
    "path-pattern",
    "query-string",
    "source-ip",
)


def capture(resource: Resource, at: At, now: datetime) -> ElbSpec:
    """The spec of the load balancer at ``at.region``. Raises OperationError, AwsCallError."""
    found = reading.balancer(at, resource.name)
    if found is None:
        raise OperationError(
            f"{resource.key}: no load balancer {resource.name} in {at.region}",
            why="DescribeLoadBalancers does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    arn = found["LoadBalancerArn"]
    wrong = list(_unsupported_balancer(found))
    attributes = at.call(SERVICE, "describe_load_balancer_attributes", LoadBalancerArn=arn)
    internal = found["Scheme"] == "internal"
    kept, lost = _attributes(attributes["Attributes"], group=False, internal=internal)
    groups: list[TargetGroup] = []
    for group in reading.target_groups(at, arn):
        made, more = _target_group(at, group)
        wrong += more
        if made is not None:
            groups.append(made)
    listeners: list[Listener] = []
    for listener in reading.listeners(at, arn):
        read, more = _listener(at, listener)
        wrong += more
        listeners.append(read)
    _refuse(resource, [*wrong, *lost])
    return ElbSpec(
        region=at.region,
        captured_at=now,
        endpoints={
            DNS: found["DNSName"],
            **{target_group_endpoint(one.name): one.arn for one in groups},
        },
        name=found["LoadBalancerName"],
        arn=arn,
        type=found["Type"],
        scheme=found["Scheme"],
        ip_address_type=found.get("IpAddressType"),
        subnets=tuple(sorted(one["SubnetId"] for one in found["AvailabilityZones"])),
        security_groups=tuple(sorted(found.get("SecurityGroups") or [])),
        attributes=kept,
        target_groups=tuple(groups),
        listeners=tuple(listeners),
    )


def _unsupported_balancer(found: dict[str, Any]) -> Iterator[str]:
    if found["Type"] not in ("application", "network"):
        yield f"type {found['Type']}"
    for zone in found["AvailabilityZones"]:
        for address in zone.get("LoadBalancerAddresses") or []:
            if any(address.get(name) for name in ("AllocationId", "PrivateIPv4Address")):
                yield "addresses of its own"
    for name in ("CustomerOwnedIpv4Pool", "IpamPools"):
        if found.get(name):
            yield name


def _attributes(
    shown: Iterable[dict[str, Any]], *, group: bool, internal: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Those that are carried, and those that would be lost."""
    kept: dict[str, str] = {}
    lost: list[str] = []
    for item in shown:
        name, value = str(item["Key"]), str(item.get("Value") or "")
        if carried(name, group=group):
            if value:
                kept[name] = value
        elif set_to_something(name, value, internal=internal):
            lost.append(f"attribute {name}={value}")
    return dict(sorted(kept.items())), lost


def _target_group(at: At, found: dict[str, Any]) -> tuple[TargetGroup | None, list[str]]:
    name = found["TargetGroupName"]
    if found["TargetType"] not in ("instance", "ip"):
        return None, [f"target group {name} of type {found['TargetType']}"]
    answer = at.call(
        SERVICE, "describe_target_group_attributes", TargetGroupArn=found["TargetGroupArn"]
    )
    kept, lost = _attributes(answer["Attributes"], group=True)
    matcher = found.get("Matcher") or {}
    made = TargetGroup(
        name=name,
        arn=found["TargetGroupArn"],
        target_type=found["TargetType"],
        protocol=found["Protocol"],
        port=int(found["Port"]),
        vpc=found["VpcId"],
        protocol_version=found.get("ProtocolVersion"),
        ip_address_type=found.get("IpAddressType"),
        check_enabled=bool(found.get("HealthCheckEnabled", True)),
        check_protocol=found.get("HealthCheckProtocol"),
        check_port=found.get("HealthCheckPort"),
        check_path=found.get("HealthCheckPath"),
        check_interval=found.get("HealthCheckIntervalSeconds"),
        check_timeout=found.get("HealthCheckTimeoutSeconds"),
        healthy_threshold=found.get("HealthyThresholdCount"),
        unhealthy_threshold=found.get("UnhealthyThresholdCount"),
        matcher=matcher.get("HttpCode") or matcher.get("GrpcCode"),
        attributes=kept,
    )
    wrong = [f"target group {name}: {one}" for one in lost]
    if found.get("TargetControlPort"):
        wrong.append(f"target group {name}: TargetControlPort")
    return made, wrong


def _listener(at: At, found: dict[str, Any]) -> tuple[Listener, list[str]]:
    port, arn = int(found["Port"]), found["ListenerArn"]
    secure = found.get("Protocol") in _SECURE
    own = [one["CertificateArn"] for one in found.get("Certificates") or []]
    all_certificates = (
        [
            one["CertificateArn"]
            for one in at.pages(
                SERVICE, "describe_listener_certificates", "Certificates", ListenerArn=arn
            )
        ]
        if secure
        else []
    )
    rules, wrong = _rules(at, arn)
    answer = at.call(SERVICE, "describe_listener_attributes", ListenerArn=arn)
    wrong += [
        f"attribute {one['Key']}"
        for one in answer.get("Attributes", [])
        if set_to_something(str(one["Key"]), str(one.get("Value") or ""))
    ]
    wrong += _unsupported_actions(found["DefaultActions"])
    mode = (found.get("MutualAuthentication") or {}).get("Mode", "off")
    if mode != "off":
        wrong.append(f"mutual authentication {mode}")
    alpn = found.get("AlpnPolicy") or []
    made = Listener(
        port=port,
        protocol=found["Protocol"],
        ssl_policy=found.get("SslPolicy") if secure else None,
        alpn_policy=alpn[0] if alpn else None,
        certificate=own[0] if own else None,
        more_certificates=tuple(sorted(set(all_certificates) - set(own[:1]))),
        actions=tuple(_plain(one) for one in found["DefaultActions"]),
        rules=tuple(rules),
    )
    return made, [f"listener {port}: {one}" for one in wrong]


def _rules(at: At, listener: str) -> tuple[list[Rule], list[str]]:
    rules: list[Rule] = []
    wrong: list[str] = []
    for found in at.pages(SERVICE, "describe_rules", "Rules", ListenerArn=listener):
        if found.get("IsDefault"):
            continue
        said = f"rule {found['Priority']}: "
        wrong += [said + one for one in _unsupported_actions(found["Actions"])]
        for condition in found["Conditions"]:
            if condition["Field"] not in _CONDITIONS:
                wrong.append(f"{said}condition {condition['Field']}")
            if _patterned(condition):
                wrong.append(f"{said}regular expressions")
        if found.get("Transforms"):
            wrong.append(f"{said}transforms")
        rules.append(
            Rule(
                priority=int(found["Priority"]),
                conditions=tuple(_plain(one) for one in found["Conditions"]),
                actions=tuple(_plain(one) for one in found["Actions"]),
            )
        )
    return sorted(rules, key=lambda rule: rule.priority), wrong


def _patterned(condition: dict[str, Any]) -> bool:
    parts = [condition, *(value for value in condition.values() if isinstance(value, dict))]
    return any(part.get("RegexValues") for part in parts)


def _unsupported_actions(actions: Iterable[dict[str, Any]]) -> list[str]:
    return [f"action {one['Type']}" for one in actions if one["Type"] not in _ACTIONS]


def _plain(value: Any) -> Any:
    """Without empty values, at any depth."""
    if isinstance(value, dict):
        kept = {name: _plain(item) for name, item in sorted(value.items())}
        return {name: item for name, item in kept.items() if item not in (None, "", [], {})}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _refuse(resource: Resource, names: list[str]) -> None:
    if not names:
        return
    raise OperationError(
        f"{resource.key} in {resource.region} uses {', '.join(sorted(set(names)))}",
        why="these settings are not carried to the recovery site, and are never dropped silently",
        hint=f"change the load balancer, or take the tag dr:enabled off {resource.arn}",
    )
