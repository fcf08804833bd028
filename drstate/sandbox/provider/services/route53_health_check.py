"""aws:route53/healthCheck:HealthCheck: a health check; the recovery region's flag is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    TAGS,
    Prop,
    flag,
    integer,
    mapping,
    text,
    unordered,
)
from drstate.sandbox.provider.wire import Values

_TYPES = (
    "CALCULATED",
    "CLOUDWATCH_METRIC",
    "HTTP",
    "HTTPS",
    "HTTPS_STR_MATCH",
    "HTTP_STR_MATCH",
    "RECOVERY_CONTROL",
    "TCP",
)
#: A caller reference as ``create`` makes it with a reference name.
_REFERENCE = re.compile(r"^(.+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_WITHOUT_ENDPOINT = frozenset({"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"})
#: What UpdateHealthCheck cannot change, although its configuration has it.
_FIXED = frozenset({"measureLatency", "requestInterval", "routingControlArn", "type"})


def _same_domain(actual: Any, wanted: Any) -> bool:
    return str(actual).rstrip(".").lower() == str(wanted).rstrip(".").lower()


class HealthCheck(ResourceType):
    """A health check; the recovery region's flag is one."""

    urn_type = "aws:route53/healthCheck:HealthCheck"
    title = "Route53 Health Check"
    timeouts = Timeouts(create=300.0, update=300.0, delete=300.0)
    props: ClassVar[Mapping[str, Prop]] = {
        "childHealthThreshold": integer(low=0, high=256, api="HealthThreshold"),
        "childHealthchecks": unordered(api="ChildHealthChecks"),
        "cloudwatchAlarmName": text(api=BY_HAND),
        "cloudwatchAlarmRegion": text(api=BY_HAND),
        "disabled": flag(default=False),
        "enableSni": flag(computed=True, api="EnableSNI"),
        "failureThreshold": integer(computed=True, low=1, high=10),
        "fqdn": text(api="FullyQualifiedDomainName", same=_same_domain),
        "insufficientDataHealthStatus": text(choices=("Healthy", "LastKnownStatus", "Unhealthy")),
        "invertHealthcheck": flag(api="Inverted"),
        "ipAddress": text(api="IPAddress"),
        "measureLatency": flag(replaces=True, default=False),
        "port": integer(low=1, high=65535),
        "referenceName": text(replaces=True, local=True),
        "regions": unordered(),
        # not computed, as in the real provider: leaving it out is a replacement as soon as AWS
        # shows its 30 seconds
        "requestInterval": integer(replaces=True),
        "resourcePath": text(),
        "routingControlArn": text(replaces=True),
        "searchString": text(),
        "tags": TAGS,
        "triggers": mapping(local=True),
        "type": text(required=True, replaces=True, choices=_TYPES),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        interval = inputs.get("requestInterval")
        if interval not in (None, 10, 30):
            yield "requestInterval", f"'requestInterval' is {interval}; allowed are 10, 30"
        reference = inputs.get("referenceName") or ""
        if len(reference) > 27:
            yield "referenceName", f"{reference!r} is longer than 27 characters; shorten it"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        client = call.client("route53")
        reference = "-".join(part for part in (inputs.get("referenceName"), call.unique()) if part)
        answer = client.create_health_check(
            CallerReference=reference[:64], HealthCheckConfig=self._config(inputs)
        )
        ident = str(answer["HealthCheck"]["Id"])
        if tags:
            with made(ident):
                client.change_tags_for_resource(
                    ResourceType="healthcheck", ResourceId=ident, AddTags=tag_list(tags)
                )
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("route53")
        try:
            shown = client.get_health_check(HealthCheckId=ident)["HealthCheck"]
        except ClientError as error:
            if code_of(error) == "NoSuchHealthCheck":
                return None
            raise
        config = shown["HealthCheckConfig"]
        values = inward(config, self.props, Style.PASCAL)
        for name in ("fqdn", "ipAddress", "resourcePath", "searchString"):
            values[name] = values.get(name) or None
        if config["Type"] in _WITHOUT_ENDPOINT:
            values["port"] = None
        alarm = config.get("AlarmIdentifier")
        if alarm:
            values["cloudwatchAlarmName"] = alarm["Name"]
            values["cloudwatchAlarmRegion"] = alarm["Region"]
        reference = _REFERENCE.match(shown.get("CallerReference", ""))
        if reference:
            values["referenceName"] = reference[1]
        values["arn"] = f"arn:{call.partition}:route53:::healthcheck/{ident}"
        listed = client.list_tags_for_resource(ResourceType="healthcheck", ResourceId=ident)
        return Found(ident, values, tag_map(listed["ResourceTagSet"]["Tags"]))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        alarm = {"cloudwatchAlarmName", "cloudwatchAlarmRegion"}
        if "triggers" in changed:
            changed |= {name for name in alarm if new.get(name)}
        request = outward(new, self.props, Style.PASCAL, changed - _FIXED)
        if changed & alarm:
            request["AlarmIdentifier"] = _alarm(new)
        for name in ("disabled", "invertHealthcheck"):
            if name in changed and new.get(name) is None:
                request.update(outward({name: False}, self.props, Style.PASCAL))
        reset = {
            "childHealthchecks": "ChildHealthChecks",
            "fqdn": "FullyQualifiedDomainName",
            "regions": "Regions",
            "resourcePath": "ResourcePath",
        }
        removed = [member for name, member in reset.items() if name in changed - {*new}]
        if removed:
            request["ResetElements"] = removed
        if request:
            call.client("route53").update_health_check(HealthCheckId=ident, **request)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client("route53").delete_health_check(HealthCheckId=ident)
        except ClientError as error:
            if code_of(error) != "NoSuchHealthCheck":
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        request: dict[str, Any] = {}
        if put:
            request["AddTags"] = tag_list(put)
        if drop:
            request["RemoveTagKeys"] = drop
        call.client("route53").change_tags_for_resource(
            ResourceType="healthcheck", ResourceId=ident, **request
        )

    def _config(self, inputs: Values) -> dict[str, Any]:
        config = outward(inputs, self.props, Style.PASCAL)
        if inputs.get("cloudwatchAlarmName"):
            config["AlarmIdentifier"] = _alarm(inputs)
        return config


def _alarm(inputs: Values) -> dict[str, str]:
    return {
        "Name": inputs.get("cloudwatchAlarmName") or "",
        "Region": inputs.get("cloudwatchAlarmRegion") or "",
    }
