"""Use case: give up an execution, so that a new one may begin. Nothing is undone.

A living runner is asked to: it ends its steps in good order and writes the last event itself. What
a dead one left in the middle (a stack's lock, operations that were cut off) is repaired from here.
"""

from __future__ import annotations

from queue import SimpleQueue

from drstate.errors import JournalError, UsageError
from drstate.execution import states
from drstate.execution.acting import acting
from drstate.execution.deciding import refuse_other_world
from drstate.execution.ending import DEADLINE_SECONDS
from drstate.execution.lease import HeldLease, living
from drstate.execution.notifying import teller_of
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.execution.taking_over import wait_out
from drstate.journal.port import ExecutionHeader
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.scope import ScopeKey
from drstate.report.view import ExecutionView, Progress

#: a living runner ends its steps within its own deadline; it is waited for a little longer
ANSWER_SECONDS = DEADLINE_SECONDS + 30.0
_LOOK_SECONDS = 0.25

#: what stands in the way of a new execution on the same scope
OPEN = states.OPEN


def cancel(
    services: Services,
    execution: str | None = None,
    *,
    scope: ScopeKey | None = None,
    reason: str = "",
) -> ExecutionView:
    """Cancel ``execution``, or the newest open one (of ``scope``); returns its last view.

    Raises UnknownNameError, UsageError (it has ended), JournalError (its runner lives and does not
    answer).
    """
    header = services.readers.find(execution, scope, among=OPEN if execution is None else None)
    refuse_other_world(services, header)
    if header.status not in OPEN:
        raise UsageError(
            f"execution {header.execution} is {header.status}",
            why="only one that is open can be cancelled",
            hint=f"see it: drstate status {header.execution}",
        )
    asked = _ask_the_living(services, header, reason)
    if asked is not None:
        return asked
    wait_out(services, header)
    identity = services.runner()
    people = teller_of(services, header.scope, header.execution)
    with (
        people,
        HeldLease(services.journal, header.scope, identity, on_lost=lambda _: None) as lease,
    ):
        recorder = Recorder(
            services.journal, header.execution, lease.fence, services.clock, SimpleQueue(), people
        )
        recorder.load()
        people.attach(recorder)
        if recorder.state.status in states.FINAL:
            return recorder.view()  # its runner has just ended by itself
        repair(services, recorder)
        recorder.append(
            e.ExecutionFinished(
                status=ExecutionStatus.CANCELLED,
                changes=recorder.fold.changes,
                skipped=recorder.fold.skipped_resources(),
                error=recorder.fold.given_up(services.operator, reason),
                duration_seconds=recorder.seconds_since("execution"),
            )
        )
        view = recorder.view()
    return people.said(view)


def _ask_the_living(
    services: Services, header: ExecutionHeader, reason: str
) -> ExecutionView | None:
    """Have the runner that lives end it; its last view. None: nobody lives to be asked."""
    journal, clock = services.journal, services.clock
    held = living(journal, header.scope)
    if held is None:
        return None
    journal.append(
        header.execution,
        e.CancelRequested(
            by=services.operator, reason=reason, actor=acting(services, header.scope)
        ),
        fence=None,
    )
    until = clock.monotonic() + ANSWER_SECONDS
    while clock.monotonic() < until:
        if journal.header(header.execution).status not in OPEN:
            return services.readers.status(header.execution)
        if living(journal, header.scope) is None:
            return None
        clock.sleep(_LOOK_SECONDS)
    raise JournalError(
        f"process {held.pid} on {held.host} was asked to end {header.execution}, and has not yet",
        why=f"it had {ANSWER_SECONDS:g} s; the request stays in the journal",
        hint=f"watch it: drstate watch {header.execution}; if that process hangs, end it and "
        f"repeat: drstate cancel {header.execution}",
    )


def repair(services: Services, recorder: Recorder) -> None:
    """Mend the stacks whose update was cut off: dead locks, operations without an end."""
    from drstate.engine.recovery import recover  # noqa: PLC0415 loaded when it is needed

    begun = [
        (stage.id, shard.id, shard.stack.name)
        for stage in recorder.view().stages
        for shard in stage.shards
        if shard.stack is not None and shard.stack.state in (Progress.RUNNING, Progress.UNKNOWN)
    ]
    for stage, shard, stack in begun:
        finding = recover(services.stacks(), stack, refresh=True)
        recorder.append(e.StepUnknown(stage=stage, shard=shard, step=stack, finding=str(finding)))
