"""What a drill proved: the recovery time of each wave and of the whole, against the targets.

A fold over the drill's events. Time counts from the moment when its first stage began, so that
waiting for an approval is not in it; a wave has recovered when the last of its resources was found
healthy. What was made is counted as gone when its removal was seen to have ended well.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from drstate.model import events as e
from drstate.model.base import Value
from drstate.model.events import Event, ExecutionStatus
from drstate.model.health import FAILING, ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Plan


class RehearsedResource(Value):
    """One resource of a drill."""

    resource: str
    wave: int
    #: HEALTHY: its copy worked; None: the drill did not get that far
    status: ResourceStatus | None = None
    detail: str = ""
    hint: str = ""
    #: from the start of the first stage until the copy was found healthy
    seconds: float | None = None
    #: the resource's ``dr:rto-target``
    rto_minutes: int | None = None
    rto_met: bool | None = None
    #: why there was nothing to rehearse
    left_out: str | None = None


class RehearsedWave(Value):
    """One wave of a drill."""

    wave: int
    health: WaveHealth | None = None
    #: from the start of the wave, and of the first stage, until all of it was healthy
    seconds: float | None = None
    recovered_seconds: float | None = None


class DrillReport(Value):
    """``drstate.drill/1``: what a drill proved, and whether anything of it is left."""

    execution: str
    drill: str
    region: str
    status: ExecutionStatus
    #: every copy worked
    proved: bool
    #: everything that was made is gone
    removed: bool
    #: from the start of the first stage until the last wave was healthy
    rto_seconds: float | None = None
    waves: tuple[RehearsedWave, ...] = ()
    resources: tuple[RehearsedResource, ...] = ()
    #: what removing failed with: resource, or a stack of the drill's own -> error
    left: dict[str, str] = {}


def drill_report(story: Iterable[Event]) -> DrillReport | None:
    """The report of an execution's events so far; None where they are of no drill."""
    events = list(story)
    created = events[0].payload if events else None
    if not isinstance(created, e.ExecutionCreated) or not created.plan.drill:
        return None
    plan = created.plan
    fold = _Fold(plan)
    for event in events:
        fold.feed(event)
    resources = fold.resources()
    waves = fold.waves()
    made = [row for row in resources if row.left_out is None]
    proved = bool(made) and all(row.status is ResourceStatus.HEALTHY for row in made)
    ends = [row.recovered_seconds for row in waves]
    return DrillReport(
        execution=events[0].execution,
        drill=plan.drill,
        region=next((stage.region for stage in plan.stages), plan.recovery),
        status=fold.status,
        proved=proved,
        removed=fold.removed(),
        rto_seconds=max((one for one in ends if one is not None), default=None) if proved else None,
        waves=waves,
        resources=resources,
        left=dict(sorted(fold.left.items())),
    )


class _Fold:
    """What the events say, by stage and resource."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._making = [stage for stage in plan.stages if stage.phase is Phase.ACTIVATE]
        self._removing = {stage.id for stage in plan.stages if stage.phase is Phase.CLEANUP}
        self._begun: dict[str, datetime] = {}
        self._ended: dict[str, tuple[datetime, WaveHealth]] = {}
        self._checked: dict[str, tuple[datetime, e.HealthChecked]] = {}
        self.left: dict[str, str] = {}
        self.status = ExecutionStatus.PENDING

    def feed(self, event: Event) -> None:
        """Take the next event."""
        at = event.at
        match event.payload:
            case e.RunnerAttached():
                self.status = ExecutionStatus.RUNNING
            case e.ExecutionPaused() | e.GateOpened():
                self.status = ExecutionStatus.PAUSED
            case e.ExecutionFinished(status=status):
                self.status = status
            case e.StageStarted(stage=stage):
                self._begun.setdefault(stage, at)
            case e.StageFinished(stage=stage, health=health):
                self._ended[stage] = (at, health)
            case e.ActionFailed() | e.StackFinished() | e.ShardFinished() as ended:
                if ended.stage in self._removing:
                    self._removal(ended)
            case e.HealthChecked() as checked:
                self._health(at, checked)
            case _:
                pass

    def _removal(self, ended: e.ActionFailed | e.StackFinished | e.ShardFinished) -> None:
        """A step of the removal has ended; one that ends well later is forgiven."""
        if isinstance(ended, e.ActionFailed):
            self.left[ended.resource] = ended.error.what
            return
        if isinstance(ended, e.StackFinished):
            what = ended.stack
            error = "" if ended.ok else "; ".join(ended.errors.values()) or "it failed"
        else:
            what = ended.shard
            error = ended.error.what if ended.error is not None else ""
        if error:
            self.left[what] = error
        else:
            self.left.pop(what, None)

    def _health(self, at: datetime, checked: e.HealthChecked) -> None:
        resource, healthy = checked.resource, checked.status is ResourceStatus.HEALTHY
        if checked.stage not in self._removing:
            if healthy or resource not in self._checked:
                self._checked[resource] = (at, checked)
        elif checked.status in FAILING:
            self.left.setdefault(resource, checked.detail)
        else:
            self.left.pop(resource, None)

    def removed(self) -> bool:
        """Whether every stage of the removal has ended and nothing of it failed."""
        return bool(self._removing) and self._removing <= set(self._ended) and not self.left

    def waves(self) -> tuple[RehearsedWave, ...]:
        """The waves, in their order."""
        zero = self._zero()
        rows = []
        for stage in self._making:
            ended = self._ended.get(stage.id)
            begun = self._begun.get(stage.id)
            healthy = ended is not None and ended[1] is not WaveHealth.UNHEALTHY
            rows.append(
                RehearsedWave(
                    wave=stage.wave,
                    health=ended[1] if ended else None,
                    seconds=(ended[0] - begun).total_seconds() if ended and begun else None,
                    recovered_seconds=(ended[0] - zero).total_seconds()
                    if ended and zero and healthy
                    else None,
                )
            )
        return tuple(rows)

    def resources(self) -> tuple[RehearsedResource, ...]:
        """Every resource of the plan, in the order of the waves."""
        rows = []
        for stage in self._making:
            for shard in stage.shards:
                idle = {row.resource: row.reason for row in shard.no_ops}
                rows += [self._row(key, stage.wave, idle.get(key)) for key in shard.resources]
        return tuple(rows)

    def _row(self, key: str, wave: int, left_out: str | None) -> RehearsedResource:
        found = self._checked.get(key)
        zero = self._zero()
        if left_out is not None or found is None:
            return RehearsedResource(resource=key, wave=wave, left_out=left_out)
        at, checked = found
        seconds = None
        if zero is not None and checked.status is ResourceStatus.HEALTHY:
            seconds = (at - zero).total_seconds()
        target = checked.rto_minutes
        return RehearsedResource(
            resource=key,
            wave=wave,
            status=checked.status,
            detail=checked.detail,
            hint=checked.hint,
            seconds=seconds,
            rto_minutes=target,
            rto_met=seconds <= target * 60 if seconds is not None and target is not None else None,
        )

    def _zero(self) -> datetime | None:
        times = [self._begun[stage.id] for stage in self._making if stage.id in self._begun]
        return min(times, default=None)
