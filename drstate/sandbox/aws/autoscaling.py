"""Application Auto Scaling: partial updates keep the rest, and targets have tags.

The first registration of a target is complete or refused, as in AWS.
"""

from __future__ import annotations

import json
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeScalableTarget
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError

from .extend import extend
from .modelled import checked

_register = ApplicationAutoscalingBackend.register_scalable_target
_register_response = ApplicationAutoScalingResponse.register_scalable_target
_describe_policies = ApplicationAutoScalingResponse.describe_scaling_policies
_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)
_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


class _Backend:
    def register_scalable_target(
        self: Any,
        namespace: str,
        r_id: str,
        dimension: str,
        min_capacity: int | None,
        max_capacity: int | None,
        role_arn: str | None,
        suspended_state: Any,
    ) -> FakeScalableTarget:
        """Register, or change what is given."""
        existing = self.targets.get(dimension, {}).get(r_id)
        lowest = (
            min_capacity if min_capacity is not None else getattr(existing, "min_capacity", None)
        )
        highest = (
            max_capacity if max_capacity is not None else getattr(existing, "max_capacity", None)
        )
        if lowest is None or highest is None:
            raise AWSValidationException(
                "MinCapacity and MaxCapacity must be specified when registering a new scalable "
                "target"
            )
        if lowest > highest:
            raise AWSValidationException("Maximum capacity cannot be less than minimum capacity")
        before = dict(getattr(existing, "suspended_state", None) or _SUSPENDED)
        state = {**before, **(suspended_state or {})}
        arn = (
            role_arn or getattr(existing, "role_arn", None) or _ROLE.format(account=self.account_id)
        )
        made: FakeScalableTarget = _register(
            self,
            namespace,
            r_id,
            dimension,
            min_capacity,
            max_capacity,
            arn,
            state,
        )
        return made


class _Responses:
    def register_scalable_target(self: Any) -> str:
        """Register or change; tags are for new targets."""
        answer: str = _register_response(self)
        tags = self._get_param("Tags")
        if tags:
            arn = json.loads(answer)["ScalableTargetARN"]
            _target(self.applicationautoscaling_backend, arn).tags = dict(tags)
        return answer

    def describe_scaling_policies(self: Any) -> str:
        """Policies, by name where names are given."""
        shown = json.loads(_describe_policies(self))
        names = self._get_param("PolicyNames")
        if names:
            shown["ScalingPolicies"] = [
                one for one in shown["ScalingPolicies"] if one["PolicyName"] in names
            ]
        return json.dumps(shown)

    def list_tags_for_resource(self: Any) -> str:
        """A scalable target's tags."""
        found = _target(self.applicationautoscaling_backend, self._get_param("ResourceARN"))
        return json.dumps({"Tags": getattr(found, "tags", {})})

    def tag_resource(self: Any) -> str:
        """Add or change tags."""
        found = _target(self.applicationautoscaling_backend, self._get_param("ResourceARN"))
        found.tags = {**getattr(found, "tags", {}), **self._get_param("Tags")}
        return "{}"

    def untag_resource(self: Any) -> str:
        """Remove tags."""
        found = _target(self.applicationautoscaling_backend, self._get_param("ResourceARN"))
        gone = set(self._get_param("TagKeys"))
        found.tags = {
            key: value for key, value in getattr(found, "tags", {}).items() if key not in gone
        }
        return "{}"


class _NotFoundError(JsonRESTError):  # type: ignore[misc]
    code = 400


def _target(backend: Any, arn: str) -> Any:
    for targets in backend.targets.values():
        for one in targets.values():
            if one.arn == arn:
                return one
    raise _NotFoundError("ResourceNotFoundException", f"The resource with ARN {arn} was not found.")


def install() -> None:
    """Correct moto's Application Auto Scaling."""
    checked(ApplicationAutoScalingResponse)
    extend(
        ApplicationAutoscalingBackend,
        _Backend,
        replaces=frozenset({"register_scalable_target"}),
    )
    extend(
        ApplicationAutoScalingResponse,
        _Responses,
        replaces=frozenset({"register_scalable_target", "describe_scaling_policies"}),
    )
