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
    CheckCondition,
    CheckHealth,
    Command,
    FinishExecution,
    FinishRevalidation,
    FinishStage,
    HoldShard,
    MoveState,
    PauseAsRequested,
    PauseUnhealthy,
    RunShard,
    StartPhase,
    StartStage,
)
from drstate.execution.progress import RunState
from drstate.execution.scheduling import due_in_phase, failed_for_good
from drstate.execution.states import GOES_BACK, StepState, step_transition
from drstate.model import events
from drstate.model.events import ExecutionStatus, Payload
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase

#: what goes on while a wave is looked at once more
_UNDER_WAY = (RunShard, HoldShard, CheckHealth, FinishStage)
#: what does not begin any more once a person has asked for a pause
_BEGINNINGS = (StartPhase, MoveState, CheckCondition, AskGate, StartStage)
#: told to people, whatever the execution is doing, or that it has ended
_ANY_TIME = (
    events.Warned,
    events.NotificationDelivered,
    events.NotificationFailed,
    events.NotificationHeld,
    events.ExecutionHidden,
)


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
    if False in state.gates_decided.values() or state.cancel_requested is not None:
        return (FinishExecution(ExecutionStatus.CANCELLED),)
    again = _due_again(state)
    for phase in state.plan.phases:
        commands = tuple(due_in_phase(state, phase))
        if again:
            # what is under way goes on; nothing new begins before the wave was looked at
            return again + tuple(one for one in commands if isinstance(one, _UNDER_WAY))
        if commands:
            return _held_back(state, commands)
        if not state.phases_finished[phase]:
            break
    failed = not all(state.phases_finished.values()) or failed_for_good(state)
    failed = failed or bool(state.plan.unreached)
    if state.plan.drill:
        failed = failed or WaveHealth.UNHEALTHY in state.stages_finished.values()
    return (FinishExecution(ExecutionStatus.FAILED if failed else ExecutionStatus.COMPLETED),)


def _due_again(state: RunState) -> tuple[Command, ...]:
    """What is due before the execution goes on after it had waited: the wave before, once more."""
    stage = next(
        (row for row in (state.plan.stages if state.plan else ()) if row.id == state.revalidating),
        None,
    )
    if stage is None:
        return ()
    if state.stages_finished.get(stage.id) is WaveHealth.UNHEALTHY:
        # only an override leads on from here; a resume without one opens the wave again
        return () if stage.id in state.overridden else (PauseUnhealthy(stage.id),)
    if state.unchecked(stage):
        return (CheckHealth(stage.id),)
    return (FinishRevalidation(stage.id),)


def _held_back(state: RunState, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """The commands, or the pause that a person asked for once only new work would begin."""
    if state.pause_requested is None:
        return commands
    going = tuple(one for one in commands if not isinstance(one, _BEGINNINGS))
    return going or (PauseAsRequested(),)


def _apply(state: RunState, event: Payload) -> RunState:  # noqa: C901, PLR0912 - one case a kind
    match event:
        case events.ExecutionCreated(plan=plan, planned=planned):
            if state.plan is not None:
                raise _misplaced(event, "the execution was created already")
            return state.with_plan(plan) if planned else state
        case events.ExecutionPlanned(plan=plan):
            if state.plan is not None:
                raise _misplaced(event, "the execution has a plan already")
            return state.with_plan(plan)
        case events.PauseRequested(by=by):
            return replace(state, pause_requested=by)
        case events.CancelRequested(by=by, reason=reason):
            return replace(state, cancel_requested=(by, reason))
        case events.RunnerLaunched() | events.Dispatched():
            return state
        case events.RunnerAttached(unasked=unasked):
            return state.attached(unasked=unasked)
        case events.ConsentRecorded(kind=kind):
            return replace(state, consents=state.consents | {kind})
        case events.ExecutionPaused(requested_by=asked):
            paused = state.with_status(ExecutionStatus.PAUSED)
            if not asked:
                return paused
            return replace(paused, pause_requested=None, paused_on_request=True)
        case events.GateOpened(stage=stage):
            paused = state.with_status(ExecutionStatus.PAUSED)
            return replace(paused, gates_opened=state.gates_opened | {stage})
        case events.GateDecided():
            return _decided(state, event)
        case events.ExecutionFinished(status=status):
            return state.with_status(status)
        case events.RollbackStarted():
            if state.status not in GOES_BACK:
                raise _misplaced(event, f"the execution is {state.status}")
            return replace(state, rolling_back=True)
    # the last steps of a runner that was asked to stop still end, and are told
    going = state.status in (ExecutionStatus.RUNNING, ExecutionStatus.PAUSED)
    if not going and not isinstance(event, _ANY_TIME):
        raise _misplaced(event, f"the execution is {state.status}")
    return _apply_progress(state, event)


def _decided(state: RunState, event: events.GateDecided) -> RunState:
    if event.stage in state.gates_decided or state.to_roll_back:
        return state  # two people decided at once: the first one counts
    if event.rollback and not event.approved:
        # it stays where it is until the rollback begins
        return replace(state, to_roll_back=True)
    if state.status is ExecutionStatus.PAUSED:
        state = state.with_status(ExecutionStatus.RUNNING)
    decided = {**state.gates_decided, event.stage: event.approved}
    state = replace(state, gates_decided=decided)
    if not event.approved or event.stage not in state.gates_opened:
        return state
    return state.looking_again(state.finished_before(event.stage))


def _apply_progress(state: RunState, event: Payload) -> RunState:  # noqa: C901, PLR0912 - the same
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
        case events.ConditionChecked(stage=stage, met=met):
            return replace(state, conditions={**state.conditions, stage: met})
        case events.WaveOverridden(stage=stage):
            again = None if state.revalidating == stage else state.revalidating
            overridden = state.overridden | {stage}
            return replace(state, overridden=overridden, revalidating=again)
        case events.WaveRevalidated(stage=stage, health=health):
            over = health is not WaveHealth.UNHEALTHY or stage in state.overridden
            return replace(
                state,
                stages_finished={**state.stages_finished, stage: health},
                revalidating=None if over else stage,
            )
        case events.HealthChecked(stage=stage, resource=resource, status=status):
            return replace(state, health={**state.health, (stage, resource): status})
        case events.ResourceSkipped(stage=stage, resource=resource):
            skipped = {**state.health, (stage, resource): ResourceStatus.SKIPPED}
            return replace(state, health=skipped)
        case _:
            return _apply_step(state, event)


def _apply_step(state: RunState, event: Payload) -> RunState:
    match event:
        case (
            events.ShardTaken(stage=stage, shard=shard) | events.ShardLeft(stage=stage, shard=shard)
        ):
            return state.with_shard(stage, shard, state.shard(stage, shard).orphaned())
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
