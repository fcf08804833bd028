"""Events of a rollback."""

from __future__ import annotations

from typing import Any, Literal

from drstate.model.base import Value
from drstate.model.events.executions import ErrorInfo


class UndoStep(Value):
    """One step of a rollback: ``step`` is an action's id, or a stack's name."""

    stage: str
    shard: str
    step: str
    #: key of the action's resource; empty for a stack
    resource: str = ""
    title: str


class Left(Value):
    """Something that a rollback leaves as it is, and why."""

    what: str
    reason: str
    hint: str = ""


class RollbackStarted(Value):
    """From here on the execution only goes back. What is undone already is not listed again."""

    type: Literal["rollback_started"] = "rollback_started"
    by: str
    reason: str = ""
    #: the waves that are undone; none: all
    waves: tuple[int, ...] = ()
    #: whether nothing that could be undone stays out
    whole: bool
    steps: tuple[UndoStep, ...]
    left: tuple[Left, ...] = ()


class UndoIntended(Value):
    """A step is about to be undone. ``recorded``: what it is put back to."""

    type: Literal["undo_intended"] = "undo_intended"
    stage: str
    shard: str
    step: str
    resource: str = ""
    title: str
    recorded: dict[str, Any] = {}


class UndoFinished(Value):
    """A step was undone."""

    type: Literal["undo_finished"] = "undo_finished"
    stage: str
    shard: str
    step: str
    resource: str = ""
    result: dict[str, Any] = {}
    duration_seconds: float


class UndoFailed(Value):
    """A step could not be undone; the rollback may be repeated."""

    type: Literal["undo_failed"] = "undo_failed"
    stage: str
    shard: str
    step: str
    resource: str = ""
    error: ErrorInfo
    duration_seconds: float
