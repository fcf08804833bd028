"""The states of an execution and of its steps, each as one table of allowed transitions.

Why a table: the reducer checks against it, the diagram in docs/execution-states.md is drawn from
it, and a test compares the two. Nothing is ignored silently: a transition that is not here is a
bug.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from drstate.errors import InternalError
from drstate.model.events import ExecutionStatus

StateT = TypeVar("StateT", bound=StrEnum)


class StepState(StrEnum):
    """What is known of one step: a stack update or an action."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    #: begun by a runner that is gone; it is observed before anything else
    UNKNOWN = "UNKNOWN"
    DONE = "DONE"
    FAILED = "FAILED"


class Transition(NamedTuple, Generic[StateT]):
    """One allowed pair and the reason why it is allowed."""

    before: StateT
    after: StateT
    reason: str


_E, _S = ExecutionStatus, StepState

EXECUTION_TRANSITIONS: frozenset[Transition[ExecutionStatus]] = frozenset(
    {
        Transition(_E.PENDING, _E.RUNNING, "a runner attaches"),
        Transition(_E.PENDING, _E.CANCELLED, "cancelled before it began"),
        Transition(_E.PENDING, _E.FAILED, "it could not be planned, or its plan is refused"),
        Transition(_E.RUNNING, _E.RUNNING, "another runner takes over from one that died"),
        Transition(
            _E.RUNNING,
            _E.PAUSED,
            "a gate waits for a person, a person asked for a pause, a wave is UNHEALTHY, or the "
            "runner was interrupted",
        ),
        Transition(_E.RUNNING, _E.COMPLETED, "every stage has ended and nothing failed"),
        Transition(
            _E.RUNNING, _E.FAILED, "a step failed, a budget ran out, or a rollback is not complete"
        ),
        Transition(
            _E.RUNNING, _E.CANCELLED, "a person rejected at a gate, gave it up, or rolled it back"
        ),
        Transition(_E.PAUSED, _E.PAUSED, "the runner leaves while the gate stays open"),
        Transition(
            _E.PAUSED,
            _E.RUNNING,
            "the gate is approved, or a runner resumes: an UNHEALTHY wave is overridden or retried",
        ),
        Transition(_E.PAUSED, _E.CANCELLED, "a person rejected at a gate, or gave it up"),
        Transition(
            _E.FAILED, _E.RUNNING, "a runner resumes and tries again what failed, or rolls back"
        ),
    }
)

STEP_TRANSITIONS: frozenset[Transition[StepState]] = frozenset(
    {
        Transition(_S.PENDING, _S.RUNNING, "the intent is journaled"),
        Transition(_S.PENDING, _S.DONE, "observed as done already; nothing to run"),
        Transition(_S.PENDING, _S.FAILED, "it could not even be observed"),
        Transition(_S.RUNNING, _S.DONE, "the result is journaled"),
        Transition(_S.RUNNING, _S.FAILED, "the failure is journaled"),
        Transition(_S.RUNNING, _S.UNKNOWN, "the runner is gone and another one attaches"),
        Transition(_S.UNKNOWN, _S.UNKNOWN, "the next runner died before it decided"),
        Transition(_S.UNKNOWN, _S.RUNNING, "observed as not done: it runs again"),
        Transition(_S.UNKNOWN, _S.DONE, "observed as done"),
        Transition(_S.UNKNOWN, _S.FAILED, "it could not be observed, or failed again"),
        Transition(_S.FAILED, _S.PENDING, "a resume tries it again"),
    }
)

#: an execution in one of these is over for good
FINAL: frozenset[ExecutionStatus] = frozenset({_E.COMPLETED, _E.CANCELLED})

#: what stands in the way of a new execution on the same scope
OPEN = (_E.PENDING, _E.RUNNING, _E.PAUSED)

#: an execution in one of these can be rolled back; RUNNING: its runner is gone
GOES_BACK: tuple[ExecutionStatus, ...] = (_E.PAUSED, _E.FAILED, _E.RUNNING)

_EXECUTION_PAIRS = frozenset((row.before, row.after) for row in EXECUTION_TRANSITIONS)
_STEP_PAIRS = frozenset((row.before, row.after) for row in STEP_TRANSITIONS)


def execution_transition(before: ExecutionStatus, after: ExecutionStatus) -> ExecutionStatus:
    """``after``, if the table allows it. Raises InternalError naming both."""
    if (before, after) not in _EXECUTION_PAIRS:
        raise _impossible("execution", before, after)
    return after


def step_transition(before: StepState, after: StepState) -> StepState:
    """``after``, if the table allows it. Raises InternalError naming both."""
    if (before, after) not in _STEP_PAIRS:
        raise _impossible("step", before, after)
    return after


def _impossible(what: str, before: StrEnum, after: StrEnum) -> InternalError:
    return InternalError(
        f"an {what} cannot go from {before} to {after}"
        if what[0] in "aeiou"
        else f"a {what} cannot go from {before} to {after}",
        why="the journal holds an order of events that the state table does not allow",
        hint="drstate logs shows the events; report this with them",
    )
