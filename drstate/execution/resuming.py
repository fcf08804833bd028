"""Use case: go on with an execution that was killed, interrupted, waits at a gate, or failed.

Everything comes from the journal and the catalog; nothing is planned again. What was finished stays
finished, what was begun is observed first, what failed is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drstate.errors import UsageError
from drstate.execution import tokens
from drstate.execution.acting import acting, starter_of
from drstate.execution.consenting import make_up
from drstate.execution.deciding import refuse_other_world
from drstate.execution.executing import RunOptions, run_attempt
from drstate.execution.gates import Answer, Ask, TellToken, refuse_starter
from drstate.execution.grouping import refuse_in_use
from drstate.execution.interrupts import InterruptPolicy
from drstate.execution.planning_late import plan_now
from drstate.execution.recorder import OnEvent, Recorder
from drstate.execution.services import Services
from drstate.execution.states import FINAL
from drstate.execution.taking_over import vouching, wait_out
from drstate.journal.port import ExecutionHeader
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import Event, ExecutionStatus
from drstate.model.phases import Operation
from drstate.model.scope import Policies, ScopeKey
from drstate.report.view import ExecutionView

_CAN_GO_ON = (
    ExecutionStatus.PENDING,
    ExecutionStatus.RUNNING,
    ExecutionStatus.PAUSED,
    ExecutionStatus.FAILED,
)


def resume(
    services: Services,
    execution: str | None = None,
    *,
    scope: ScopeKey | None = None,
    approve: bool | None = None,
    comment: str = "",
    override: str | None = None,
    ask: Ask | None = None,
    on_event: OnEvent | None = None,
    parallel: int | None = None,
    interrupts: InterruptPolicy | None = None,
    tell_token: TellToken | None = None,
    take_over: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> ExecutionView:
    """Go on with ``execution``, or with the newest one (of ``scope``) that can go on.

    ``approve`` decides the gate that is open; without it ``ask`` is asked, or the execution stays
    paused. ``override`` is the reason why it may go on after the UNHEALTHY wave at which it waits;
    without it that wave is tried and judged again. ``take_over``: the caller vouches that the last
    runner is dead; without it, calls that it may have under way are waited out, which ``tell``
    hears. Raises UnknownNameError, UsageError (it has ended, or goes back, the sandbox does not
    match, there is nothing to override, the caller may not decide the gate), JournalError (another
    runner is at it).
    """
    if override is not None and not override.strip():
        raise UsageError(
            "--override needs a reason",
            why="it is kept in the journal with your name",
            hint='say it: --override "the batch job may wait until Monday"',
        )
    header = services.readers.find(
        execution, scope, among=_CAN_GO_ON if execution is None else None
    )
    _refuse_unfit(services, header)
    loaded = services.scope(header.scope.customer, header.scope.environment)
    decision = None
    if approve is not None:
        _refuse_decision(services, header, loaded.policies)
        decision = Answer(approved=approve, by=services.operator, comment=comment)
    vouched = wait_out(services, header, vouched=take_over, tell=tell)

    def begin(recorder: Recorder, fence: int) -> Catalog:
        recorder.load()
        if vouched:
            recorder.append(vouching(vouched))
        make_up(services, recorder)
        if recorder.state.plan is None and recorder.state.cancel_requested is None:
            return plan_now(services, loaded, recorder, fence)
        catalog = services.journal.load_catalog(header.scope)
        if catalog is None:
            raise UsageError(
                f"there is no catalog of {header.scope} to go on with",
                why="the journal holds the execution, but not the catalog it works on",
                hint="restore the journal's backup: drstate doctor names it",
            )
        _refuse_going_back(recorder)
        if header.status is ExecutionStatus.FAILED and recorder.state.plan is not None:
            # one that is open keeps others off its servers; one that has failed did not
            refuse_in_use(services.journal, recorder.state.plan, catalog, header.execution)
        if override is not None:
            _override(recorder, services.operator, override.strip())
        if _consent_is_missing(recorder):
            recorder.warn(
                "the execution stopped before its consent was recorded",
                "actions that need it will refuse; begin anew with --force",
            )
        return catalog

    return run_attempt(
        services,
        loaded,
        header.execution,
        begin,
        resumed=header.status is not ExecutionStatus.PENDING,
        options=RunOptions(ask, on_event, parallel, interrupts, tell_token),
        decision=decision,
    )


def _refuse_unfit(services: Services, header: ExecutionHeader) -> None:
    """Raise UsageError where nobody may go on with it from here."""
    if header.status in FINAL:
        raise UsageError(
            f"execution {header.execution} is {header.status}",
            why="it has ended; there is nothing left to go on with",
            hint=f"see it: drstate status {header.execution}; begin anew: drstate up",
        )
    if header.operation is Operation.TEST and header.status is ExecutionStatus.FAILED:
        raise UsageError(
            f"execution {header.execution} is a drill that has failed",
            why="its copies are not made again; what may be left of them is only removed",
            hint=f"remove it: drstate test --cleanup -c {header.scope.customer} "
            f"-e {header.scope.environment}; rehearse anew: drstate test",
        )
    newest = services.journal.executions(header.scope, limit=1)[0]
    if newest.execution != header.execution:
        raise UsageError(
            f"execution {header.execution} of {header.scope} was overtaken by {newest.execution}",
            why="its plan was made for roles and a catalog that may have changed since",
            hint="begin anew: drstate up; the newest one: drstate status " + newest.execution,
        )
    refuse_other_world(services, header)


def _refuse_decision(services: Services, header: ExecutionHeader, policies: Policies) -> None:
    """Raise UsageError where the open gate, if there is one, is not for this person to decide."""
    story = services.journal.events(
        header.execution, kinds=("gate_opened", "gate_reminded", "gate_decided")
    )
    stage = _open_gate(story)
    if stage is None:
        return
    if policies.separate_approver:
        by = acting(services, header.scope)
        refuse_starter(policies, starter_of(services, header), by, header.execution)
    if policies.approval_token:
        raise tokens.wanted(story, stage, header.execution)


def _open_gate(story: Sequence[Event]) -> str | None:
    """The stage whose gate was opened and not decided."""
    opened = [row.payload.stage for row in story if isinstance(row.payload, e.GateOpened)]
    decided = {row.payload.stage for row in story if isinstance(row.payload, e.GateDecided)}
    return next((stage for stage in reversed(opened) if stage not in decided), None)


def _refuse_going_back(recorder: Recorder) -> None:
    if recorder.state.to_roll_back and not recorder.state.rolling_back:
        raise UsageError(
            f"execution {recorder.execution} was rejected",
            why="whoever rejected it wants undone what it did",
            hint=f"undo it: drstate rollback {recorder.execution} --yes",
        )
    if not recorder.state.rolling_back:
        return
    raise UsageError(
        f"execution {recorder.execution} was rolled back, wholly or in part",
        why="it only goes back from there",
        hint=f"go on with it: drstate rollback {recorder.execution} --yes; begin anew: drstate up",
    )


def _override(recorder: Recorder, by: str, reason: str) -> None:
    state = recorder.state
    stage = state.unhealthy_stage()
    if stage is None or state.status is not ExecutionStatus.PAUSED:
        raise UsageError(
            f"execution {recorder.execution} waits at no UNHEALTHY wave",
            why=f"it is {state.status}, and there is no verdict to override",
            hint=f"leave --override out: drstate resume {recorder.execution}",
        )
    recorder.append(e.WaveOverridden(stage=stage, by=by, reason=reason))


def _consent_is_missing(recorder: Recorder) -> bool:
    plan = recorder.state.plan
    return plan is not None and any(
        spec.needs_consent is not None and spec.needs_consent not in recorder.state.consents
        for stage in plan.stages
        for shard in stage.shards
        for spec in shard.actions
    )
