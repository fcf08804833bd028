"""Use case: go on with an execution that was killed, interrupted, waits at a gate, or failed.

Everything comes from the journal and the catalog; nothing is planned again. What was finished stays
finished, what was begun is observed first, what failed is tried again.
"""

from __future__ import annotations

from drstate.errors import UsageError
from drstate.execution.executing import RunOptions, run_attempt
from drstate.execution.gates import Answer, Ask
from drstate.execution.interrupts import InterruptPolicy
from drstate.execution.recorder import OnEvent, Recorder
from drstate.execution.services import Services
from drstate.execution.states import FINAL
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.scope import ScopeKey
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
) -> ExecutionView:
    """Go on with ``execution``, or with the newest one (of ``scope``) that can go on.

    ``approve`` decides the gate that is open; without it ``ask`` is asked, or the execution stays
    paused. ``override`` is the reason why it may go on after the UNHEALTHY wave at which it waits;
    without it that wave is tried and judged again. Raises UnknownNameError, UsageError (it has
    ended, or goes back, the sandbox does not match, there is nothing to override), JournalError
    (another runner is at it).
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
    if header.status in FINAL:
        raise UsageError(
            f"execution {header.execution} is {header.status}",
            why="it has ended; there is nothing left to go on with",
            hint=f"see it: drstate status {header.execution}; begin anew: drstate up",
        )
    newest = services.journal.executions(header.scope, limit=1)[0]
    if newest.execution != header.execution:
        raise UsageError(
            f"execution {header.execution} of {header.scope} was overtaken by {newest.execution}",
            why="its plan was made for roles and a catalog that may have changed since",
            hint="begin anew: drstate up; the newest one: drstate status " + newest.execution,
        )
    if header.sandbox != services.sandbox:
        raise UsageError(
            f"execution {header.execution} belongs to "
            f"{'the sandbox' if header.sandbox else 'real accounts'}",
            why="a run never changes from one world to the other",
            hint="add --sandbox" if header.sandbox else "leave --sandbox out",
        )
    loaded = services.scope(header.scope.customer, header.scope.environment)
    decision = None
    if approve is not None:
        decision = Answer(approved=approve, by=services.operator, comment=comment)

    def begin(recorder: Recorder, _fence: int) -> Catalog:
        recorder.load()
        catalog = services.journal.load_catalog(header.scope)
        if catalog is None:
            raise UsageError(
                f"there is no catalog of {header.scope} to go on with",
                why="the journal holds the execution, but not the catalog it works on",
                hint="restore the journal's backup: drstate doctor names it",
            )
        _refuse_going_back(recorder)
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
        resumed=True,
        options=RunOptions(ask, on_event, parallel, interrupts),
        decision=decision,
    )


def _refuse_going_back(recorder: Recorder) -> None:
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
