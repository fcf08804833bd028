"""What a worker does for each kind of task. The reducer and the steps are those of a local run.

Every task begins from the journal alone and may be begun again by another worker at any moment:
what it answers to Step Functions is only a hint of where to go next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any

from drstate.errors import DrstateError, JournalError, UsageError
from drstate.execution import commands as c
from drstate.execution.acting import starter_of
from drstate.execution.budgets import of_phase
from drstate.execution.dispatch.answers import Said, read_answer
from drstate.execution.dispatch.machine import GATE_AGAIN_SECONDS, GATE_SECONDS, SHARDS_A_CHILD
from drstate.execution.dispatch.messages import Task, region_of
from drstate.execution.dispatch.naming import own_name, starter
from drstate.execution.dispatch.requests import (
    RunRequest,
    check_direction,
    check_regions,
    read_request,
    referred,
)
from drstate.execution.dispatch.settling import dispatched, superseded, taken_away
from drstate.execution.dispatch.sharing import HOST, SharedLease, holder
from drstate.execution.drilling import make_drill
from drstate.execution.executing import RunOptions, check, creation, run_attempt
from drstate.execution.gates import refuse_starter
from drstate.execution.lease import Runner
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.notifying import teller_of
from drstate.execution.progress import RunState
from drstate.execution.recorder import OnEvent, Recorder
from drstate.execution.reducer import replay
from drstate.execution.services import Services
from drstate.execution.starting import look
from drstate.execution.states import FINAL
from drstate.journal.port import ExecutionHeader
from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Operation, Phase
from drstate.model.scope import ScopeKey

#: the dispatcher's name in the journal and on the command line
STEP_FUNCTIONS = "stepfunctions"
#: how long a task waits before it is looked at again where it cannot go on now, seconds
LATER_SECONDS = 15
_BEGINNINGS = ("runner_attached", "phase_started", "stage_started")
_OVER = (*FINAL, ExecutionStatus.FAILED)


@dataclass(frozen=True)
class Reply:
    """What becomes of a task: ``output`` ends it well, ``error`` badly; neither: it comes again."""

    output: dict[str, Any] | None = None
    error: DrstateError | None = None
    #: seconds until the message is seen again, where nothing is answered
    later: int = LATER_SECONDS
    #: nothing went wrong: it waits for a person, and that does not count as a try
    waits: bool = False


@dataclass(frozen=True)
class Desk:
    """What tasks are worked on with. ``on_lease`` is told the lease as soon as there is one."""

    services: Services
    identity: Runner
    on_event: OnEvent | None
    on_lease: Callable[[SharedLease], None]

    def lease(self, task: Task, scope: ScopeKey, *, fresh: bool) -> Callable[..., SharedLease]:
        """A way to hold the scope's lease for the task's execution, as ``RunOptions.hold``."""

        def hold(
            _journal: object, _scope: object, _runner: object, *, on_lost: Callable[..., None]
        ) -> SharedLease:
            made = SharedLease(
                self.services.journal,
                scope,
                self.identity,
                on_lost=on_lost,
                root=task.root,
                fresh=fresh,
            )
            self.on_lease(made)
            return made

        return hold


def begin(desk: Desk, task: Task) -> Reply:
    """Find the execution that the input refers to, or create the one that it wishes for."""
    services = desk.services
    given = task.body.get("input")
    name = referred(given)
    if name is None:
        name, created = own_name(services.journal, task)
        if not created:
            _create(desk, task, name, read_request(given))
    header = services.journal.header(name)
    if header.status in _OVER:
        raise UsageError(
            f"execution is {name!r}",
            why=f"it is {header.status}",
            hint='begin a new one: "Customer", "Environment" and "Operation"',
        )
    if dispatched(services, name) != task.root:
        _take_charge(desk, task, header)
    return Reply({"execution": name})


def advance(desk: Desk, task: Task) -> Reply:
    """Do all that is due but shards; tell Step Functions what to ask for next."""
    services = desk.services
    header = services.journal.header(task.execution)
    if header.status in _OVER:
        return Reply(_ended(services, header))
    other = superseded(services, task)
    if other is not None:
        return Reply(error=other)
    if taken_away(services.journal, header, task.root):
        return Reply(waits=True)
    said = _understood(services, task, header)
    if said.why:
        return Reply(_gate(header, again=True))
    state = replay([event.payload for event in services.journal.events(header.execution)])
    opened = open_gate(state)
    broken = task.state.get("refusal") if task.state.get("next") == "shards" else None
    if broken:
        _pause(desk, task, header, f"a stage ended badly in Step Functions: {broken}")
        return Reply(_gate(desk.services.journal.header(header.execution)))
    if said.timed_out and opened:
        _remind(desk, task, header, opened)
        return Reply(_gate(header, again=True))
    waits = state.status is ExecutionStatus.PAUSED and not opened
    if waits and said.answer is not None and not said.answer.approved:
        return Reply(_give_up(desk, task, header, said))
    handed: list[c.RunShard] = []
    present = services.journal.lease(header.scope)
    ours = present is not None and present.runner == holder(task.root)
    fresh = (
        not ours
        or task.attempt > 1
        or header.status is not ExecutionStatus.RUNNING
        or said.answer is not None
    )
    view = run_attempt(
        services,
        services.scope(header.scope.customer, header.scope.environment),
        header.execution,
        _loaded(services, header, said),
        resumed=header.status is not ExecutionStatus.PENDING,
        options=RunOptions(
            on_event=desk.on_event,
            # always a fence of its own: SQS may hand a task out twice, and one of the two goes on
            hold=desk.lease(task, header.scope, fresh=True),
            hand_over=handed.extend,
            joins=not fresh,
            unasked=header.status is ExecutionStatus.RUNNING and said.answer is None,
            spent={} if fresh else spent(services, header.execution),
        ),
        # where no gate is open, a yes means: try the wave again
        decision=said.answer if opened else None,
    )
    if handed:
        rows = [{"stage": row.stage, "shard": row.shard} for row in handed[:SHARDS_A_CHILD]]
        return Reply(
            {
                "execution": header.execution,
                "next": "shards",
                "stage": handed[0].stage,
                "shards": rows,
            }
        )
    _release(services, header.scope, task.root)
    header = services.journal.header(header.execution)
    if view.status is ExecutionStatus.PAUSED:
        return Reply(_gate(header))
    return Reply(_ended(services, header))


def spent(services: Services, execution: str) -> dict[str, float]:
    """Seconds since phases and stages began in this attempt, whoever worked on them."""
    begun: dict[str, datetime] = {}
    since = None
    for event in services.journal.events(execution, kinds=_BEGINNINGS):
        match event.payload:
            case e.RunnerAttached():
                since = event.at
            case e.PhaseStarted(phase=phase):
                begun[of_phase(phase)] = event.at
            case e.StageStarted(stage=stage):
                begun[stage] = event.at
            case _:
                continue
    now = services.clock.now()
    return {
        what: (now - (max(at, since) if since else at)).total_seconds()
        for what, at in begun.items()
    }


def plan_of(services: Services, wish: RunRequest) -> PlannedRun:
    """The plan for a wish, held against its scope. Raises as ``make_plan`` does."""
    scope = services.scope(wish.customer, wish.environment)
    check_regions(wish, scope)
    if wish.emergency:
        return make_plan(
            services,
            scope,
            phases=(Phase.ACTIVATE,),
            operation=wish.operation,
            waves=wish.waves,
            approval=wish.approval,
            force=True,
            emergency=True,
        )
    known = services.journal.load_catalog(scope.key)
    if known is not None:
        check_direction(wish, scope, known.serving)
    if wish.operation is Operation.TEST:
        return make_drill(services, scope, waves=wish.waves, approval=wish.approval)
    return make_plan(
        services,
        scope,
        phases=(),
        operation=wish.operation,
        waves=wish.waves,
        approval=wish.approval,
    )


def _create(desk: Desk, task: Task, name: str, wish: RunRequest) -> None:
    services = desk.services
    planned = plan_of(services, wish)
    by = starter(task)
    consent = by if wish.emergency else None
    seen = check(services, planned, preview=look(services, planned), consent=consent)
    write = creation(services, planned, seen, message=wish.message, consent=consent, operator=by)
    _under_lease(desk, task, planned.scope.key, name, write)


def _take_charge(desk: Desk, task: Task, header: ExecutionHeader) -> None:
    told = e.Dispatched(dispatcher=STEP_FUNCTIONS, arn=task.root, region=region_of(task.root))

    def write(recorder: Recorder, _fence: int) -> None:
        recorder.load()
        recorder.append(told)

    _under_lease(desk, task, header.scope, header.execution, write)


def _under_lease(
    desk: Desk, task: Task, scope: ScopeKey, name: str, write: Callable[[Recorder, int], object]
) -> None:
    services = desk.services
    lost: list[DrstateError] = []
    hold = desk.lease(task, scope, fresh=True)
    people = teller_of(services, scope, name)
    with people, hold(None, scope, desk.identity, on_lost=lost.append) as lease:
        recorder = Recorder(
            services.journal, name, lease.fence, services.clock, SimpleQueue(), desk.on_event
        )
        write(recorder, lease.fence)
        people.attach(recorder)
    if lost:
        raise lost[0]


def _loaded(
    services: Services, header: ExecutionHeader, said: Said
) -> Callable[[Recorder, int], Catalog]:
    def begin_(recorder: Recorder, _fence: int) -> Catalog:
        recorder.load()
        catalog = services.journal.load_catalog(header.scope)
        if catalog is None:
            raise JournalError(
                f"there is no catalog of {header.scope} to go on with",
                why="the journal holds the execution, but not the catalog it works on",
                hint="restore the journal's backup: drstate doctor names it",
            )
        stage = recorder.state.unhealthy_stage()
        if stage is not None and said.override and said.answer is not None:
            recorder.append(e.WaveOverridden(stage=stage, by=said.answer.by, reason=said.override))
        return catalog

    return begin_


def _understood(services: Services, task: Task, header: ExecutionHeader) -> Said:
    """What was said to a gate. What does not count is told as a warning, and changes nothing."""
    if task.state.get("next") != "gate":
        return Said()
    said = read_answer(task.state)
    if said.answer is not None:
        policies = services.scope(header.scope.customer, header.scope.environment).policies
        try:
            # what an answer says of who gave it is a name and no more
            by = Actor(name=said.answer.by)
            refuse_starter(policies, starter_of(services, header), by, header.execution)
        except UsageError as error:
            said = Said(why=f"{error.what}: {error.why}")
    if said.why:
        services.journal.append(
            header.execution,
            e.Warned(text=f"an answer to the gate does not count: {said.why}"),
            fence=None,
        )
    return said


def _pause(desk: Desk, task: Task, header: ExecutionHeader, reason: str) -> None:
    """Stop where a person has to look, with the lease given back."""

    def write(recorder: Recorder, _fence: int) -> None:
        recorder.load()
        hint = f"go on with: drstate resume {header.execution}"
        recorder.append(e.ExecutionPaused(reason=reason, hint=hint))

    _under_lease(desk, task, header.scope, header.execution, write)
    _release(desk.services, header.scope, task.root)


def open_gate(state: RunState) -> str:
    """The stage whose gate waits for a person; empty where none does."""
    undecided = [stage for stage in state.gates_opened if stage not in state.gates_decided]
    return undecided[0] if undecided and state.status is ExecutionStatus.PAUSED else ""


def _remind(desk: Desk, task: Task, header: ExecutionHeader, stage: str) -> None:
    """Tell people that nobody has answered, and that the token is replaced."""
    waited = (desk.services.clock.now() - header.updated_at).total_seconds()

    def write(recorder: Recorder, _fence: int) -> None:
        recorder.load()
        recorder.append(
            e.GateReminded(
                stage=stage,
                waited_seconds=max(0.0, waited),
                # the token is Step Functions' own: it is checked there
                token_sha256="",
                token_expires_at=desk.services.clock.now() + timedelta(seconds=GATE_AGAIN_SECONDS),
            )
        )

    _under_lease(desk, task, header.scope, header.execution, write)
    _release(desk.services, header.scope, task.root)


def _give_up(desk: Desk, task: Task, header: ExecutionHeader, said: Said) -> dict[str, Any]:
    from drstate.execution.cancelling import cancel  # noqa: PLC0415 it knows this room

    reason = said.answer.comment if said.answer is not None else ""
    _release(desk.services, header.scope, task.root)
    cancel(desk.services, header.execution, reason=reason)
    return _ended(desk.services, desk.services.journal.header(header.execution))


def _gate(header: ExecutionHeader, *, again: bool = False) -> dict[str, Any]:
    return {
        "execution": header.execution,
        "next": "gate",
        "gate_seconds": GATE_AGAIN_SECONDS if again else GATE_SECONDS,
    }


def _ended(services: Services, header: ExecutionHeader) -> dict[str, Any]:
    view = services.readers.status(header.execution)
    good = view.status is ExecutionStatus.COMPLETED
    error = view.error
    shown = {"execution": header.execution, "status": str(view.status)}
    if good:
        return {**shown, "next": "done"}
    return {
        **shown,
        "next": "failed",
        "error": error.code if error is not None else str(view.status).capitalize(),
        "cause": " ".join(part for part in (error.what, error.hint) if part)
        if error is not None
        else f"see drstate status {header.execution}",
    }


def _release(services: Services, scope: ScopeKey, root: str) -> None:
    held = services.journal.lease(scope)
    if held is not None and held.runner == holder(root) and held.host == HOST:
        services.journal.release(held)
