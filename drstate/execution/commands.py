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
class CheckCondition:
    """Judge, from what the execution knows by now, whether the conditional wave is run."""

    stage: str


@dataclass(frozen=True)
class SkipStage:
    """The wave's condition does not hold: leave its resources out, and close it."""

    stage: str


@dataclass(frozen=True)
class HoldShard:
    """A hook before the wave failed: the shard ends without having begun."""

    stage: str
    shard: str
    #: key of the hook
    guard: str


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
class PauseAsRequested:
    """A person wants it to stop here; the wave that ran has ended."""


@dataclass(frozen=True)
class FinishRevalidation:
    """Judge a wave that was checked once more before the execution goes on."""

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
    | CheckCondition
    | SkipStage
    | HoldShard
    | CheckHealth
    | FinishStage
    | PauseUnhealthy
    | PauseAsRequested
    | FinishRevalidation
    | FinishPhase
    | FinishExecution
)
