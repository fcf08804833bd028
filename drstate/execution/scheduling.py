"""What of a phase is due now: which stages may start, what each needs next. Pure.

A stage waits for those that its plan names (``Stage.needs``; none named: all before it in its
phase). A gate is a barrier: it is asked once everything before it has ended, and nothing behind it
starts before the answer. After an UNHEALTHY wave nothing new starts, what was started ends, then
the execution waits for a person. CLEANUP is never held up: what fails there is owed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drstate.execution.commands import (
    AskGate,
    CheckCondition,
    CheckHealth,
    Command,
    FinishPhase,
    FinishStage,
    HoldShard,
    MoveState,
    PauseUnhealthy,
    RunShard,
    SkipStage,
    StartPhase,
    StartStage,
)
from drstate.execution.progress import ENDED, RunState
from drstate.execution.states import StepState
from drstate.model.health import WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Place, Plan, ShardPlan, Stage


def due_in_phase(state: RunState, phase: Phase) -> Iterator[Command]:
    """Everything of the phase that should be under way now; nothing once it has ended."""
    if state.plan is None or phase in state.phases_finished:
        return
    stages = [stage for stage in state.plan.stages if stage.phase is phase]
    first = stages[0] if stages else None
    if phase not in state.phases_started:
        # the gate of a phase's first stage stands before the phase
        if first is not None and first.gate and first.id not in state.gates_decided:
            yield AskGate(first.id)
        else:
            yield StartPhase(phase)
        return
    if phase is Phase.REPLICATE:
        for move in state.plan.moves:
            if (move.resource, move.from_stack) not in state.moved:
                yield MoveState(move.resource, move.from_stack)
                return
    held = _unhealthy(state, state.plan, stages)
    commands = list(_due_in_stages(state, stages, held))
    if commands:
        yield from commands
    elif held is not None:
        yield PauseUnhealthy(held)
    elif all(stage.id in state.stages_finished for stage in stages):
        yield FinishPhase(phase, ok=True)


def failed_for_good(state: RunState) -> bool:
    """Whether a failure makes the execution as a whole a failed one: CLEANUP's do not."""
    if state.plan is None:
        return False
    forgiven = {s.id for s in state.plan.stages if state.plan.never_blocks(s.phase)}
    # a stack of a drill's own may stand for no resource any more
    alone = state.plan.drill and any(
        shard.state is StepState.FAILED for shard in state.shards.values()
    )
    return bool(alone) or any(keys for stage, keys in state.failed.items() if stage not in forgiven)


def _unhealthy(state: RunState, plan: Plan, stages: Sequence[Stage]) -> str | None:
    """The first UNHEALTHY stage that nobody has overridden, where that holds anything up."""
    for stage in stages:
        # a drill never waits there: what it has to find is found, and its copies have to go
        if plan.never_blocks(stage.phase) or plan.drill:
            return None
        health = state.stages_finished.get(stage.id)
        if health is WaveHealth.UNHEALTHY and stage.id not in state.overridden:
            return stage.id
    return None


def _due_in_stages(state: RunState, stages: Sequence[Stage], held: str | None) -> Iterator[Command]:
    before: list[str] = []
    waits = False
    for stage in stages:
        if stage.id in state.stages_finished:
            before.append(stage.id)
            continue
        if stage.id in state.stages_started:
            yield from _due_in_stage(state, stage)
        elif held is None:
            barrier = stage.gate and stage.id not in state.gates_decided
            needs = before if stage.needs is None else stage.needs
            free = not (barrier and waits) and all(one in state.stages_finished for one in needs)
            if free:
                yield from _due_before(state, stage)
            if barrier and not (free and state.conditions.get(stage.id) is False):
                return
        before.append(stage.id)
        waits = True


def _due_before(state: RunState, stage: Stage) -> Iterator[Command]:
    """A stage that nothing stands before any more: its condition, its gate, its start."""
    met = state.conditions.get(stage.id, True)
    if stage.when is not None and stage.id not in state.conditions:
        yield CheckCondition(stage.id)
    elif not met:
        yield SkipStage(stage.id)
    elif stage.gate and stage.id not in state.gates_decided:
        yield AskGate(stage.id)
    else:
        yield StartStage(stage.id)


def _due_in_stage(state: RunState, stage: Stage) -> Iterator[Command]:
    for place in Place:
        here = [shard for shard in stage.shards if shard.place is place]
        waiting = [shard for shard in here if not _ended(state, stage, shard)]
        if waiting:
            guard = _failed_guard(state, stage, place)
            for shard in waiting:
                if guard is None:
                    yield RunShard(stage.id, str(shard.id))
                else:
                    yield HoldShard(stage.id, str(shard.id), guard)
            return
    if state.unchecked(stage):
        yield CheckHealth(stage.id)
        return
    yield FinishStage(stage.id)


def _ended(state: RunState, stage: Stage, shard: ShardPlan) -> bool:
    return state.shard(stage.id, str(shard.id)).state in ENDED


def _failed_guard(state: RunState, stage: Stage, place: Place) -> str | None:
    """A hook before the wave that failed, so that nothing behind it may begin."""
    if place is Place.BEFORE:
        return None
    failed = state.failed.get(stage.id, frozenset())
    for shard in stage.shards:
        if shard.place is Place.BEFORE:
            for action in shard.actions:
                if action.guards and action.resource in failed:
                    return action.resource
    return None
