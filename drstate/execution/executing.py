"""Use case: carry out a plan. Also what starting and resuming have in common.

Everything is checked before the first event: the plan fits the catalog, nothing it would do is
refused, and with ``expect_no_changes`` nothing would change at all. From then on failures are part
of the story, not exceptions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue

from drstate.errors import (
    DrstateError,
    ExitCode,
    JournalError,
    PlanRefusedError,
    TimedOutError,
    UnexpectedChangesError,
    UsageError,
)
from drstate.execution import previewing
from drstate.execution.assembly import mover, order_for, workbench
from drstate.execution.beginning import attached_by, barred, created
from drstate.execution.cancelling import OPEN, repair
from drstate.execution.catalogkeeper import CatalogKeeper
from drstate.execution.commands import Command
from drstate.execution.consenting import consented
from drstate.execution.cutoff import pause_interrupted
from drstate.execution.foreseen import foreseen
from drstate.execution.gates import Answer, Ask, TellToken
from drstate.execution.gatestep import GateStep
from drstate.execution.grouping import give_way
from drstate.execution.inbox import Inbox
from drstate.execution.interrupts import InterruptPolicy, Interrupts, ending_for
from drstate.execution.lease import HeldLease
from drstate.execution.maintenance_watch import maintenance_watch
from drstate.execution.making_plan import PlannedRun
from drstate.execution.notifying import teller
from drstate.execution.pool import Admission, estimate, stated_bytes
from drstate.execution.recorder import OnEvent, Recorder
from drstate.execution.runner import HandOver, Runner
from drstate.execution.services import Services
from drstate.execution.starting import with_hindrances
from drstate.execution.system_health import in_turn, lease_watch
from drstate.execution.verifying import verification_or_none
from drstate.execution.workbench import Stop
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.health import WaveHealth
from drstate.model.plan import Plan
from drstate.model.scope import Scope
from drstate.report.preview import PlanPreview
from drstate.report.readiness import owed
from drstate.report.view import ExecutionView, Progress

_TIMED_OUT = TimedOutError("").code


@dataclass(frozen=True)
class RunOptions:
    """How a run talks to people and how much it does at once."""

    ask: Ask | None = None
    on_event: OnEvent | None = None
    parallel: int | None = None
    #: how Ctrl-C and SIGTERM are answered; None: they are not taken over
    interrupts: InterruptPolicy | None = None
    #: shows the token of a gate that opens; None: gates have none
    tell_token: TellToken | None = None
    #: how the scope's lease is held
    hold: type[HeldLease] | Callable[..., HeldLease] = HeldLease
    #: takes shards that other processes run; None: they are run here
    hand_over: HandOver | None = None
    #: it is a part of an attempt that was told already, by another process under the same lease
    joins: bool = False
    #: nobody let it go on: a worker takes up what another one left
    unasked: bool = False
    #: seconds that earlier parts of the attempt took; see ``Budgets``
    spent: Mapping[str, float] = field(default_factory=dict)


def execute(
    services: Services,
    planned: PlannedRun,
    *,
    message: str = "",
    preview: PlanPreview | None = None,
    ask: Ask | None = None,
    consent: str | None = None,
    expect_no_changes: bool = False,
    parallel: int | None = None,
    on_event: OnEvent | None = None,
    interrupts: InterruptPolicy | None = None,
    tell_token: TellToken | None = None,
) -> ExecutionView:
    """Run the plan to its end, or to the first gate where nobody is asked.

    ``preview`` is what the plan was seen to do; without it (or with that of another plan) it is
    made here. ``consent`` names who agrees to losing data: needed where the plan has an action that
    may.

    Nothing is done where this raises PlanRefusedError, UnexpectedChangesError, UsageError, or
    JournalError (another runner holds the scope). Failed steps do not raise: see the view's status.
    An interrupt raises RunInterruptedError once the execution is paused.
    """
    seen = check(
        services,
        planned,
        preview=preview,
        consent=consent,
        expect_no_changes=expect_no_changes,
        parallel=parallel,
    )
    return run_attempt(
        services,
        planned.scope,
        services.new_execution(),
        creation(services, planned, seen, message=message, consent=consent),
        resumed=False,
        options=RunOptions(ask, on_event, parallel, interrupts, tell_token),
    )


def check(
    services: Services,
    planned: PlannedRun,
    *,
    preview: PlanPreview | None = None,
    consent: str | None = None,
    expect_no_changes: bool = False,
    parallel: int | None = None,
    own: str = "",
) -> PlanPreview:
    """What must hold before an execution of the plan is created; the preview. See ``execute``.

    ``own``: the execution, where it was created before it was planned.
    """
    seen = _seen(services, planned, preview, parallel)
    seen = with_hindrances(services, planned, seen, own=own)
    previewing.refuse(seen)
    previewing.refuse_damage(seen)
    _require_room(services, planned.plan)
    if expect_no_changes:
        _refuse_changes(seen)
    _require_consent(planned.plan, consent)
    return seen


def creation(
    services: Services,
    planned: PlannedRun,
    seen: PlanPreview,
    *,
    message: str,
    consent: str | None,
    operator: str | None = None,
) -> Callable[[Recorder, int], Catalog]:
    """Writes the first events of an execution of the plan, under the lease with that fence.

    ``seen``: what ``check`` returned. ``operator``: who wants it, where that is not whoever runs
    this process.
    """

    def begin(recorder: Recorder, fence: int) -> Catalog:
        _refuse_second(services, planned.scope)
        verdict = verification_or_none(services, planned)
        catalog = save(services, planned, fence)
        actor = None if operator else services.actor(planned.plan.recovery)
        by = operator or services.operator
        agreed = consent if consent is not None and planned.plan.force else ""
        recorder.append(created(services, planned.plan, message, by, actor, verdict, agreed))
        give_way(services.journal, planned.plan, catalog, recorder)
        if agreed:
            recorder.append(consented(planned.scope.key, agreed))
        for warned in foreseen(services, planned.scope, seen):
            recorder.append(warned)
        return catalog

    return begin


def run_attempt(
    services: Services,
    scope: Scope,
    execution: str,
    begin: Callable[[Recorder, int], Catalog],
    *,
    resumed: bool,
    options: RunOptions,
    decision: Answer | None = None,
) -> ExecutionView:
    """One attempt at an execution under the scope's lease.

    ``begin`` is called with the recorder and the lease's fence; it brings the recorder to where the
    attempt starts and returns the saved catalog.

    Raises JournalError where another runner holds the scope, its lease is lost, or the execution
    has no plan; RunInterruptedError once it is paused; and what ``begin`` raises.
    """
    identity = services.runner()
    stop = Stop()

    def lost(error: DrstateError) -> None:
        stop.request("the lease was lost", error)

    queue: SimpleQueue[Command] = SimpleQueue()
    people = teller(services, scope, execution)
    with people, options.hold(services.journal, scope.key, identity, on_lost=lost) as lease:
        on_event = people.beside(options.on_event)
        recorder = Recorder(
            services.journal, execution, lease.fence, services.clock, queue, on_event
        )
        try:
            catalog = begin(recorder, lease.fence)
        except DrstateError:
            people.attach_to_failed(recorder)
            raise
        people.attach(recorder)
        plan = recorder.state.plan
        if plan is None:
            raise JournalError(
                f"execution {execution} has no plan",
                why="its first event is missing",
                hint="drstate history lists the executions that can go on",
            )
        keeper = CatalogKeeper(services.journal, catalog, lease.fence)
        if resumed:
            _require_room(services, plan)
        bench = workbench(
            services,
            scope,
            plan,
            recorder,
            keeper,
            parallel=options.parallel,
            message=f"drstate {execution}",
            stop=stop,
        )
        services.load_classes(plan)
        services.stopping.reset()
        ending = ending_for(services, options.interrupts)
        actor = services.actor(plan.recovery)
        engine = services.engine().name if plan.with_stacks else ""
        stated = stated_bytes(os.environ)
        interrupts = Interrupts(
            options.interrupts,
            ending,
            stop=stop.request,
            last_words=lambda: pause_interrupted(recorder),
        )
        runner = Runner(
            bench,
            queue,
            order_for(plan, catalog, bench.parallel, scope.policies.order),
            gates=GateStep(
                bench,
                ask=options.ask,
                tell_token=people.tokens(options.tell_token),
                asking=interrupts.asking,
                actor=actor,
                barred=barred(services, scope, execution, actor),
            ),
            decision=decision,
            mend=lambda: repair(services, recorder),
            move=mover(services),
            admission=Admission(services.memory, services.clock, on_wait=recorder.warn),
            cost=lambda shard: estimate(shard, engine, stated),
            ending=ending,
            interrupts=interrupts,
            hand_over=options.hand_over,
            spent=options.spent,
        )
        windows = maintenance_watch(
            services, scope, plan, recorder, shared=options.hand_over is not None
        )
        watch = in_turn(windows, lease_watch(services, scope, recorder))
        with Inbox(recorder, stop, watch=watch):
            attached = attached_by(identity, lease, actor, resumed=resumed, unasked=options.unasked)
            runner.run(None if options.joins else attached)
        view = recorder.view().model_copy(
            update={"owed": owed(keeper.catalog, sandbox=services.sandbox)}
        )
    return people.said(view)


def exit_code(view: ExecutionView) -> ExitCode:
    """The documented exit code for how an execution stands."""
    if view.status is ExecutionStatus.COMPLETED:
        # an error of one that is completed: what CLEANUP left, which is owed
        left = view.counts.skipped or view.skips or view.error
        return ExitCode.SKIPS if left else ExitCode.OK
    if view.status is ExecutionStatus.CANCELLED:
        return ExitCode.CANCELLED
    if view.status is ExecutionStatus.PAUSED:
        # a gate waits for a person; a wave that is UNHEALTHY stopped because something failed
        stopped = (
            view.stage is not None and view.stage_view(view.stage).health is WaveHealth.UNHEALTHY
        )
        if not stopped:
            return ExitCode.WAITING
    return ExitCode.TIMED_OUT if _timed_out(view) else ExitCode.FAILED


def _timed_out(view: ExecutionView) -> bool:
    """Whether time is all that was lacking: a budget ran out, or every failed step's deadline."""
    if view.error is not None and view.error.code == _TIMED_OUT:
        return True
    shards = [shard for stage in view.stages for shard in stage.shards]
    if any(row.stack is not None and row.stack.state is Progress.FAILED for row in shards):
        return False
    actions = [row for shard in shards for row in shard.actions if row.state is Progress.FAILED]
    errors = [row.error for row in actions if row.error is not None]
    errors += [shard.error for shard in shards if shard.error is not None]
    return bool(errors) and all(error.code == _TIMED_OUT for error in errors)


def _seen(
    services: Services, planned: PlannedRun, given: PlanPreview | None, parallel: int | None
) -> PlanPreview:
    if given is not None and given.plan_digest == planned.plan.digest():
        return given
    return previewing.preview(services, planned, parallel=parallel)


def _require_room(services: Services, plan: Plan) -> None:
    """An action must not change what its stack could then not record. Raises EngineError."""
    from drstate.engine.backends import require_room  # noqa: PLC0415 loaded when it is needed

    if plan.with_stacks:
        require_room(services.engine_settings())


def _refuse_second(services: Services, scope: Scope) -> None:
    """One open execution per scope; asked under the lease, so its runner is gone."""
    newest = services.journal.executions(scope.key, limit=1)
    if not newest or newest[0].status not in OPEN:
        return
    found = newest[0]
    raise JournalError(
        f"execution {found.execution} of {scope.key} is not finished: {found.status}",
        why="a second one could not tell what the first has begun",
        hint=f"go on with it: drstate resume {found.execution}\n"
        f"or give it up: drstate cancel {found.execution}",
    )


def _refuse_changes(seen: PlanPreview) -> None:
    if seen.empty and not seen.errors:
        return
    lines = [
        f"{stage.stage}: {stage.changes} change{'s' if stage.changes > 1 else ''}"
        for stage in seen.stages
        if stage.changes
    ]
    lines += [f"{stage} {shard}: {error.what}" for stage, shard, error in seen.errors]
    lines += [f"{move.resource} would move to {move.to_stack}" for move in seen.moves]
    raise UnexpectedChangesError(
        f"{seen.changes} changes where none were expected; nothing was done",
        why="\n".join(lines),
        hint="look at them: drstate preview; run without --expect-no-changes to carry them out",
    )


def _require_consent(plan: Plan, consent: str | None) -> None:
    needing = [
        spec
        for stage in plan.stages
        for shard in stage.shards
        for spec in shard.actions
        if spec.needs_consent is not None
    ]
    if needing and consent is None:
        raise UsageError(
            f"{needing[0].resource}: {needing[0].title} needs a consent",
            why="with --force, data that was not yet replicated may be lost for good",
            hint="confirm it at the prompt, or add --yes to --force",
        )


def save(services: Services, planned: PlannedRun, fence: int) -> Catalog:
    """The plan's catalog, stored. Raises PlanRefusedError where another was stored meanwhile."""
    stored = services.journal.load_catalog(planned.scope.key)
    version = stored.version if stored is not None else 0
    if version != planned.catalog.version:
        raise PlanRefusedError(
            f"the catalog of {planned.scope.key} changed since the plan was made",
            why=f"the plan knows version {planned.catalog.version}, stored is {version}",
            hint="plan again",
        )
    if stored == planned.catalog:
        return planned.catalog
    return services.journal.save_catalog(planned.catalog, fence=fence)
