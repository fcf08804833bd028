"""How far an execution has come: the reducer's state, and how single steps change it.

It holds no more than decisions need. What people are shown is ``report``'s fold over the same
events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from drstate.execution.commands import Command
from drstate.execution.states import StepState, execution_transition, step_transition
from drstate.model.events import ExecutionStatus
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Plan, Stage

#: (stage id, shard id)
ShardKey = tuple[str, str]
#: (stage id, resource key)
HealthKey = tuple[str, str]
#: (stage id, shard id, action id or stack)
UndoKey = tuple[str, str, str]

ENDED = (StepState.DONE, StepState.FAILED)


@dataclass(frozen=True)
class ShardProgress:
    """How far one shard has come."""

    state: StepState = StepState.PENDING
    stack: StepState = StepState.PENDING
    actions: Mapping[str, StepState] = field(default_factory=dict)
    #: action -> what was there before this execution first ran it; undo and a rerun need it
    observed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: what failed in the stack: URN (or "") -> message
    stack_errors: Mapping[str, str] = field(default_factory=dict)
    #: fingerprints of the stack as it was before this execution first touched it; None: not begun
    before: Mapping[str, str] | None = None

    def with_action(self, action: str, state: StepState) -> ShardProgress:
        """A copy in which the action has reached ``state``."""
        before = self.actions.get(action, StepState.PENDING)
        return replace(self, actions={**self.actions, action: step_transition(before, state)})

    def with_observed(self, action: str, observed: Mapping[str, Any]) -> ShardProgress:
        """A copy that remembers the first observation of the action; later ones change nothing."""
        if action in self.observed:
            return self
        return replace(self, observed={**self.observed, action: observed})

    def orphaned(self) -> ShardProgress:
        """A copy in which every step that was begun and not ended is UNKNOWN."""
        return self._mapped({StepState.RUNNING: StepState.UNKNOWN})

    def retried(self) -> ShardProgress:
        """A copy in which what failed is to be done again; what is done stays done."""
        return self._mapped({StepState.FAILED: StepState.PENDING})

    def _mapped(self, change: Mapping[StepState, StepState]) -> ShardProgress:
        def changed(state: StepState) -> StepState:
            return step_transition(state, change[state]) if state in change else state

        return replace(
            self,
            state=changed(self.state),
            stack=changed(self.stack),
            actions={action: changed(state) for action, state in self.actions.items()},
        )


@dataclass(frozen=True)
class RunState:
    """How far an execution has come."""

    status: ExecutionStatus = ExecutionStatus.PENDING
    plan: Plan | None = None
    consents: frozenset[str] = frozenset()
    phases_started: frozenset[Phase] = frozenset()
    #: phase -> whether every stage of it was at least degraded, none unhealthy
    phases_finished: Mapping[Phase, bool] = field(default_factory=dict)
    sites_changed: frozenset[Phase] = frozenset()
    #: (resource, stack it left)
    moved: frozenset[tuple[str, str]] = frozenset()
    gates_opened: frozenset[str] = frozenset()
    gates_decided: Mapping[str, bool] = field(default_factory=dict)
    stages_started: frozenset[str] = frozenset()
    stages_finished: Mapping[str, WaveHealth] = field(default_factory=dict)
    shards: Mapping[ShardKey, ShardProgress] = field(default_factory=dict)
    health: Mapping[HealthKey, ResourceStatus] = field(default_factory=dict)
    #: stage -> keys whose health it waits for
    checked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: conditional stage -> whether it is run
    conditions: Mapping[str, bool] = field(default_factory=dict)
    #: resources with a failed step, per stage
    failed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: UNHEALTHY stages after which a person let the execution go on
    overridden: frozenset[str] = frozenset()
    #: who asked that it stops once the running wave has ended
    pause_requested: str | None = None
    #: who gave it up while its runner lives, and why
    cancel_requested: tuple[str, str] | None = None
    #: it stopped because somebody asked for it
    paused_on_request: bool = False
    #: the wave that is checked once more before anything else goes on
    revalidating: str | None = None
    #: rejected at a gate, and what was done is to be undone
    to_roll_back: bool = False
    #: from now on the execution only goes back
    rolling_back: bool = False
    #: (stage, shard, action id or stack) of what was undone
    undone: frozenset[UndoKey] = frozenset()
    #: commands given and not yet answered by an event
    issued: frozenset[Command] = frozenset()

    def shard(self, stage: str, shard: str) -> ShardProgress:
        """Progress of the shard; one that was not begun is all PENDING."""
        return self.shards.get((stage, shard), ShardProgress())

    def with_plan(self, plan: Plan) -> RunState:
        """A copy with the plan; what is asked of it at every event is worked out once."""
        return replace(self, plan=plan, checked={s.id: checked_resources(s) for s in plan.stages})

    def unchecked(self, stage: Stage) -> bool:
        """Whether the health of anything in the stage is not known yet.

        From the end: health is told about in the order of the keys, and this is asked at every
        event.
        """
        keys = self.checked.get(stage.id) or checked_resources(stage)
        return any((stage.id, key) not in self.health for key in reversed(keys))

    def with_status(self, status: ExecutionStatus) -> RunState:
        """A copy in ``status``. Raises InternalError where the table forbids it."""
        return replace(self, status=execution_transition(self.status, status))

    def with_shard(self, stage: str, shard: str, progress: ShardProgress) -> RunState:
        """A copy with the shard's progress."""
        return replace(self, shards={**self.shards, (stage, shard): progress})

    def with_failed(self, stage: str, resources: frozenset[str]) -> RunState:
        """A copy that remembers failed resources of the stage."""
        known = self.failed.get(stage, frozenset())
        return replace(self, failed={**self.failed, stage: known | resources})

    def attached(self, *, unasked: bool = False) -> RunState:
        """A copy as a new runner finds it: orphaned steps are UNKNOWN, failures are open again.

        ``unasked``: nobody let it go on; a worker took up what another one had left.
        """
        again = self.status is ExecutionStatus.FAILED
        kept = frozenset[str]() if again else self.overridden
        state = replace(
            self.with_status(ExecutionStatus.RUNNING),
            shards={key: progress.orphaned() for key, progress in self.shards.items()},
            issued=frozenset(),
            # whoever lets it go on takes the request back; one made before it began still holds
            pause_requested=(
                self.pause_requested if unasked or self.status is ExecutionStatus.PENDING else None
            ),
            paused_on_request=False,
        )
        if self.paused_on_request and not self.rolling_back:
            state = state.looking_again(state.last_finished())
        # what a drill made is not made again: from where it stood it goes on to removing it
        drill = self.plan is not None and bool(self.plan.drill)
        if self.rolling_back or drill or not (again or self.unhealthy_stage()):
            return state
        return state.reopened(kept)

    def last_finished(self) -> str | None:
        """The last stage of the plan that has ended."""
        stages = [stage.id for stage in (self.plan.stages if self.plan else ())]
        return next((one for one in reversed(stages) if one in self.stages_finished), None)

    def finished_before(self, stage: str) -> str | None:
        """The stage before this one in the plan, if it has ended."""
        stages = [row.id for row in (self.plan.stages if self.plan else ())]
        place = stages.index(stage) if stage in stages else 0
        before = stages[place - 1] if place else None
        return before if before in self.stages_finished else None

    def looking_again(self, stage: str | None) -> RunState:
        """A copy in which the stage's resources are to be checked once more."""
        if stage is None or self.plan is None or stage in self.overridden:
            return self
        row = next(one for one in self.plan.stages if one.id == stage)
        if self.plan.drill:
            return self  # whatever became of its copies meanwhile, they are to go
        if self.plan.never_blocks(row.phase):
            return self
        kept = {
            key: status
            for key, status in self.health.items()
            if key[0] != stage or status is ResourceStatus.SKIPPED
        }
        return replace(self, revalidating=stage, health=kept)

    def unhealthy_stage(self) -> str | None:
        """The finished UNHEALTHY stage that nobody has overridden, if there is one."""
        for stage, health in self.stages_finished.items():
            if health is WaveHealth.UNHEALTHY and stage not in self.overridden:
                return stage
        return None

    def reopened(self, kept: frozenset[str] = frozenset()) -> RunState:
        """A copy in which every stage that was not fully healthy, but ``kept``, is open again."""
        reopened = {
            stage
            for stage, health in self.stages_finished.items()
            if stage not in kept and (health is not WaveHealth.HEALTHY or self.failed.get(stage))
        } | {stage for stage, _ in self.shards if stage not in self.stages_finished}
        plan = self.plan
        if plan is not None:
            # what CLEANUP left is owed; once a later phase has begun, the site is in use again
            after = {phase: {*plan.phases[n + 1 :]} for n, phase in enumerate(plan.phases)}
            late = {phase for phase, later in after.items() if later & self.phases_started}
            over = {s.id for s in plan.stages if plan.never_blocks(s.phase) and s.phase in late}
            reopened -= over
        phases = {stage.phase for stage in plan.stages if stage.id in reopened} if plan else set()
        bad = {
            key
            for key, progress in self.shards.items()
            if key[0] in reopened and progress.state is StepState.FAILED
        }
        retried = {
            (stage.id, resource)
            for stage in (plan.stages if plan else ())
            for shard in stage.shards
            if (stage.id, str(shard.id)) in bad
            for resource in shard.resources
        }
        return replace(
            self,
            shards={
                key: progress.retried() if key in bad else progress
                for key, progress in self.shards.items()
            },
            stages_finished={k: v for k, v in self.stages_finished.items() if k not in reopened},
            phases_finished={
                phase: ok
                for phase, ok in self.phases_finished.items()
                if phase not in phases and ok
            },
            health={
                key: status
                for key, status in self.health.items()
                if key[0] not in reopened
                or (status is ResourceStatus.HEALTHY and key not in retried)
            },
            failed={stage: keys for stage, keys in self.failed.items() if stage not in reopened},
            # an override was for what was seen then
            overridden=self.overridden - reopened,
            revalidating=None if self.revalidating in reopened else self.revalidating,
        )


def checked_resources(stage: Stage) -> tuple[str, ...]:
    """Keys whose health the stage waits for: all of its resources but the no-ops, each once."""
    idle = {row.resource for shard in stage.shards for row in shard.no_ops}
    keys = [key for shard in stage.shards for key in shard.resources if key not in idle]
    return tuple(dict.fromkeys(keys))
