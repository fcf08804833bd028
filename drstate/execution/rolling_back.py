"""Use case: take back what a stopped execution did, as far as that is possible.

Looking (``look_back``) changes nothing and says what will be undone and what cannot be. Going back
is journaled like going on: intent, then result; killed in between, the same command goes on with
it. Once begun, the execution cannot be resumed; undone as a whole, it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from drstate.errors import DrstateError, ExitCode, UsageError
from drstate.execution.advice import addressed
from drstate.execution.assembly import order_for, workbench
from drstate.execution.cancelling import repair
from drstate.execution.catalogkeeper import CatalogKeeper
from drstate.execution.commands import Command
from drstate.execution.cutoff import pause_interrupted
from drstate.execution.grouping import refuse_in_use
from drstate.execution.interrupts import InterruptPolicy, Interrupts, ending_for
from drstate.execution.lease import HeldLease
from drstate.execution.notifying import teller
from drstate.execution.recorder import OnEvent, Recorder
from drstate.execution.services import Services
from drstate.execution.states import GOES_BACK, OPEN
from drstate.execution.taking_over import wait_out
from drstate.execution.undoing import Undoing
from drstate.execution.wayback import RETURNING, Trail, WayBack, plan_of, way_back
from drstate.execution.workbench import Stop, StoppedError, Workbench
from drstate.journal.port import ExecutionHeader
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import ErrorInfo, ExecutionStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import Plan
from drstate.model.scope import ScopeKey
from drstate.model.words import counted
from drstate.report.view import ExecutionView, Progress


@dataclass(frozen=True)
class LookBack:
    """What a rollback will do. Nothing was changed yet."""

    header: ExecutionHeader
    plan: Plan
    waves: tuple[int, ...]
    way: WayBack


def look_back(
    services: Services,
    execution: str | None = None,
    *,
    scope: ScopeKey | None = None,
    waves: Sequence[int] = (),
) -> LookBack:
    """What would be undone of ``execution``, or of the newest one (of ``scope``) that stopped.

    Raises UnknownNameError, UsageError (it has ended for good, was overtaken, belongs to another
    world, or has no such wave).
    """
    header = services.readers.find(execution, scope, among=None if execution else GOES_BACK)
    _refuse(services, header)
    story = services.journal.events(header.execution)
    plan = plan_of(story)
    if plan is None:
        raise UsageError(
            f"execution {header.execution} has no plan",
            why="it ended before it was planned; there is nothing to undo",
            hint=f"see it: drstate status {header.execution}",
        )
    if plan.drill:
        raise UsageError(
            f"execution {header.execution} is a drill",
            why="it changed nothing that could be put back; what it made is removed",
            hint=f"drstate test --cleanup -c {plan.scope.customer} -e {plan.scope.environment}",
        )
    known = sorted({stage.wave for stage in plan.stages})
    unknown = sorted(set(waves) - set(known))
    if unknown:
        raise UsageError(
            f"execution {header.execution} has no wave {unknown[0]}",
            why=f"its waves: {', '.join(map(str, known))}",
            hint="leave --wave out to undo all of them",
        )
    levels = order_for(plan, _catalog(services, header)).levels
    way = way_back(plan, Trail.of(story), waves, levels)
    return LookBack(header, plan, tuple(sorted(set(waves))), way)


def rollback(
    services: Services,
    looked: LookBack,
    *,
    reason: str = "",
    on_event: OnEvent | None = None,
    parallel: int | None = None,
    interrupts: InterruptPolicy | None = None,
) -> ExecutionView:
    """Undo it; the last view. Undone as a whole it is CANCELLED, else FAILED and repeatable.

    Raises UsageError, JournalError (another runner is at it, or the lease was lost),
    PlanRefusedError (another scope's execution works on its servers), RunInterruptedError.
    """
    header = looked.header
    scope = services.scope(header.scope.customer, header.scope.environment)
    wait_out(services, header)
    identity = services.runner()
    stop = Stop()

    def lost(error: DrstateError) -> None:
        stop.request("the lease was lost", error)

    queue: SimpleQueue[Command] = SimpleQueue()
    people = teller(services, scope, header.execution)
    with people, HeldLease(services.journal, header.scope, identity, on_lost=lost) as lease:
        told = people.beside(on_event)
        recorder = Recorder(
            services.journal, header.execution, lease.fence, services.clock, queue, told
        )
        # looked at again under the lease: another attempt may have gone further
        looked = look_back(services, header.execution, waves=looked.waves)
        trail = Trail.of(services.journal.events(header.execution))
        recorder.load()
        people.attach(recorder)
        keeper = CatalogKeeper(services.journal, _catalog(services, header), lease.fence)
        if looked.header.status not in OPEN:
            # one that is open keeps others off its servers; one that has failed did not
            refuse_in_use(services.journal, looked.plan, keeper.catalog, header.execution)
        bench = workbench(
            services,
            scope,
            looked.plan,
            recorder,
            keeper,
            parallel=parallel,
            message=f"drstate rollback {header.execution}",
            stop=stop,
        )
        if any(not step.resource for step in looked.way.steps):
            services.load_classes(looked.plan)
        recorder.append(
            e.RollbackStarted(
                by=services.operator,
                reason=reason,
                waves=looked.waves,
                whole=looked.way.whole,
                steps=looked.way.steps,
                left=looked.way.left,
            )
        )
        recorder.append(
            e.RunnerAttached(
                runner=identity.id,
                host=identity.host,
                pid=identity.pid,
                fence=lease.fence,
                resumed=True,
                actor=services.actor(looked.plan.recovery),
            )
        )
        services.stopping.reset()
        ending = ending_for(services, interrupts)
        with Interrupts(
            interrupts, ending, stop=stop.request, last_words=lambda: pause_interrupted(recorder)
        ):
            _go(services, bench, looked, trail)
        view = recorder.view()
    return people.said(view)


def exit_code(view: ExecutionView) -> ExitCode:
    """0 where all that was to be undone is undone."""
    done = view.rollback is not None and view.rollback.state is Progress.DONE
    return ExitCode.OK if done else ExitCode.FAILED


def _go(services: Services, bench: Workbench, looked: LookBack, trail: Trail) -> None:
    recorder = bench.recorder
    try:
        repair(services, recorder)
        done = Undoing(bench, trail).run(looked.way)
    except (KeyboardInterrupt, StoppedError):
        if bench.stop.error is not None:
            raise bench.stop.error from None
        bench.stop.request("interrupted")
        raise pause_interrupted(recorder) from None
    except BaseException as error:
        if bench.stop.error is not None:
            raise bench.stop.error from None
        if bench.stop and isinstance(error, DrstateError):
            raise pause_interrupted(recorder) from error
        raise
    if done and looked.way.whole:
        _restore_roles(bench, trail)
    whole = done and looked.way.whole
    recorder.append(
        e.ExecutionFinished(
            status=ExecutionStatus.CANCELLED if whole else ExecutionStatus.FAILED,
            changes=recorder.fold.changes,
            failed=recorder.fold.failed_resources(),
            skipped=recorder.fold.skipped_resources(),
            error=_told(recorder, done=done, whole=whole),
            duration_seconds=recorder.seconds_since("execution"),
        )
    )


def _told(recorder: Recorder, *, done: bool, whole: bool) -> ErrorInfo:
    found = recorder.view().rollback
    by = found.by if found else ""
    back = recorder.fold.decisions()[1]
    if not done:
        bad = [row for row in found.steps if row.state is Progress.FAILED] if found else []
        return ErrorInfo(
            code="Operation",
            what=f"the rollback stopped: {counted(len(bad), 'step')} could not be undone",
            why="; ".join(f"{row.title}: {row.error.what}" for row in bad if row.error),
            # what was not chosen is not to be undone by a pasted line
            hint=f"mend the cause, then: {back}"
            + "".join(f" --wave {wave}" for wave in (found.waves if found else ())),
        )
    if not whole:
        return ErrorInfo(
            code="RolledBack",
            what=f"the chosen waves were rolled back by {by}",
            why="what the other waves did stays",
            hint=f"undo the rest: {back}",
        )
    left = len(found.left) if found else 0
    view = recorder.view()
    anew = addressed(f"drstate up --phase {view.phases[0].phase}", view.scope)
    return ErrorInfo(
        code="RolledBack",
        what=f"rolled back by {by}",
        why=f"{counted(left, 'thing')} could not be undone, see the rollback" if left else "",
        hint=f"begin anew, from what is there: {anew}",
    )


def _restore_roles(bench: Workbench, trail: Trail) -> None:
    """Give the sites the roles and states that they had before this execution changed them."""
    changed = [phase for phase in RETURNING if phase in bench.recorder.state.sites_changed]
    if not changed:
        return
    plan = bench.plan

    def back(catalog: Catalog) -> Catalog:
        sites = dict(catalog.sites)
        for phase in changed:
            region = next(stage.region for stage in plan.stages if stage.phase is phase)
            found = trail.found.get(phase)
            if found is not None and sites.get(region) is phase.leaves:
                sites[region] = found
        roles: dict[str, object] = {"sites": sites}
        if Phase.ACTIVATE in changed and catalog.serving != plan.serving:
            sites[plan.serving] = SiteState.ACTIVE
            roles |= {"serving": plan.serving, "recovery": plan.recovery}
        return catalog.model_copy(update=roles)

    catalog = bench.catalog.update(back)
    bench.recorder.append(
        e.SiteChanged(sites=catalog.sites, serving=catalog.serving, recovery=catalog.recovery)
    )


def _refuse(services: Services, header: ExecutionHeader) -> None:
    name = header.execution
    if header.status not in GOES_BACK:
        raise UsageError(
            f"execution {name} is {header.status}",
            why="only one that stopped on its way can be rolled back",
            hint="turn the roles instead: drstate up --phase replicate, then activate"
            if header.status is ExecutionStatus.COMPLETED
            else f"see it: drstate status {name}",
        )
    newest = services.journal.executions(header.scope, limit=1)[0]
    if newest.execution != name:
        raise UsageError(
            f"execution {name} of {header.scope} was overtaken by {newest.execution}",
            why="what it recorded is not what is there any more",
            hint=f"see the newest one: drstate status {newest.execution}",
        )
    if header.sandbox != services.sandbox:
        raise UsageError(
            f"execution {name} belongs to {'the sandbox' if header.sandbox else 'real accounts'}",
            why="a run never changes from one world to the other",
            hint="add --sandbox" if header.sandbox else "leave --sandbox out",
        )


def _catalog(services: Services, header: ExecutionHeader) -> Catalog:
    catalog = services.journal.load_catalog(header.scope)
    if catalog is None:
        raise UsageError(
            f"there is no catalog of {header.scope} to go back with",
            why="the journal holds the execution, but not the catalog it works on",
            hint="restore the journal's backup: drstate doctor names it",
        )
    return catalog
