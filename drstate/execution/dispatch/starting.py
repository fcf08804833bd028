"""Use case: hand a plan to Step Functions. The execution is in the journal before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue

from drstate.errors import DrstateError
from drstate.execution.dispatch.messages import region_of
from drstate.execution.dispatch.queue import WorkQueue
from drstate.execution.dispatch.requests import EXECUTION
from drstate.execution.dispatch.sharing import SharedLease
from drstate.execution.dispatch.tasks import STEP_FUNCTIONS
from drstate.execution.executing import check, creation
from drstate.execution.making_plan import PlannedRun
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.report.preview import PlanPreview


@dataclass(frozen=True)
class Started:
    """An execution that waits for its first worker."""

    execution: str
    arn: str
    status: ExecutionStatus
    estimated_end: datetime
    next_steps: tuple[str, ...]


def start(
    services: Services,
    queue: WorkQueue,
    planned: PlannedRun,
    *,
    message: str = "",
    preview: PlanPreview | None = None,
    consent: str | None = None,
    expect_no_changes: bool = False,
) -> Started:
    """Create the execution and start its state machine. Raises as ``execute`` does.

    Where Step Functions refuses, the execution stays PENDING and can be resumed from here.
    """
    seen = check(
        services, planned, preview=preview, consent=consent, expect_no_changes=expect_no_changes
    )
    execution = services.new_execution()
    write = creation(services, planned, seen, message=message, consent=consent)
    arn = queue.arn_of(execution)
    # the execution holds its lease from the first event on: nobody takes it for abandoned
    lease = SharedLease(
        services.journal,
        planned.scope.key,
        services.runner(),
        on_lost=lambda _: None,
        root=arn,
        fresh=True,
    )
    with lease:
        recorder = Recorder(services.journal, execution, lease.fence, services.clock, SimpleQueue())
        write(recorder, lease.fence)
        recorder.append(e.Dispatched(dispatcher=STEP_FUNCTIONS, arn=arn, region=region_of(arn)))
    try:
        queue.start(execution, {EXECUTION: execution})
    except DrstateError:
        lease.release()
        raise
    seconds = sum(stage.estimate_seconds for stage in planned.plan.stages)
    return Started(
        execution=execution,
        arn=arn,
        status=ExecutionStatus.PENDING,
        estimated_end=services.clock.now() + timedelta(seconds=seconds),
        next_steps=(
            f"drstate watch {execution}",
            f"drstate status {execution}",
            f"drstate cancel {execution}",
        ),
    )
