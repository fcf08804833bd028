"""Past executions of a scope, one row each, and how many of them succeeded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from drstate.model.base import Value
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Operation, Phase
from drstate.model.scope import ScopeKey

_SUCCESS = ExecutionStatus.COMPLETED
_COUNTED = (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED)


class HistoryRow(Value):
    """One execution in a list."""

    execution: str
    scope: ScopeKey
    operation: Operation
    phases: tuple[Phase, ...]
    status: ExecutionStatus
    operator: str
    message: str
    sandbox: bool
    started_at: datetime
    updated_at: datetime
    #: from the first event to the last one
    duration_seconds: float
    events: int
    #: stages after which it went on although they were UNHEALTHY
    overridden: tuple[str, ...] = ()
    #: it was rolled back, or this was begun
    rolled_back: bool = False
    #: lists leave it out unless all are asked for
    hidden: bool = False


class History(Value):
    """Executions, newest first."""

    schema_: str = Field(default="drstate.history/1", alias="schema")
    rows: tuple[HistoryRow, ...]
    #: part of the executions that ended and completed, 0 to 1; None where none has ended
    success_rate: float | None


def history(rows: Iterable[HistoryRow]) -> History:
    """The list with its success rate."""
    listed = tuple(rows)
    ended = [row for row in listed if row.status in _COUNTED]
    good = sum(1 for row in ended if row.status is _SUCCESS)
    return History(rows=listed, success_rate=good / len(ended) if ended else None)
