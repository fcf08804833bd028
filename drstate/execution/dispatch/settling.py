"""Executions that ended in Step Functions without a word to the journal: stopped, or broken off.

StopExecution tells no worker. Who is at work finds its task gone; where nobody is, the next worker
that is idle finds it here. What is open in the journal and over there is told and closed.
"""

from __future__ import annotations

from queue import SimpleQueue

from drstate.errors import DrstateError, UnknownNameError, UsageError
from drstate.execution.cancelling import OPEN, cancel
from drstate.execution.dispatch.messages import Task, region_of
from drstate.execution.dispatch.queue import WorkQueue
from drstate.execution.dispatch.sharing import SharedLease, holder
from drstate.execution.lease import living, unproved
from drstate.execution.notifying import teller_of
from drstate.execution.recorder import Recorder
from drstate.execution.reducer import replay
from drstate.execution.services import Services
from drstate.execution.states import StepState
from drstate.execution.taking_over import in_flight_seconds
from drstate.journal.port import ExecutionHeader, Journal
from drstate.model import events as e
from drstate.model.events import ExecutionStatus

#: who is told to have cancelled
STOPPER = "StopExecution"
_LISTED = 200


def sweep(services: Services, queue: WorkQueue, region: str, known: dict[str, str]) -> None:
    """Settle what is over in this region. ``known`` keeps execution -> ARN between sweeps."""
    for header in services.journal.executions(limit=_LISTED):
        if header.status not in OPEN or header.sandbox != services.sandbox:
            continue
        arn = known.get(header.execution) or dispatched(services, header.execution)
        if arn and region_of(arn) == region:
            known[header.execution] = arn
            try:
                settle(services, queue, header.execution, arn)
            except DrstateError:
                continue  # another worker is at it, or nothing answers now: the next sweep sees


def dispatched(services: Services, execution: str) -> str:
    """ARN of the execution that was last put in charge; empty where none was."""
    told = services.journal.events(execution, kinds=("dispatched",))
    last = told[-1].payload if told else None
    return last.arn if isinstance(last, e.Dispatched) else ""


def superseded(services: Services, task: Task) -> UsageError | None:
    """Why the task is not to be done: its execution was put into somebody else's charge since."""
    last = dispatched(services, task.execution)
    if last == task.root:
        return None
    return UsageError(
        f"execution {task.execution} is not run by {task.root}",
        why=f"{last} was put in charge of it" if last else "Step Functions does not run it",
        hint=f"drstate status {task.execution} shows how it stands",
    )


def taken_away(journal: Journal, header: ExecutionHeader, root: str) -> bool:
    """Whether somebody goes on with it from a terminal, or did and may have calls under way.

    As for whoever goes on in a terminal: what a silent runner had begun is waited out.
    """
    held = living(journal, header.scope)
    if held is not None:
        return held.runner != holder(root)
    last = journal.lease(header.scope)
    if last is None or last.runner == holder(root):
        return False
    seconds = in_flight_seconds(journal.events(header.execution))
    return unproved(journal, header.scope, seconds) is not None


def settle(services: Services, queue: WorkQueue, execution: str, root: str) -> None:
    """Tell the journal how the execution ``root`` ended, where it does not know yet.

    While workers are still at it nothing is closed: the last of them comes here again.
    """
    header = _open(services, execution, root)
    if header is None:
        return
    shown = queue.execution(root)
    status = str(shown["status"])
    if status in ("RUNNING", "SUCCEEDED", "PENDING_REDRIVE"):
        return
    parts = (shown.get("error"), shown.get("cause"))
    reason = ": ".join(str(part) for part in parts if part)
    story = [event.payload for event in services.journal.events(execution)]
    held = living(services.journal, header.scope)
    if held is not None and held.runner != holder(root):
        return  # somebody has taken it over from a terminal
    if status == "ABORTED":
        if not any(isinstance(one, e.CancelRequested) for one in story):
            asked = e.CancelRequested(by=STOPPER, reason=reason)
            services.journal.append(execution, asked, fence=None)
        if held is not None and _at_work(story):
            return
        _let_go(services, header, root)
        cancel(services, execution, reason=f"stopped in Step Functions {reason}".rstrip())
    elif held is None and header.status is not ExecutionStatus.PAUSED:
        _pause(services, header, root, f"{status} in Step Functions {reason}".rstrip())


def _open(services: Services, execution: str, root: str) -> ExecutionHeader | None:
    if not execution:
        return None
    try:
        header = services.journal.header(execution)
    except UnknownNameError:
        return None
    return header if header.status in OPEN and dispatched(services, execution) == root else None


def _at_work(story: list[e.Payload]) -> bool:
    return any(row.state is StepState.RUNNING for row in replay(story).shards.values())


def _let_go(services: Services, header: ExecutionHeader, root: str) -> None:
    held = services.journal.lease(header.scope)
    if held is not None and held.runner == holder(root):
        services.journal.release(held)


def _pause(services: Services, header: ExecutionHeader, root: str, reason: str) -> None:
    lease = SharedLease(
        services.journal,
        header.scope,
        services.runner(),
        on_lost=lambda _: None,
        root=root,
        fresh=True,
    )
    with teller_of(services, header.scope, header.execution) as people, lease:
        recorder = Recorder(
            services.journal, header.execution, lease.fence, services.clock, SimpleQueue()
        )
        recorder.load()
        hint = f"go on with: drstate resume {header.execution}"
        recorder.append(e.ExecutionPaused(reason=reason, hint=hint))
        people.attach(recorder)
    lease.release()
