"""Taking an execution over from a runner that fell silent and is not proved dead.

Its lease has expired, so it can write nothing any more. But a call that it had sent, or was about
to send when it was stopped, may still reach AWS: that is waited out, for as long as the longest
deadline of what it had begun. A person who knows that it is dead may skip the waiting; that is
journaled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drstate.execution.lease import unproved
from drstate.execution.reducer import replay
from drstate.execution.services import Services
from drstate.execution.states import StepState
from drstate.journal.port import ExecutionHeader
from drstate.model import events as e
from drstate.model.events import Event

#: how often it is looked whether the holder has come back
LOOK_SECONDS = 1.0


def in_flight_seconds(story: Iterable[Event]) -> float:
    """The longest deadline of the actions that were begun and not ended; 0: there is none."""
    state = replay([event.payload for event in story])
    if state.plan is None:
        return 0.0
    deadlines = {
        (stage.id, str(shard.id), spec.id): spec.deadline_seconds
        for stage in state.plan.stages
        for shard in stage.shards
        for spec in shard.actions
    }
    return max(
        (
            float(deadlines.get((stage, shard, action), 0))
            for (stage, shard), progress in state.shards.items()
            for action, step in progress.actions.items()
            if step is StepState.RUNNING
        ),
        default=0.0,
    )


def wait_out(
    services: Services,
    header: ExecutionHeader,
    *,
    vouched: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> str:
    """Wait until nothing of the last runner can be under way; what was vouched for, if anything.

    Returns at once where it gave the scope back, lives (its lease is respected by whoever takes
    the lease), or is proved dead.
    """
    journal, clock = services.journal, services.clock
    seconds = in_flight_seconds(journal.events(header.execution))
    found = unproved(journal, header.scope, seconds)
    if found is None:
        return ""
    held = found.held
    holder = f"process {held.pid} on {held.host}"
    if vouched:
        return f"{services.operator} vouches that {holder} is dead"
    tell(
        f"{holder} fell silent and is not proved dead; a call of its may be under way until "
        f"{found.until:%H:%M:%S} UTC, which is waited for. If it is dead for certain: "
        f"drstate resume {header.execution} --take-over"
    )
    while found is not None:
        left = (found.until - journal.now()).total_seconds()
        clock.sleep(max(0.01, min(LOOK_SECONDS, left)))
        found = unproved(journal, header.scope, seconds)
    return ""


def vouching(text: str) -> e.Warned:
    """The event that keeps what a person vouched for."""
    return e.Warned(text=text, hint="if it was not, two runners may have called AWS at once")
