"""Events: the append-only story of an execution. Everything shown to people is a fold over these.

Each event's payload is a typed value here. An event is stored with its sequence number (from 1, no
gaps, per execution), the time, and a hash that covers the one before (journal's business).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, TypeAdapter

from drstate.model.base import Value
from drstate.model.events.decisions import (
    CancelRequested,
    CleanupOwed,
    ConditionChecked,
    Escalated,
    GateDecided,
    GateOpened,
    GateReminded,
    PauseRequested,
    WaveOverridden,
    WaveRevalidated,
)
from drstate.model.events.executions import (
    ConsentRecorded,
    Dispatched,
    ErrorInfo,
    ExecutionCreated,
    ExecutionFinished,
    ExecutionHidden,
    ExecutionPaused,
    ExecutionPlanned,
    ExecutionStatus,
    PhaseFinished,
    PhaseStarted,
    RunnerAttached,
    RunnerLaunched,
    ShardLeft,
    ShardTaken,
    SiteChanged,
    StageFinished,
    StageStarted,
    Wanted,
)
from drstate.model.events.reversal import (
    Left,
    RollbackStarted,
    UndoFailed,
    UndoFinished,
    UndoIntended,
    UndoStep,
)
from drstate.model.events.steps import (
    ActionFailed,
    ActionFinished,
    ActionIntended,
    CallRetried,
    EndpointsRecorded,
    HealthChecked,
    MoveFinished,
    ResourceSkipped,
    ShardFinished,
    ShardStarted,
    StackFinished,
    StackProgress,
    StackRebound,
    StackStarted,
    StepUnknown,
)
from drstate.model.events.telling import (
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    Warned,
)

__all__ = [
    "PAYLOADS",
    "ActionFailed",
    "ActionFinished",
    "ActionIntended",
    "CallRetried",
    "CancelRequested",
    "CleanupOwed",
    "ConditionChecked",
    "ConsentRecorded",
    "Dispatched",
    "EndpointsRecorded",
    "ErrorInfo",
    "Escalated",
    "Event",
    "ExecutionCreated",
    "ExecutionFinished",
    "ExecutionHidden",
    "ExecutionPaused",
    "ExecutionPlanned",
    "ExecutionStatus",
    "GateDecided",
    "GateOpened",
    "GateReminded",
    "HealthChecked",
    "Left",
    "MoveFinished",
    "NotificationDelivered",
    "NotificationFailed",
    "NotificationHeld",
    "PauseRequested",
    "Payload",
    "PhaseFinished",
    "PhaseStarted",
    "ResourceSkipped",
    "RollbackStarted",
    "RunnerAttached",
    "RunnerLaunched",
    "ShardFinished",
    "ShardLeft",
    "ShardStarted",
    "ShardTaken",
    "SiteChanged",
    "StackFinished",
    "StackProgress",
    "StackRebound",
    "StackStarted",
    "StageFinished",
    "StageStarted",
    "StepUnknown",
    "UndoFailed",
    "UndoFinished",
    "UndoIntended",
    "UndoStep",
    "Wanted",
    "Warned",
    "WaveOverridden",
    "WaveRevalidated",
]

Payload = Annotated[
    ExecutionCreated
    | ExecutionPlanned
    | RunnerLaunched
    | ConsentRecorded
    | RunnerAttached
    | PhaseStarted
    | PhaseFinished
    | SiteChanged
    | StageStarted
    | StageFinished
    | ShardStarted
    | ShardFinished
    | StackStarted
    | StackRebound
    | StackProgress
    | StackFinished
    | EndpointsRecorded
    | ActionIntended
    | ActionFinished
    | ActionFailed
    | CallRetried
    | HealthChecked
    | GateOpened
    | GateReminded
    | GateDecided
    | WaveRevalidated
    | PauseRequested
    | CancelRequested
    | WaveOverridden
    | ResourceSkipped
    | MoveFinished
    | CleanupOwed
    | ConditionChecked
    | Dispatched
    | ShardTaken
    | ShardLeft
    | Escalated
    | StepUnknown
    | Warned
    | NotificationDelivered
    | NotificationFailed
    | NotificationHeld
    | RollbackStarted
    | UndoIntended
    | UndoFinished
    | UndoFailed
    | ExecutionPaused
    | ExecutionFinished
    | ExecutionHidden,
    Field(discriminator="type"),
]

PAYLOADS: TypeAdapter[Payload] = TypeAdapter(Payload)


class Event(Value):
    """One journaled event."""

    execution: str
    #: from 1, without gaps
    seq: int
    at: datetime
    payload: Payload
