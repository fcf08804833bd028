"""aws:autoscaling/policy:Policy: when an Auto Scaling group is scaled. Its id is its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_TEXT,
    REGION,
    Prop,
    flag,
    integer,
    number,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services.autoscaling_group import SERVICE
from drstate.sandbox.provider.services.ec2_shared import unserved
from drstate.sandbox.provider.wire import Values

_DIMENSION = record({"name": text(required=True), "value": text(required=True)})


class GroupScalingPolicy(ResourceType):
    """When an Auto Scaling group is scaled."""

    urn_type = "aws:autoscaling/policy:Policy"
    title = "Auto Scaling Policy"
    name_property = "name"
    autoname = True
    props: ClassVar[Mapping[str, Prop]] = {
        "adjustmentType": text(),
        "autoscalingGroupName": text(required=True, replaces=True, api="AutoScalingGroupName"),
        "cooldown": integer(computed=True),
        "enabled": flag(default=True),
        "estimatedInstanceWarmup": integer(computed=True),
        "metricAggregationType": text(computed=True),
        "minAdjustmentMagnitude": integer(low=1),
        "name": text(replaces=True, computed=True, api="PolicyName"),
        "policyType": text(
            default="SimpleScaling",
            choices=("PredictiveScaling", "SimpleScaling", "StepScaling", "TargetTrackingScaling"),
        ),
        "predictiveScalingConfiguration": record(
            {}, refused="the emulated AWS predicts nothing; use the real provider"
        ),
        "region": REGION,
        "scalingAdjustment": integer(),
        "stepAdjustments": unordered(
            record(
                {
                    "metricIntervalLowerBound": text(numeric=True),
                    "metricIntervalUpperBound": text(numeric=True),
                    "scalingAdjustment": integer(required=True),
                }
            )
        ),
        "targetTrackingConfiguration": record(
            {
                "customizedMetricSpecification": record(
                    {
                        "metricDimensions": unordered(_DIMENSION, api="Dimensions"),
                        "metricName": text(),
                        **unserved("metrics"),
                        "namespace": text(),
                        "period": integer(),
                        "statistic": text(),
                        "unit": text(),
                    }
                ),
                "disableScaleIn": flag(default=False),
                "predefinedMetricSpecification": record(
                    {"predefinedMetricType": text(required=True), "resourceLabel": text()}
                ),
                "targetValue": number(required=True),
            }
        ),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs)
        return str(inputs["name"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        group = str(state.get("autoscalingGroupName") or ident.partition("/")[0])
        name = ident.rpartition("/")[2]
        answer = call.client(SERVICE).describe_policies(
            AutoScalingGroupName=group, PolicyNames=[name]
        )
        if not answer["ScalingPolicies"]:
            return None
        shown = answer["ScalingPolicies"][0]
        values = inward(shown, self.props, Style.PASCAL)
        values["arn"] = shown["PolicyARN"]
        return Found(name, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._put(call, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(SERVICE).delete_policy(
                AutoScalingGroupName=state["autoscalingGroupName"], PolicyName=ident
            )
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise

    def _put(self, call: Call, inputs: Values) -> None:
        request: dict[str, Any] = outward(inputs, self.props, Style.PASCAL)
        call.client(SERVICE).put_scaling_policy(**request)
