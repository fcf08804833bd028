"""What cannot be declared of an ECS service: a desired count that autoscaling owns, and waiting.

The bounds are registered before the count is set, in both directions: upwards, policies would scale
in to the old minimum; downwards, autoscaling would lift the service to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.ecs import reading
from drstate.adapters.ecs.reading import Capacity, ServiceId
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, Call, When
from drstate.model.words import counted

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 900


@dataclass(frozen=True)
class Goal:
    """The capacity to reach: ``desired`` tasks, and the bounds to register (None: leave them)."""

    desired: int
    #: fewer than this is not accepted; below ``desired`` where autoscaling already serves
    at_least: int
    bounds: tuple[int, int] | None

    def met(self, now: Capacity) -> bool:
        """Whether counts and bounds are as wanted. More tasks than wanted are autoscaling's."""
        if self.bounds is not None and self.bounds != (now.minimum, now.maximum):
            return False
        if self.desired == 0:
            return now.desired == 0
        ceiling = max(self.desired, now.maximum or 0)
        return self.at_least <= now.desired <= ceiling


class ServiceAction(Action):
    """Bring a service to a goal, or (with ``scales`` off) only wait until it is there."""

    def __init__(
        self,
        entry: CatalogEntry,
        name: ServiceId,
        region: str,
        goal: Goal,
        *,
        scales: bool,
        by_stack: bool,
    ) -> None:
        self.account = entry.resource.account
        self.region = region
        self.name = name
        self.goal = goal
        self.scales = scales
        self.by_stack = by_stack
        made: list[Call] = [
            *calls("ecs", region, "DescribeServices"),
            *calls("application-autoscaling", region, "DescribeScalableTargets"),
        ]
        if goal.desired > 0:
            made += calls("elbv2", region, "DescribeTargetHealth")
        if scales and goal.bounds is not None:
            made += calls("application-autoscaling", region, "RegisterScalableTarget")
        if scales:
            made += calls("ecs", region, "UpdateService")
        self.spec = ActionSpec(
            id=f"{entry.key}#{'scale' if scales else 'steady'}",
            resource=entry.key,
            technology="ecs",
            title=self._title(),
            when=When.AFTER,
            calls=tuple(made),
            estimate_seconds=30 if goal.desired == 0 else 90,
            deadline_seconds=_DEADLINE_SECONDS,
            waits=not scales,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when bounds, desired and running count, and target health are as wanted."""
        at = At(aws, self.account, self.region)
        now = reading.capacity(at, self.name)
        if now is None and self.by_stack:
            # a preview looks before the shard's stack has made the service
            return Observation(False, {"service": None})
        if now is None:
            return Observation(
                False,
                {"service": None},
                f"service {self.name} does not exist in {self.region}",
                "drstate up --phase replicate creates it",
            )
        return Observation(self._reached(at, now), now.facts())

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Register bounds, set the count where it differs, wait until it is steady."""
        at = At(aws, self.account, self.region)
        now = self._existing(at)
        if self.scales and not self.goal.met(now):
            self._register(at, self.goal.bounds, now)
            if not Goal(self.goal.desired, self.goal.at_least, None).met(now):
                self._set_count(at, self.goal.desired)
        return self._await(at, run).facts()

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Put the recorded bounds and count back."""
        if not self.scales:
            return {}
        at = At(aws, self.account, self.region)
        now = self._existing(at)
        low, high = recorded.get("min"), recorded.get("max")
        if self.goal.bounds is not None and low is not None and high is not None:
            self._register(at, (int(low), int(high)), now)
        if now.desired != int(recorded["desired"]):
            self._set_count(at, int(recorded["desired"]))
        return {"desired": int(recorded["desired"]), "min": low, "max": high}

    def _title(self) -> str:
        where = f"{self.name} in {self.region}"
        if not self.scales:
            return f"wait until {where} is steady at {counted(self.goal.desired, 'task')}"
        if self.goal.bounds is None:
            return f"set {where} to {counted(self.goal.desired, 'task')}"
        low, high = self.goal.bounds
        return f"set {where} to {counted(self.goal.desired, 'task')} (autoscaling {low} to {high})"

    def _existing(self, at: At) -> Capacity:
        now = reading.capacity(at, self.name)
        if now is None:
            raise OperationError(
                f"service {self.name} does not exist in {self.region}",
                why="DescribeServices does not know it",
                hint="drstate up --phase replicate creates it",
            )
        return now

    def _register(self, at: At, bounds: tuple[int, int] | None, now: Capacity) -> None:
        if bounds is None or bounds == (now.minimum, now.maximum):
            return
        at.call(
            "application-autoscaling",
            "register_scalable_target",
            ServiceNamespace=reading.NAMESPACE,
            ResourceId=self.name.resource_id,
            ScalableDimension=reading.DIMENSION,
            MinCapacity=bounds[0],
            MaxCapacity=bounds[1],
        )

    def _set_count(self, at: At, count: int) -> None:
        at.call(
            "ecs",
            "update_service",
            cluster=self.name.cluster,
            service=self.name.service,
            desiredCount=count,
        )

    def _reached(self, at: At, now: Capacity) -> bool:
        if not self.goal.met(now) or now.running != now.desired:
            return False
        if self.goal.desired == 0:
            return True
        return now.settled and not reading.lacking_targets(at, now, self.goal.at_least)

    def _await(self, at: At, run: RunContext) -> Capacity:
        def steady() -> Capacity | None:
            now = reading.capacity(at, self.name)
            return now if now is not None and self._reached(at, now) else None

        return run.wait(
            steady,
            what=f"service {self.name} in {self.region} to be steady at "
            + counted(self.goal.desired, "task"),
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws ecs describe-services --cluster {self.name.cluster} --services "
            f"{self.name.service} --region {self.region} shows its events; then drstate resume",
        )
