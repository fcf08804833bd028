"""aws:autoscaling/group:Group: an Auto Scaling group. Its id is its name.

It never starts an instance refresh, and does not wait for capacity. What it cannot make in the
emulated AWS is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_INTEGER,
    OUT_TEXT,
    REGION,
    Prop,
    flag,
    integer,
    listing,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services.ec2_shared import unserved
from drstate.sandbox.provider.wire import Values

SERVICE = "autoscaling"
_SIZES = ("minSize", "maxSize", "desiredCapacity")
_TEMPLATE: dict[str, Prop] = {
    "id": text(computed=True, api="LaunchTemplateId"),
    "name": text(computed=True, api="LaunchTemplateName"),
    "version": text(computed=True),
}
_SPECIFICATION: dict[str, Prop] = {
    "launchTemplateId": text(computed=True),
    "launchTemplateName": text(computed=True),
    "version": text(computed=True),
}
_MIXED: dict[str, Prop] = {
    "instancesDistribution": record(
        {
            "onDemandAllocationStrategy": text(computed=True),
            "onDemandBaseCapacity": integer(computed=True, low=0),
            "onDemandPercentageAboveBaseCapacity": integer(computed=True, low=0, high=100),
            "spotAllocationStrategy": text(computed=True),
            "spotInstancePools": integer(computed=True, low=0),
            "spotMaxPrice": text(computed=True),
        },
        computed=True,
    ),
    "launchTemplate": record(
        {
            "launchTemplateSpecification": record(_SPECIFICATION, required=True),
            "overrides": listing(
                record(
                    {
                        "instanceRequirements": record({}, refused="use instanceType"),
                        "instanceType": text(),
                        "launchTemplateSpecification": record({}, refused="use the policy's"),
                        "weightedCapacity": text(),
                    }
                )
            ),
        },
        required=True,
    ),
}
_REFUSED = (
    "availabilityZoneDistribution",
    "capacityReservationSpecification",
    "context",
    "desiredCapacityType",
    "forceDeleteWarmPool",
    "ignoreFailedScalingActivities",
    "initialLifecycleHooks",
    "instanceLifecyclePolicy",
    "instanceMaintenancePolicy",
    "instanceRefresh",
    "loadBalancers",
    "minElbCapacity",
    "trafficSources",
    "waitForElbCapacity",
    "warmPool",
)
_TAG: dict[str, Prop] = {
    "key": text(required=True),
    "propagateAtLaunch": flag(required=True),
    "value": text(required=True),
}


class AutoScalingGroup(ResourceType):
    """An Auto Scaling group."""

    urn_type = "aws:autoscaling/group:Group"
    title = "Auto Scaling Group"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    timeouts = Timeouts(create=600.0, update=600.0, delete=600.0)
    props: ClassVar[Mapping[str, Prop]] = {
        **unserved(*_REFUSED),
        "availabilityZones": unordered(computed=True, api=BY_HAND),
        "capacityRebalance": flag(),
        "defaultCooldown": integer(computed=True, low=0),
        "defaultInstanceWarmup": integer(computed=True, low=0),
        "desiredCapacity": integer(computed=True, low=0),
        "enabledMetrics": unordered(api=BY_HAND),
        "forceDelete": flag(local=True, default=False),
        "healthCheckGracePeriod": integer(default=300, low=0),
        "healthCheckType": text(computed=True),
        "launchConfiguration": text(refused="use launchTemplate"),
        "launchTemplate": record(_TEMPLATE),
        "maxInstanceLifetime": integer(low=0),
        "maxSize": integer(required=True, low=0),
        "metricsGranularity": text(default="1Minute", local=True),
        "minSize": integer(required=True, low=0),
        "mixedInstancesPolicy": record(_MIXED),
        "name": text(replaces=True, computed=True, api=BY_HAND),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "placementGroup": text(),
        "protectFromScaleIn": flag(default=False, api="NewInstancesProtectedFromScaleIn"),
        "region": REGION,
        "serviceLinkedRoleArn": text(computed=True, api="ServiceLinkedRoleARN"),
        "suspendedProcesses": unordered(api=BY_HAND),
        "tags": unordered(record(_TAG), api=BY_HAND),
        "targetGroupArns": unordered(computed=True, api=BY_HAND),
        "terminationPolicies": listing(),
        "vpcZoneIdentifiers": unordered(computed=True, api=BY_HAND),
        "waitForCapacityTimeout": text(local=True, default="10m"),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "predictedCapacity": OUT_INTEGER,
        "warmPoolSize": OUT_INTEGER,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        given = [name for name in ("launchTemplate", "mixedInstancesPolicy") if inputs.get(name)]
        if len(given) != 1:
            yield "launchTemplate", "exactly one of launchTemplate, mixedInstancesPolicy is set"
        if inputs.get("waitForCapacityTimeout") not in ("0", "0s", "0m"):
            yield (
                "waitForCapacityTimeout",
                "the sandbox's provider does not wait for capacity; set it to '0'",
            )
        if inputs["minSize"] > inputs["maxSize"]:
            yield "minSize", "it is more than 'maxSize'; lower or raise one"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        client, name = call.client(SERVICE), str(inputs["name"])
        request = {"AutoScalingGroupName": name, **_request(inputs, self.props)}
        if inputs.get("targetGroupArns"):
            request["TargetGroupARNs"] = list(inputs["targetGroupArns"])
        if inputs.get("tags"):
            request["Tags"] = [_tag(name, each) for each in inputs["tags"]]
        client.create_auto_scaling_group(**request)
        with made(name):
            if inputs.get("suspendedProcesses"):
                client.suspend_processes(
                    AutoScalingGroupName=name, ScalingProcesses=inputs["suspendedProcesses"]
                )
            if inputs.get("enabledMetrics"):
                client.enable_metrics_collection(
                    AutoScalingGroupName=name,
                    Granularity="1Minute",
                    Metrics=inputs["enabledMetrics"],
                )
        return name

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL)
        if shown.get("MixedInstancesPolicy"):
            # the template that the group shows is the policy's
            values["launchTemplate"] = None
        values |= {
            "arn": shown["AutoScalingGroupARN"],
            "availabilityZones": shown.get("AvailabilityZones") or [],
            "enabledMetrics": [each["Metric"] for each in shown.get("EnabledMetrics") or ()],
            "name": ident,
            "suspendedProcesses": [
                each["ProcessName"] for each in shown.get("SuspendedProcesses") or ()
            ],
            "tags": [
                {
                    "key": each["Key"],
                    "value": each.get("Value", ""),
                    "propagateAtLaunch": bool(each.get("PropagateAtLaunch")),
                }
                for each in shown.get("Tags") or ()
            ],
            "targetGroupArns": shown.get("TargetGroupARNs") or [],
            "vpcZoneIdentifiers": [
                each for each in (shown.get("VPCZoneIdentifier") or "").split(",") if each
            ],
        }
        return Found(ident, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client(SERVICE)
        request = _request({name: new[name] for name in changed if name in new}, self.props)
        if "maxInstanceLifetime" in changed and not new.get("maxInstanceLifetime"):
            request["MaxInstanceLifetime"] = 0
        if request:
            client.update_auto_scaling_group(AutoScalingGroupName=ident, **request)
        if "tags" in changed:
            _change_tags(client, ident, old.get("tags") or [], new.get("tags") or [])
        if "targetGroupArns" in changed:
            before, after = set(old.get("targetGroupArns") or ()), set(new["targetGroupArns"] or ())
            for operation, arns in (("attach", after - before), ("detach", before - after)):
                if arns:
                    getattr(client, f"{operation}_load_balancer_target_groups")(
                        AutoScalingGroupName=ident, TargetGroupARNs=sorted(arns)
                    )
        if "suspendedProcesses" in changed:
            _change_processes(client, ident, old, new)
        if "enabledMetrics" in changed:
            client.enable_metrics_collection(
                AutoScalingGroupName=ident,
                Granularity="1Minute",
                Metrics=new.get("enabledMetrics") or [],
            )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client(SERVICE)

        def emptied() -> bool | None:
            shown = self._look(call, ident)
            return True if shown is None or not shown.get("Instances") else None

        if self._look(call, ident) is None:
            return
        if not state.get("forceDelete"):
            client.update_auto_scaling_group(
                AutoScalingGroupName=ident, MinSize=0, MaxSize=0, DesiredCapacity=0
            )
            call.waiter.until(f"{self.title} ({ident}) to be empty", call.limit, emptied)
        client.delete_auto_scaling_group(
            AutoScalingGroupName=ident, ForceDelete=bool(state.get("forceDelete"))
        )

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        answer = call.client(SERVICE).describe_auto_scaling_groups(AutoScalingGroupNames=[ident])
        return dict(answer["AutoScalingGroups"][0]) if answer["AutoScalingGroups"] else None


class ScheduledAction(ResourceType):
    """aws:autoscaling/schedule:Schedule: sizes that a group takes at a time. Its id is its name."""

    urn_type = "aws:autoscaling/schedule:Schedule"
    title = "Auto Scaling Scheduled Action"
    props: ClassVar[Mapping[str, Prop]] = {
        "autoscalingGroupName": text(required=True, replaces=True, api="AutoScalingGroupName"),
        "desiredCapacity": integer(computed=True, low=-1, api=BY_HAND),
        "endTime": text(computed=True, refused="the sandbox's provider does not serve it"),
        "maxSize": integer(computed=True, low=-1, api=BY_HAND),
        "minSize": integer(computed=True, low=-1, api=BY_HAND),
        "recurrence": text(computed=True),
        "region": REGION,
        "scheduledActionName": text(required=True, replaces=True),
        "startTime": text(computed=True, refused="the sandbox's provider does not serve it"),
        "timeZone": text(computed=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs)
        return str(inputs["scheduledActionName"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        group = str(state.get("autoscalingGroupName") or ident.partition("/")[0])
        name = ident.rpartition("/")[2]
        answer = call.client(SERVICE).describe_scheduled_actions(
            AutoScalingGroupName=group, ScheduledActionNames=[name]
        )
        if not answer["ScheduledUpdateGroupActions"]:
            return None
        shown = answer["ScheduledUpdateGroupActions"][0]
        values = inward(shown, self.props, Style.PASCAL)
        values["arn"] = shown.get("ScheduledActionARN")
        for size in _SIZES:
            member = size[0].upper() + size[1:]
            values[size] = -1 if shown.get(member) is None else shown[member]
        return Found(name, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._put(call, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(SERVICE).delete_scheduled_action(
                AutoScalingGroupName=state["autoscalingGroupName"], ScheduledActionName=ident
            )
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise

    def _put(self, call: Call, inputs: Values) -> None:
        request = outward(inputs, self.props, Style.PASCAL)
        for size in _SIZES:
            if inputs.get(size) not in (None, -1):
                request[size[0].upper() + size[1:]] = inputs[size]
        call.client(SERVICE).put_scheduled_update_group_action(**request)


def _request(inputs: Values, props: Mapping[str, Prop]) -> dict[str, Any]:
    request = outward(inputs, props, Style.PASCAL)
    if inputs.get("vpcZoneIdentifiers"):
        request["VPCZoneIdentifier"] = ",".join(sorted(inputs["vpcZoneIdentifiers"]))
    elif inputs.get("availabilityZones"):
        request["AvailabilityZones"] = list(inputs["availabilityZones"])
    template = request.get("LaunchTemplate")
    if template and template.get("LaunchTemplateId"):
        template.pop("LaunchTemplateName", None)
    return request


def _tag(group: str, tag: Values) -> dict[str, Any]:
    return {
        "Key": tag["key"],
        "Value": tag["value"],
        "PropagateAtLaunch": bool(tag["propagateAtLaunch"]),
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
    }


def _change_processes(client: Any, ident: str, old: Values, new: Values) -> None:
    had = set(old.get("suspendedProcesses") or ())
    want = set(new.get("suspendedProcesses") or ())
    for operation, names in (("suspend", want - had), ("resume", had - want)):
        if names:
            getattr(client, f"{operation}_processes")(
                AutoScalingGroupName=ident, ScalingProcesses=sorted(names)
            )


def _change_tags(client: Any, group: str, old: list[Values], new: list[Values]) -> None:
    wanted = {each["key"] for each in new}
    gone = [_tag(group, each) for each in old if each["key"] not in wanted]
    if gone:
        client.delete_tags(Tags=gone)
    if new:
        client.create_or_update_tags(Tags=[_tag(group, each) for each in new])
