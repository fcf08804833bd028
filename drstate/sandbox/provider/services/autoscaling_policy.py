"""aws:appautoscaling/policy:Policy: when a scalable target is scaled.

Its id is its name; it is imported as namespace/resource/dimension/name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TEXT,
    OUT_TEXTS,
    REGION,
    Prop,
    flag,
    integer,
    number,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services.autoscaling_target import (
    NAMESPACES,
    SERVICE,
    import_keys,
    missing,
)
from drstate.sandbox.provider.wire import Values

_KEYS = ("serviceNamespace", "resourceId", "scalableDimension", "name")
_DIMENSIONS = unordered(record({"name": text(required=True), "value": text(required=True)}))
_METRIC: dict[str, Prop] = {
    "expression": text(),
    "id": text(required=True),
    "label": text(),
    "metricStat": record(
        {
            "metric": record(
                {
                    "dimensions": _DIMENSIONS,
                    "metricName": text(required=True),
                    "namespace": text(required=True),
                },
                required=True,
            ),
            "stat": text(required=True),
            "unit": text(),
        }
    ),
    "returnData": flag(default=True),
}
_STEP: dict[str, Prop] = {
    "metricIntervalLowerBound": text(numeric=True),
    "metricIntervalUpperBound": text(numeric=True),
    "scalingAdjustment": integer(required=True),
}


class ScalingPolicy(ResourceType):
    """When a scalable target is scaled."""

    urn_type = "aws:appautoscaling/policy:Policy"
    title = "Application AutoScaling Policy"
    name_property = "name"
    autoname = True
    timeouts = Timeouts(create=300.0, update=300.0, delete=300.0)
    props: ClassVar[Mapping[str, Prop]] = {
        "name": text(replaces=True, computed=True, api="PolicyName"),
        "policyType": text(
            default="StepScaling",
            choices=("PredictiveScaling", "StepScaling", "TargetTrackingScaling"),
        ),
        "predictiveScalingPolicyConfiguration": record(
            {}, refused="the emulated AWS predicts nothing; use the real provider"
        ),
        "region": REGION,
        "resourceId": text(required=True, replaces=True),
        "scalableDimension": text(required=True, replaces=True),
        "serviceNamespace": text(required=True, replaces=True, choices=NAMESPACES),
        "stepScalingPolicyConfiguration": record(
            {
                "adjustmentType": text(
                    choices=("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
                ),
                "cooldown": integer(),
                "metricAggregationType": text(choices=("Average", "Maximum", "Minimum")),
                "minAdjustmentMagnitude": integer(),
                "stepAdjustments": unordered(record(_STEP)),
            }
        ),
        "targetTrackingScalingPolicyConfiguration": record(
            {
                "customizedMetricSpecification": record(
                    {
                        "dimensions": _DIMENSIONS,
                        "metricName": text(),
                        "metrics": unordered(record(_METRIC)),
                        "namespace": text(),
                        "statistic": text(
                            choices=("Average", "Maximum", "Minimum", "SampleCount", "Sum")
                        ),
                        "unit": text(),
                    }
                ),
                "disableScaleIn": flag(default=False),
                "predefinedMetricSpecification": record(
                    {"predefinedMetricType": text(required=True), "resourceLabel": text()}
                ),
                "scaleInCooldown": integer(),
                "scaleOutCooldown": integer(),
                "targetValue": number(required=True),
            }
        ),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"alarmArns": OUT_TEXTS, "arn": OUT_TEXT}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        fitting = {
            "StepScaling": "stepScalingPolicyConfiguration",
            "TargetTrackingScaling": "targetTrackingScalingPolicyConfiguration",
        }.get(inputs["policyType"])
        if fitting and not inputs.get(fitting):
            reason = f"a policy of type {inputs['policyType']} needs {fitting!r}; set it, or change"
            yield fitting, f"{reason} 'policyType' to the type whose configuration is set"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs)
        return str(inputs["name"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        keys = state if state.get("serviceNamespace") else import_keys(ident, _KEYS)
        shown = self._look(call, keys)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL)
        values["arn"] = shown["PolicyARN"]
        values["alarmArns"] = [alarm["AlarmARN"] for alarm in shown.get("Alarms") or ()]
        return Found(shown["PolicyName"], values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._put(call, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(SERVICE).delete_scaling_policy(
                **outward(state, self.props, Style.PASCAL, _KEYS)
            )
        except ClientError as error:
            if code_of(error) != "ObjectNotFoundException" and not missing(error):
                raise

    def _put(self, call: Call, inputs: Values) -> None:
        call.client(SERVICE).put_scaling_policy(**outward(inputs, self.props, Style.PASCAL))

    def _look(self, call: Call, keys: Values) -> dict[str, Any] | None:
        answer = call.client(SERVICE).describe_scaling_policies(
            ServiceNamespace=keys["serviceNamespace"],
            ResourceId=keys["resourceId"],
            ScalableDimension=keys["scalableDimension"],
            PolicyNames=[keys["name"]],
        )
        return next(
            (
                dict(each)
                for each in answer["ScalingPolicies"]
                if each["PolicyName"] == keys["name"] and each["ResourceId"] == keys["resourceId"]
            ),
            None,
        )
