"""Who agreed to the loss of data: said once, and not lost with the process that was told.

The event that creates an execution holds the name, so that it cannot begin without it; the event
that people read follows it. Where a process ended between the two, whoever goes on makes up for it.
Nothing here ever agrees in anybody's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model import events as e
from drstate.model.scope import ScopeKey

if TYPE_CHECKING:
    from drstate.execution.recorder import Recorder
    from drstate.execution.services import Services

DATA_LOSS = "data-loss"


def consented(scope: ScopeKey, by: str) -> e.ConsentRecorded:
    """What is journaled of it."""
    text = f"a failover of {scope} may lose data that was not yet replicated"
    return e.ConsentRecorded(kind=DATA_LOSS, by=by, text=text)


def make_up(services: Services, recorder: Recorder) -> None:
    """Record the consent that the execution was created with, where that was cut off."""
    if DATA_LOSS in recorder.state.consents:
        return
    story = services.journal.events(recorder.execution, kinds=("execution_created",))
    begun = story[0].payload if story else None
    if isinstance(begun, e.ExecutionCreated) and begun.consent:
        recorder.append(consented(begun.scope, begun.consent))
