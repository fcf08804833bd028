"""What the reducer asks the runner to do. Plain values: equal commands mean the same work."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.events import ExecutionStatus
from drstate.model.phases import Phase


@dataclass(frozen=True)
class StartPhase:
    """Journal that the phase begins."""

    phase: Phase


@dataclass(frozen=True)
class MoveState:
    """Move one resource's state to the stack of its new wave."""

    resource: str
    from_stack: str


@dataclass(frozen=True)
class AskGate:
    """A gate stands before the stage: let a person decide."""

    stage: str


@dataclass(frozen=True)
class StartStage:
    """Journal that the stage begins."""

    stage: str


@dataclass(frozen=True)
class RunShard:
    """Bring one shard to its state: actions before, stack, actions after."""

    stage: str
    shard: str


@dataclass(frozen=True)
class CheckHealth:
    """Check every resource of the stage that has not been checked."""

    stage: str


@dataclass(frozen=True)
class FinishStage:
    """Judge the wave from the health of its resources."""

    stage: str


@dataclass(frozen=True)
class PauseUnhealthy:
    """The wave is UNHEALTHY: stop before the next one until a person decides."""

    stage: str


@dataclass(frozen=True)
class FinishPhase:
    """Record what the phase leaves behind, and that it ended."""

    phase: Phase
    ok: bool


@dataclass(frozen=True)
class FinishExecution:
    """Nothing is left to do."""

    status: ExecutionStatus


Command = (
    StartPhase
    | MoveState
    | AskGate
    | StartStage
    | RunShard
    | CheckHealth
    | FinishStage
    | PauseUnhealthy
    | FinishPhase
    | FinishExecution
)
