"""How an event changes an execution's status in the list of executions.

The full story is the reducer's business; this is the small part of it that a list needs and that
can be kept up to date while appending.
"""

from __future__ import annotations

from drstate.model.events import (
    ExecutionCreated,
    ExecutionFinished,
    ExecutionPaused,
    ExecutionStatus,
    GateDecided,
    GateOpened,
    Payload,
    RunnerAttached,
)

#: nothing can be appended to an execution in one of these
ENDED: frozenset[ExecutionStatus] = frozenset(
    {ExecutionStatus.COMPLETED, ExecutionStatus.CANCELLED}
)


def status_after(status: ExecutionStatus, payload: Payload) -> ExecutionStatus:
    """The status once ``payload`` has been appended to an execution in ``status``."""
    match payload:
        case ExecutionCreated():
            return ExecutionStatus.PENDING
        case RunnerAttached():
            return ExecutionStatus.RUNNING
        case GateOpened() | ExecutionPaused():
            return ExecutionStatus.PAUSED
        case GateDecided(approved=True) if status is ExecutionStatus.PAUSED:
            return ExecutionStatus.RUNNING
        case ExecutionFinished(status=final):
            return final
        case _:
            return status
