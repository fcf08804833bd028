"""aws:appautoscaling/target:Target: the range within which AWS may scale something.

Its id is the resource it scales; it is imported as namespace/resource/dimension.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.problems import ProviderError, code_of, unserved
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    record,
    text,
)
from drstate.sandbox.provider.wire import Values

SERVICE = "application-autoscaling"
NAMESPACES = (
    "appstream",
    "cassandra",
    "comprehend",
    "custom-resource",
    "dynamodb",
    "ec2",
    "ecs",
    "elasticache",
    "elasticmapreduce",
    "kafka",
    "lambda",
    "neptune",
    "rds",
    "sagemaker",
    "workspaces",
)
_KEYS = ("serviceNamespace", "resourceId", "scalableDimension")


class ScalableTarget(ResourceType):
    """The range within which AWS may scale something."""

    urn_type = "aws:appautoscaling/target:Target"
    title = "Application AutoScaling Target"
    timeouts = Timeouts(create=300.0, update=300.0, delete=300.0)
    props: ClassVar[Mapping[str, Prop]] = {
        "maxCapacity": integer(required=True, low=0),
        "minCapacity": integer(required=True, low=0),
        "region": REGION,
        "resourceId": text(required=True, replaces=True),
        "roleArn": text(replaces=True, computed=True, api="RoleARN"),
        "scalableDimension": text(required=True, replaces=True),
        "serviceNamespace": text(required=True, replaces=True, choices=NAMESPACES),
        "suspendedState": record(
            {
                "dynamicScalingInSuspended": flag(),
                "dynamicScalingOutSuspended": flag(),
                "scheduledScalingSuspended": flag(),
            },
            computed=True,
        ),
        "tags": TAGS,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def check(self, inputs: Values) -> list[tuple[str, str]]:
        low, high = inputs["minCapacity"], inputs["maxCapacity"]
        if low <= high:
            return []
        reason = f"'minCapacity' is {low}, more than 'maxCapacity', {high}; lower or raise one"
        return [("minCapacity", reason)]

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        if tags:
            request["Tags"] = dict(tags)
        call.client(SERVICE).register_scalable_target(**request)
        return str(inputs["resourceId"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        keys = state if state.get("serviceNamespace") else import_keys(ident, _KEYS)
        shown = self._look(call, keys)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL)
        arn = shown.get("ScalableTargetARN", "")
        values["arn"] = arn
        return Found(shown["ResourceId"], values, _tags(call, arn) if arn else None)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        request = outward(new, self.props, Style.PASCAL, {*_KEYS, *changed})
        if "suspendedState" in changed and not new.get("suspendedState"):
            request["SuspendedState"] = dict.fromkeys(
                (
                    "DynamicScalingInSuspended",
                    "DynamicScalingOutSuspended",
                    "ScheduledScalingSuspended",
                ),
                False,
            )
        call.client(SERVICE).register_scalable_target(**request)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(SERVICE).deregister_scalable_target(
                **outward(state, self.props, Style.PASCAL, _KEYS)
            )
        except ClientError as error:
            if code_of(error) != "ObjectNotFoundException" and not missing(error):
                raise
        self.await_gone(call, ident, lambda: self._look(call, state))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        client = call.client(SERVICE)
        if drop:
            client.untag_resource(ResourceARN=state["arn"], TagKeys=drop)
        if put:
            client.tag_resource(ResourceARN=state["arn"], Tags=dict(put))

    def _look(self, call: Call, keys: Values) -> dict[str, Any] | None:
        answer = call.client(SERVICE).describe_scalable_targets(
            ServiceNamespace=keys["serviceNamespace"],
            ResourceIds=[keys["resourceId"]],
            ScalableDimension=keys["scalableDimension"],
        )
        return next(
            (
                dict(each)
                for each in answer["ScalableTargets"]
                if each["ResourceId"] == keys["resourceId"]
                and each["ScalableDimension"] == keys["scalableDimension"]
            ),
            None,
        )


def _tags(call: Call, arn: str) -> Values | None:
    """The target's tags; None where the AWS at hand cannot tell (the plain emulator has none)."""
    try:
        return dict(call.client(SERVICE).list_tags_for_resource(ResourceARN=arn)["Tags"])
    except ClientError as error:
        if unserved(error):
            return None
        raise


def import_keys(ident: str, names: tuple[str, ...]) -> Values:
    """The parts of an import id: namespace, resource (which has slashes), dimension."""
    parts = ident.split("/")
    after = len(names) - 2
    if len(parts) < len(names) + 1 and not (len(parts) >= len(names) and parts[0] != "ecs"):
        raise ProviderError(
            f"{ident!r} is not an import id; use {'/'.join(names)}, like "
            "ecs/service/cluster/name/ecs:service:DesiredCount"
        )
    middle = "/".join(parts[1 : len(parts) - after])
    return dict(zip(names, (parts[0], middle, *parts[len(parts) - after :]), strict=True))


def missing(error: ClientError) -> bool:
    """Whether a validation error only says that there is no such target or policy."""
    return code_of(error) == "ValidationException" and "No scal" in str(error)
