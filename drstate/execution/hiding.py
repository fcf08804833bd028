"""Use case: leave an execution out of lists, or show it again. Nothing is ever removed.

That it was hidden, by whom and why, is an event of the execution itself, in its chain of hashes;
``drstate audit`` and whoever names it see it as before.
"""

from __future__ import annotations

from drstate.errors import UsageError
from drstate.execution.acting import acting
from drstate.execution.services import Services
from drstate.execution.states import OPEN
from drstate.model import events as e


def hide(services: Services, execution: str, *, hidden: bool, reason: str = "") -> None:
    """Raises UnknownNameError, UsageError (it has not ended, or it is so already)."""
    header = services.journal.header(execution)
    if header.status in OPEN:
        raise UsageError(
            f"execution {execution} is {header.status}",
            why="what has not ended must be seen by whoever looks",
            hint=f"end it first: drstate resume {execution}, or drstate cancel {execution}",
        )
    told = services.journal.events(execution, kinds=("execution_hidden",))
    last = told[-1].payload if told else None
    now = isinstance(last, e.ExecutionHidden) and last.hidden
    if now == hidden:
        raise UsageError(
            f"execution {execution} is {'hidden' if hidden else 'not hidden'} already",
            why="nothing would change",
            hint="drstate history --all shows which are hidden",
        )
    services.journal.append(
        execution,
        e.ExecutionHidden(
            by=services.operator,
            hidden=hidden,
            reason=reason,
            actor=acting(services, header.scope),
        ),
        fence=None,
    )
