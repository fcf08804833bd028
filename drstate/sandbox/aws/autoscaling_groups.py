"""EC2 Auto Scaling: groups whose instances take their time, and refusals that moto lacks.

An instance is Pending until it runs, and Terminating until it is gone; target groups hear of it
then. Sizes are held to each other. Policies and scheduled actions belong to their group. A process
that is suspended does nothing: Launch starts no instances. No policy acts by itself, and a changed
launch template replaces nothing: only an instance refresh would, which the sandbox has not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.elbv2.exceptions import TargetGroupNotFoundError

from . import runtime
from .extend import extend
from .modelled import checked, unsupported

#: from the call until an instance serves, and until one that goes is gone
LAUNCH_SECONDS = 45.0
TERMINATE_SECONDS = 30.0
#: a terminated instance is told of for about an hour
FORGET_SECONDS = 3600.0
PENDING, SERVING, ENDING = "Pending", "InService", "Terminating"
PROCESSES = (
    "AZRebalance",
    "AddToLoadBalancer",
    "AlarmNotification",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
)
#: what requests give and moto drops: member -> attribute, None where it is not given
_KEPT = {
    "CapacityRebalance": "capacity_rebalance",
    "DefaultCooldown": "default_cooldown",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "PlacementGroup": "placement_group",
    "TerminationPolicies": "termination_policies",
}
_NOT_THERE = (
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "DesiredCapacityType",
    "InstanceLifecyclePolicy",
    "InstanceMaintenancePolicy",
    "LifecycleHookSpecificationList",
    "TrafficSources",
)

_create = AutoScalingBackend.create_auto_scaling_group
_delete = AutoScalingBackend.delete_auto_scaling_group
_update = AutoScalingBackend.update_auto_scaling_group
_suspend = AutoScalingBackend.suspend_processes
_resume = AutoScalingBackend.resume_processes
_policies = AutoScalingBackend.describe_policies
_create_response = AutoScalingResponse.create_auto_scaling_group
_update_response = AutoScalingResponse.update_auto_scaling_group
_set_capacity = FakeAutoScalingGroup.set_desired_capacity


class _Group:
    def active_instances(self: Any) -> list[Any]:
        """What counts towards the desired capacity."""
        return [one for one in self.instance_states if one.lifecycle_state in (SERVING, PENDING)]

    def set_desired_capacity(self: Any, new_capacity: int | None) -> None:
        """Launch or end instances, as far as no process is suspended."""
        wanted = self.min_size if new_capacity is None else new_capacity
        held = {process["ProcessName"] for process in self.suspended_processes}
        count = len(self.active_instances())
        stopped = "Launch" if wanted > count else "Terminate" if wanted < count else ""
        if stopped in held:
            self.desired_capacity = wanted
            return
        before = list(self.instance_states)
        _set_capacity(self, wanted)
        left = {one.instance_id for one in self.instance_states}
        gone = [one for one in before if one.instance_id not in left]
        for one in gone:
            one.lifecycle_state = ENDING
            runtime.clock().after(TERMINATE_SECONDS, partial(_ended, self, one))
        self.instance_states = [
            *sorted(self.instance_states, key=lambda one: (one.lifecycle_state, one.instance_id)),
            *gone,
        ]
        _tell_targets(self)


class _Backend:
    def create_auto_scaling_group(self: Any, name: str, **given: Any) -> Any:
        """Create a group whose sizes fit each other."""
        if name in self.autoscaling_groups:
            raise AutoscalingClientError(
                "AlreadyExists",
                "AutoScalingGroup by this name already exists - A group with the name "
                f"{name} already exists",
            )
        _require_sizes(given["min_size"], given["max_size"], given["desired_capacity"])
        _require_groups(self, given["target_group_arns"])
        return _create(self, name, **given)

    def update_auto_scaling_group(self: Any, name: str, **given: Any) -> Any:
        """Change what is given. A bound that the desired capacity is outside of moves it."""
        group = self.autoscaling_groups.get(name)
        if group is not None:
            low = group.min_size if given["min_size"] is None else given["min_size"]
            high = group.max_size if given["max_size"] is None else given["max_size"]
            _require_sizes(low, high, given["desired_capacity"])
            if given["desired_capacity"] is None:
                held = min(max(group.desired_capacity, low), high)
                if held != group.desired_capacity:
                    given["desired_capacity"] = held
        return _update(self, name, **given)

    def set_desired_capacity(self: Any, group_name: str, desired_capacity: int | None) -> None:
        """Set the capacity within the bounds."""
        group = self.autoscaling_groups.get(group_name)
        if group is None:
            raise ValidationError("AutoScalingGroup name not found - null")
        _require_sizes(group.min_size, group.max_size, desired_capacity)
        group.set_desired_capacity(desired_capacity)
        self.update_attached_elbs(group_name)

    def delete_auto_scaling_group(self: Any, group_name: str) -> None:
        """Delete a group with all that belongs to it."""
        group = self.autoscaling_groups.get(group_name)
        if group is not None:
            group.min_size = 0
        _delete(self, group_name)
        for table in (self.policies, self.scheduled_actions, self.lifecycle_hooks):
            for key in [one for one, value in table.items() if _owner(value) == group_name]:
                del table[key]

    def update_attached_target_groups(self: Any, group_name: str) -> None:
        """Target groups hear of instances when they serve, and when they go."""
        _tell_targets(self.autoscaling_groups[group_name])

    def put_scaling_policy(self: Any, name: str, *given: Any, **named: Any) -> Any:
        """A policy of one group; another group may have one of the same name."""
        owner = named.get("as_name")
        if owner not in self.autoscaling_groups:
            raise ValidationError(f"Group {owner} not found")
        made = _put_policy(self, name, *given, **named)
        made.predictive_scaling_configuration = made.predictive_scaling_configuration or None
        del self.policies[name]
        self.policies[f"{owner}/{name}"] = made
        return made

    def put_scheduled_update_group_action(self: Any, name: str, *given: Any, **named: Any) -> Any:
        """A scheduled action of one group."""
        if name not in self.autoscaling_groups:
            raise ValidationError(f"Group {name} not found")
        title = named["scheduled_action_name"]
        made = _put_action(self, name, *given, **named)
        del self.scheduled_actions[title]
        self.scheduled_actions[f"{name}/{title}"] = made
        return made

    def delete_scheduled_action(
        self: Any, auto_scaling_group_name: str, scheduled_action_name: str
    ) -> None:
        """Delete a group's action."""
        if (
            self.scheduled_actions.pop(f"{auto_scaling_group_name}/{scheduled_action_name}", None)
            is None
        ):
            raise ValidationError("Scheduled action name not found")

    def suspend_processes(self: Any, group_name: str, scaling_processes: list[str]) -> None:
        """Suspend processes that exist; all where none is named."""
        group = _processes(self, group_name, scaling_processes)
        _suspend(self, group_name, scaling_processes)
        group.suspended_processes = sorted(one["ProcessName"] for one in group.suspended_processes)

    def resume_processes(self: Any, group_name: str, scaling_processes: list[str]) -> None:
        """Resume processes; what was held back by them happens now."""
        group = _processes(self, group_name, scaling_processes)
        _resume(self, group_name, scaling_processes)
        group.suspended_processes = sorted(one["ProcessName"] for one in group.suspended_processes)
        group.set_desired_capacity(group.desired_capacity)

    def iter_indexed_resources(self: Any) -> Iterator[TaggedResource]:
        """For Resource Explorer: groups. The tagging API does not tell them, nor does AWS's."""
        for group in self.autoscaling_groups.values():
            tags = {tag["Key"]: tag["Value"] for tag in group.tags}
            yield TaggedResource(
                arn=group.arn, resource_type="autoscaling:autoScalingGroup", tags=tags
            )


class _Responses:
    def create_auto_scaling_group(self: Any) -> ActionResult:
        """Create, and keep what moto would drop."""
        unsupported("autoscaling", "CreateAutoScalingGroup", self.params, *_NOT_THERE)
        answer: ActionResult = _create_response(self)
        _keep(self)
        return answer

    def update_auto_scaling_group(self: Any) -> ActionResult:
        """Update, and keep what moto would drop."""
        unsupported("autoscaling", "UpdateAutoScalingGroup", self.params, *_NOT_THERE)
        answer: ActionResult = _update_response(self)
        _keep(self)
        return answer

    def delete_auto_scaling_group(self: Any) -> ActionResult:
        """Delete a group without instances, or with them where that is asked for."""
        backend, name = self.autoscaling_backend, self._get_param("AutoScalingGroupName")
        group = backend.autoscaling_groups.get(name)
        if group is not None and group.instance_states and not self._get_param("ForceDelete"):
            raise AutoscalingClientError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
                "instance request(s) still in the group.",
            )
        backend.delete_auto_scaling_group(name)
        return ActionResult({})

    def describe_notification_configurations(self: Any) -> ActionResult:
        """None: topics of groups are not emulated."""
        return ActionResult({"NotificationConfigurations": []})

    def delete_policy(self: Any) -> ActionResult:
        """Delete a policy by its group and name, or by its ARN."""
        key = _policy_key(self)
        if self.autoscaling_backend.policies.pop(key, None) is None:
            raise ValidationError("PolicyName not found")
        return ActionResult({})

    def execute_policy(self: Any) -> ActionResult:
        """Do what a policy says."""
        self.autoscaling_backend.execute_policy(_policy_key(self))
        return ActionResult({})


_put_policy = AutoScalingBackend.put_scaling_policy
_put_action = AutoScalingBackend.put_scheduled_update_group_action


def serve_now(group: Any) -> None:
    """Have all instances of a group serve at once: what an estate begins with."""
    for state in group.instance_states:
        instance = state.instance
        instance._turn = getattr(instance, "_turn", 0) + 1  # noqa: SLF001 - ends what was begun
        instance._state.name, instance._state.code = "running", 16  # noqa: SLF001 - as ec2_states
        state.lifecycle_state = SERVING
    _tell_targets(group)
    for arn in group.target_group_arns:
        for target in _target_group(group, arn).targets.values():
            target["State"] = "healthy"


def _tell_targets(group: Any) -> None:
    """Register what serves, deregister what goes."""
    if {"AddToLoadBalancer"} & {one["ProcessName"] for one in group.suspended_processes}:
        return
    serving = {one.instance_id for one in group.instance_states if one.lifecycle_state == SERVING}
    known: set[str] = getattr(group, "_drstate_registered", set())
    for arn in group.target_group_arns:
        try:
            found = _target_group(group, arn)
        except TargetGroupNotFoundError:
            continue
        gone = [{"Id": one} for one in sorted(known - serving) if one in found.targets]
        if gone:
            found.deregister(gone)
        new = [one for one in sorted(serving) if one not in found.targets]
        if new:
            found.register([{"Id": one, "Port": found.port} for one in new])
    group._drstate_registered = serving  # noqa: SLF001 - the sandbox's own mark


def launched(group: Any, states: list[Any]) -> None:
    """New instances are pending until they run."""
    for state in states:
        state.lifecycle_state = PENDING
        runtime.clock().after(LAUNCH_SECONDS, partial(_serves, group, state))


def _serves(group: Any, state: Any) -> None:
    if state.lifecycle_state == PENDING and state in group.instance_states:
        state.lifecycle_state = SERVING
        _tell_targets(group)


def _ended(group: Any, state: Any) -> None:
    group.instance_states = [one for one in group.instance_states if one is not state]
    forget = partial(group.ec2_backend.tags.pop, state.instance_id, None)
    runtime.clock().after(FORGET_SECONDS, forget)


def _target_group(group: Any, arn: str) -> Any:
    return group.autoscaling_backend.elbv2_backend.describe_target_groups(
        load_balancer_arn=None, target_group_arns=[arn], names=None
    )[0]


def _require_sizes(low: int | None, high: int | None, desired: int | None) -> None:
    if low is None or high is None:
        return
    if low > high:
        raise ValidationError("Max bound must be greater than or equal to min bound")
    if desired is not None and not low <= desired <= high:
        word, bound = ("below", low) if desired < low else ("above", high)
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified min size:{low} and max "
            f"size:{high} (it is {word} {bound})"
        )


def _require_groups(backend: Any, arns: list[str]) -> None:
    for arn in arns:
        try:
            backend.elbv2_backend.describe_target_groups(
                load_balancer_arn=None, target_group_arns=[arn], names=None
            )
        except TargetGroupNotFoundError as error:
            raise ValidationError(
                "Provided Target Groups may not be valid. Please ensure they exist and try again."
            ) from error


def _processes(backend: Any, group_name: str, names: list[str]) -> Any:
    group = backend.autoscaling_groups.get(group_name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - no such group: {group_name}")
    unknown = sorted(set(names or ()) - set(PROCESSES))
    if unknown:
        raise ValidationError(f"The process type {unknown[0]} is not valid")
    return group


def _keep(response: Any) -> None:
    name = response._get_param("AutoScalingGroupName")  # noqa: SLF001 - moto's way to ask
    group = response.autoscaling_backend.autoscaling_groups[name]
    for member, attribute in _KEPT.items():
        value = response.params.get(member)
        if value is not None:
            # -1 switches the warm-up off, 0 the lifetime
            off = (member, value) in (("DefaultInstanceWarmup", -1), ("MaxInstanceLifetime", 0))
            setattr(group, attribute, None if off else value)


def _policy_key(response: Any) -> str:
    given = str(response._get_param("PolicyName"))  # noqa: SLF001 - moto's way to ask
    if given.startswith("arn:"):
        owner, _, name = given.partition(":autoScalingGroupName/")[2].partition(":policyName/")
        return f"{owner}/{name}"
    return f"{response._get_param('AutoScalingGroupName')}/{given}"  # noqa: SLF001 - as above


def _owner(thing: Any) -> str:
    return str(thing.auto_scaling_group_name)


def install() -> None:
    """Correct moto's EC2 Auto Scaling."""
    checked(AutoScalingResponse)
    extend(
        FakeAutoScalingGroup,
        _Group,
        replaces=frozenset({"active_instances", "set_desired_capacity"}),
    )
    extend(
        AutoScalingBackend,
        _Backend,
        replaces=frozenset(vars(_Backend)) - {"iter_indexed_resources"},
    )
    extend(
        AutoScalingResponse,
        _Responses,
        replaces=frozenset(vars(_Responses)) - {"describe_notification_configurations"},
    )
