"""``reduce(state, event) -> (state, commands)``: pure; the one place that decides what is next.

``due`` tells from a state alone everything that should be under way now; ``reduce`` gives each such
command once. A runner that attaches gets all of them again, which is what makes a resume the same
code as a start: there is no second path to keep in step.

It reads neither clock nor store, and it never guesses: an event that does not fit raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drstate.errors import InternalError
from drstate.execution.commands import (
    AskGate,
    CheckHealth,
    Command,
    FinishExecution,
    FinishPhase,
    FinishStage,
    MoveState,
    PauseUnhealthy,
    RunShard,
    StartPhase,
    StartStage,
)
from drstate.execution.progress import ENDED, RunState, checked_resources
from drstate.execution.states import GOES_BACK, StepState, step_transition
from drstate.model import events
from drstate.model.events import ExecutionStatus, Payload
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Stage


def reduce(state: RunState, event: Payload) -> tuple[RunState, tuple[Command, ...]]:
    """The state after the event, and the commands that it makes due.

    Raises InternalError where the event is impossible in the state.
    """
    after = _apply(state, event)
    now_due = due(after)
    new = tuple(command for command in now_due if command not in after.issued)
    return replace(after, issued=frozenset(now_due)), new


def replay(story: Iterator[Payload] | list[Payload]) -> RunState:
    """The state after the events, as a runner needs it that attaches next."""
    state = RunState()
    for event in story:
        state = _apply(state, event)
    return state


def due(state: RunState) -> tuple[Command, ...]:
    """Everything that should be under way or wait to begin, in order. Empty unless RUNNING.

    A rollback has its own order: nothing is due while it goes on.
    """
    if state.status is not ExecutionStatus.RUNNING or state.plan is None or state.rolling_back:
        return ()
    if False in state.gates_decided.values():
        return (FinishExecution(ExecutionStatus.CANCELLED),)
    for phase in state.plan.phases:
        commands = tuple(_due_in_phase(state, phase))
        if commands:
            return commands
        if not state.phases_finished[phase]:
            break
    failed = not all(state.phases_finished.values()) or any(state.failed.values())
    failed = failed or bool(state.plan.unreached)
    return (FinishExecution(ExecutionStatus.FAILED if failed else ExecutionStatus.COMPLETED),)


def _due_in_phase(state: RunState, phase: Phase) -> Iterator[Command]:
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
    for stage in stages:
        health = state.stages_finished.get(stage.id)
        if health is None:
            yield from _due_in_stage(state, stage)
            return
        if health is WaveHealth.UNHEALTHY and stage.id not in state.overridden:
            yield PauseUnhealthy(stage.id)
            return
    yield FinishPhase(phase, ok=True)


def _due_in_stage(state: RunState, stage: Stage) -> Iterator[Command]:
    if stage.gate and stage.id not in state.gates_decided:
        yield AskGate(stage.id)
        return
    if stage.id not in state.stages_started:
        yield StartStage(stage.id)
        return
    shards = {str(shard.id): state.shard(stage.id, str(shard.id)) for shard in stage.shards}
    if not all(progress.state in ENDED for progress in shards.values()):
        for shard, progress in shards.items():
            if progress.state not in ENDED:
                yield RunShard(stage.id, shard)
        return
    if any((stage.id, key) not in state.health for key in checked_resources(stage)):
        yield CheckHealth(stage.id)
        return
    yield FinishStage(stage.id)


def _apply(state: RunState, event: Payload) -> RunState:  # noqa: C901 - one case a kind
    match event:
        case events.ExecutionCreated(plan=plan):
            if state.plan is not None:
                raise _misplaced(event, "the execution was created already")
            return replace(state, plan=plan)
        case events.RunnerAttached():
            return state.attached()
        case events.ConsentRecorded(kind=kind):
            return replace(state, consents=state.consents | {kind})
        case events.ExecutionPaused():
            return state.with_status(ExecutionStatus.PAUSED)
        case events.GateOpened(stage=stage):
            paused = state.with_status(ExecutionStatus.PAUSED)
            return replace(paused, gates_opened=state.gates_opened | {stage})
        case events.GateDecided(stage=stage, approved=approved):
            if state.status is ExecutionStatus.PAUSED:
                state = state.with_status(ExecutionStatus.RUNNING)
            return replace(state, gates_decided={**state.gates_decided, stage: approved})
        case events.ExecutionFinished(status=status):
            return state.with_status(status)
        case events.RollbackStarted():
            if state.status not in GOES_BACK:
                raise _misplaced(event, f"the execution is {state.status}")
            return replace(state, rolling_back=True)
    # the last steps of a runner that was asked to stop still end, and are told
    going = state.status in (ExecutionStatus.RUNNING, ExecutionStatus.PAUSED)
    if not going and not isinstance(event, events.Warned):
        raise _misplaced(event, f"the execution is {state.status}")
    return _apply_progress(state, event)


def _apply_progress(state: RunState, event: Payload) -> RunState:  # noqa: C901 - the same
    match event:
        case events.PhaseStarted(phase=phase):
            return replace(state, phases_started=state.phases_started | {phase})
        case events.PhaseFinished(phase=phase, ok=ok):
            return replace(state, phases_finished={**state.phases_finished, phase: ok})
        case events.SiteChanged() if state.rolling_back:
            return state
        case events.UndoFinished(stage=stage, shard=shard, step=step):
            return replace(state, undone=state.undone | {(stage, shard, step)})
        case events.SiteChanged():
            current = _current_phase(state)
            return replace(state, sites_changed=state.sites_changed | {current})
        case events.MoveFinished(resource=resource, from_stack=source):
            return replace(state, moved=state.moved | {(resource, source)})
        case events.StageStarted(stage=stage):
            return replace(state, stages_started=state.stages_started | {stage})
        case events.StageFinished(stage=stage, health=health):
            return replace(state, stages_finished={**state.stages_finished, stage: health})
        case events.WaveOverridden(stage=stage):
            return replace(state, overridden=state.overridden | {stage})
        case events.HealthChecked(stage=stage, resource=resource, status=status):
            return replace(state, health={**state.health, (stage, resource): status})
        case events.ResourceSkipped(stage=stage, resource=resource):
            skipped = {**state.health, (stage, resource): ResourceStatus.SKIPPED}
            return replace(state, health=skipped)
        case _:
            return _apply_step(state, event)


def _apply_step(state: RunState, event: Payload) -> RunState:
    match event:
        case events.ShardStarted(stage=stage, shard=shard):
            progress = state.shard(stage, shard)
            begun = step_transition(progress.state, StepState.RUNNING)
            return state.with_shard(stage, shard, replace(progress, state=begun))
        case events.ShardFinished(stage=stage, shard=shard, ok=ok, failed=failed):
            progress = state.shard(stage, shard)
            ended = step_transition(progress.state, StepState.DONE if ok else StepState.FAILED)
            state = state.with_shard(stage, shard, replace(progress, state=ended))
            return state.with_failed(stage, frozenset(failed)) if failed or not ok else state
        case events.StackStarted(stage=stage, shard=shard, before=before):
            progress = state.shard(stage, shard)
            begun = step_transition(progress.stack, StepState.RUNNING)
            first = before if progress.before is None else progress.before
            return state.with_shard(stage, shard, replace(progress, stack=begun, before=first))
        case events.StackFinished(stage=stage, shard=shard, ok=ok, errors=errors):
            progress = state.shard(stage, shard)
            ended = step_transition(progress.stack, StepState.DONE if ok else StepState.FAILED)
            progress = replace(progress, stack=ended, stack_errors=errors)
            return state.with_shard(stage, shard, progress)
        case events.ActionIntended(stage=stage, shard=shard, action=action, observed=observed):
            state = _with_action(state, stage, shard, action, StepState.RUNNING)
            progress = state.shard(stage, shard).with_observed(action, observed)
            return state.with_shard(stage, shard, progress)
        case events.ActionFinished(stage=stage, shard=shard, action=action):
            return _with_action(state, stage, shard, action, StepState.DONE)
        case events.ActionFailed(stage=stage, shard=shard, action=action, resource=resource):
            state = _with_action(state, stage, shard, action, StepState.FAILED)
            return state.with_failed(stage, frozenset({resource}))
        case _:
            # told to people, nothing to decide: progress, endpoints, retries, findings, warnings
            return state


def _with_action(state: RunState, stage: str, shard: str, action: str, to: StepState) -> RunState:
    progress = state.shard(stage, shard).with_action(action, to)
    return state.with_shard(stage, shard, progress)


def _current_phase(state: RunState) -> Phase:
    for phase in state.plan.phases if state.plan else ():
        if phase in state.phases_started and phase not in state.phases_finished:
            return phase
    raise InternalError(
        "site roles were changed while no phase was running",
        why="the journal holds an order of events that cannot happen",
        hint="drstate logs shows the events; report this with them",
    )


def _misplaced(event: Payload, why: str) -> InternalError:
    return InternalError(
        f"event {event.type} cannot happen here",
        why=why,
        hint="drstate logs shows the events; report this with them",
    )
