"""Use case: give up an execution that nobody runs any more, so that a new one may begin.

A living runner is not stopped from here: its lease is respected. What the dead one left in the
middle (a stack's lock, operations that were cut off) is repaired first; nothing is undone.
"""

from __future__ import annotations

from queue import SimpleQueue

from drstate.errors import UsageError
from drstate.execution.lease import HeldLease
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import ErrorInfo, ExecutionStatus
from drstate.model.scope import ScopeKey
from drstate.report.view import ExecutionView, Progress

#: what stands in the way of a new execution on the same scope
OPEN = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING, ExecutionStatus.PAUSED)


def cancel(
    services: Services,
    execution: str | None = None,
    *,
    scope: ScopeKey | None = None,
    reason: str = "",
) -> ExecutionView:
    """Cancel ``execution``, or the newest open one (of ``scope``); returns its last view.

    Raises UnknownNameError, UsageError (it has ended), JournalError (its runner lives).
    """
    header = services.readers.find(execution, scope, among=OPEN if execution is None else None)
    if header.status not in OPEN:
        raise UsageError(
            f"execution {header.execution} is {header.status}",
            why="only one that is open can be cancelled",
            hint=f"see it: drstate status {header.execution}",
        )
    identity = services.runner()
    with HeldLease(services.journal, header.scope, identity, on_lost=lambda _: None) as lease:
        recorder = Recorder(
            services.journal, header.execution, lease.fence, services.clock, SimpleQueue()
        )
        recorder.load()
        repair(services, recorder)
        recorder.append(
            e.ExecutionFinished(
                status=ExecutionStatus.CANCELLED,
                changes=recorder.fold.changes,
                skipped=recorder.fold.skipped_resources(),
                error=ErrorInfo(
                    code="Cancelled",
                    what=f"cancelled by {services.operator}" + (f": {reason}" if reason else ""),
                    why="what was done stays done; nothing was undone",
                    hint="drstate up begins anew, from what is there",
                ),
                duration_seconds=recorder.seconds_since("execution"),
            )
        )
        return recorder.view()


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
