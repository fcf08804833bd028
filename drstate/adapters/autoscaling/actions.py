"""Sizing a group: minimum, maximum and desired capacity in one call, and what must hold still.

A minimum that is set alone raises the desired capacity to itself, and policies take back what is
set bit by bit. So the sizes go in one call; what would change them by itself (alarms of policies,
scheduled actions) is suspended before a group goes down, and resumed when one that came up serves.
Only what was suspended here is resumed: what the owner suspended stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.autoscaling import reading
from drstate.adapters.autoscaling.reading import SERVICE, Capacity, Sizes
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, Call, When
from drstate.model.words import counted
from drstate.programs.autoscaling.spec import HELD

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 1200
#: names in the catalog's memory of a site
SUSPENDED, SIZES = "suspended", "sizes"


@dataclass(frozen=True)
class Goal:
    """The capacity to reach.

    ``at_least``: fewer instances are not accepted; below the desired number where policies have
    decided so at a site that serves already. ``bounds``: whether the bounds have to be these.
    ``resume``: processes to resume once it is reached; None: they are held instead. ``retires``:
    the sizes of before are production's, and are kept for the way back.
    """

    sizes: Sizes
    at_least: int
    bounds: bool
    resume: frozenset[str] | None
    retires: bool = False

    def sized(self, now: Sizes) -> bool:
        """Whether the sizes are as wanted. More instances than wanted are the policies'."""
        if self.bounds and (now.minimum, now.maximum) != (self.sizes.minimum, self.sizes.maximum):
            return False
        return self.at_least <= now.desired <= max(now.maximum, self.sizes.desired)

    def to_change(self, suspended: frozenset[str]) -> frozenset[str]:
        """Processes to suspend, or to resume."""
        if self.resume is None:
            return frozenset(HELD) - suspended
        return self.resume & suspended


class ScaleAction(Action):
    """Bring a group to its goal and wait until its instances serve, or are gone."""

    def __init__(
        self, entry: CatalogEntry, name: str, region: str, goal: Goal, *, by_stack: bool
    ) -> None:
        self.account = entry.resource.account
        self.region = region
        self.name = name
        self.goal = goal
        self.by_stack = by_stack
        up = goal.sizes.desired > 0
        made: list[Call] = [
            *calls(SERVICE, region, "DescribeAutoScalingGroups"),
            *(calls("elbv2", region, "DescribeTargetHealth") if up else ()),
            *calls(SERVICE, region, "UpdateAutoScalingGroup"),
            *calls(
                SERVICE, region, "SuspendProcesses" if goal.resume is None else "ResumeProcesses"
            ),
        ]
        self.spec = ActionSpec(
            id=f"{entry.key}#scale",
            resource=entry.key,
            technology="autoscaling",
            title=self._title(),
            when=When.AFTER,
            calls=tuple(made),
            estimate_seconds=180 if up else 60,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when sizes, instances, targets and processes are as wanted."""
        at = At(aws, self.account, self.region)
        now = reading.capacity(at, self.name)
        if now is None:
            if self.by_stack:
                # a preview looks before the shard's stack has made the group
                return Observation(False, {"group": None})
            return Observation(
                False,
                {"group": None},
                f"Auto Scaling group {self.name} does not exist in {self.region}",
                "drstate up --phase replicate makes it",
            )
        if self._reached(at, now):
            return Observation(True, now.facts())
        blocked, hint = self._blocked(now)
        return Observation(False, now.facts(), blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Hold, size in one call, wait, resume."""
        at = At(aws, self.account, self.region)
        now = self._existing(at)
        holds = self.goal.resume is None
        if holds:
            self._change(at, "suspend_processes", self.goal.to_change(now.suspended))
        if not self.goal.sized(now.sizes):
            self._size(at, self.goal.sizes)
        self._await(at, run)
        if not holds:
            now = self._existing(at)
            self._change(at, "resume_processes", self.goal.to_change(now.suspended))
        return {**self._existing(at).facts(), "memory": self._memory(run.facts)}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Put the recorded sizes back in one call, and the processes to what they were."""
        at = At(aws, self.account, self.region)
        if recorded.get("desired") is None:
            return {}
        now = self._existing(at)
        before = frozenset(str(one) for one in recorded.get("suspended", ()))
        sizes = Sizes(int(recorded["min"]), int(recorded["max"]), int(recorded["desired"]))
        self._change(at, "suspend_processes", before - now.suspended)
        if now.sizes != sizes:
            self._size(at, sizes)
        self._change(at, "resume_processes", now.suspended - before)
        return {"sizes": str(sizes), "suspended": sorted(before)}

    def _title(self) -> str:
        where = f"{self.name} in {self.region}"
        held = "; alarms and schedules held" if self.goal.resume is None else ""
        return (
            f"set {where} to {counted(self.goal.sizes.desired, 'instance')} "
            f"(min/max/desired {self.goal.sizes}, in one call{held})"
        )

    def _existing(self, at: At) -> Capacity:
        now = reading.capacity(at, self.name)
        if now is None:
            raise OperationError(
                f"Auto Scaling group {self.name} does not exist in {self.region}",
                why="DescribeAutoScalingGroups does not know it",
                hint="drstate up --phase replicate makes it",
            )
        return now

    def _blocked(self, now: Capacity) -> tuple[str | None, str]:
        aws = "aws autoscaling {} --auto-scaling-group-name " + self.name
        wanted, region = self.goal.sizes.desired, f" --region {self.region}"
        if now.serving < wanted and "Launch" in now.suspended:
            return (
                f"the process Launch of {self.name} is suspended, so no instance would start",
                aws.format("resume-processes") + " --scaling-processes Launch" + region,
            )
        if now.instances > wanted and "Terminate" in now.suspended:
            return (
                f"the process Terminate of {self.name} is suspended, so no instance would end",
                aws.format("resume-processes") + " --scaling-processes Terminate" + region,
            )
        if wanted == 0 and now.protected:
            held = counted(len(now.protected), "instance")
            return (
                f"{held} of {self.name} would go on running: protected from scale-in",
                aws.format("set-instance-protection")
                + f" --no-protected-from-scale-in --instance-ids {' '.join(now.protected)}"
                + region,
            )
        return None, ""

    def _size(self, at: At, sizes: Sizes) -> None:
        at.call(
            SERVICE,
            "update_auto_scaling_group",
            AutoScalingGroupName=self.name,
            MinSize=sizes.minimum,
            MaxSize=sizes.maximum,
            DesiredCapacity=sizes.desired,
        )

    def _change(self, at: At, operation: str, processes: frozenset[str]) -> None:
        # an empty list would mean all of them
        if processes:
            at.call(
                SERVICE,
                operation,
                AutoScalingGroupName=self.name,
                ScalingProcesses=sorted(processes),
            )

    def _memory(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """What the next phases at this site have to know: as it was before the first attempt."""
        if self.goal.resume is not None:
            return {SUSPENDED: []}
        was = {str(one) for one in before.get("suspended", ())}
        kept: dict[str, Any] = {}
        held = sorted(set(HELD) - was)
        if held:
            kept[SUSPENDED] = held
        if self.goal.retires and int(before.get("desired") or 0) > 0:
            kept[SIZES] = [before["min"], before["max"], before["desired"]]
        return kept

    def _reached(self, at: At, now: Capacity) -> bool:
        if not self.goal.sized(now.sizes) or self.goal.to_change(now.suspended):
            return False
        return self._settled(at, now)

    def _settled(self, at: At, now: Capacity) -> bool:
        if self.goal.sizes.desired == 0:
            return now.instances == 0
        return (
            self.goal.sized(now.sizes)
            and now.serving >= now.sizes.desired
            and not reading.lacking_targets(at, now, self.goal.at_least)
        )

    def _await(self, at: At, run: RunContext) -> Capacity:
        def steady() -> Capacity | None:
            now = reading.capacity(at, self.name)
            return now if now is not None and self._settled(at, now) else None

        return run.wait(
            steady,
            what=f"{self.name} in {self.region} to have "
            + counted(self.goal.sizes.desired, "serving instance"),
            timeout_seconds=self.spec.deadline_seconds,
            hint="aws autoscaling describe-scaling-activities --auto-scaling-group-name "
            f"{self.name} --region {self.region} shows why; then drstate resume",
        )
