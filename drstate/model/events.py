"""Events: the append-only story of an execution. Everything shown to people is a fold over these.

Each event's payload is a typed value here. An event is stored with its sequence number (from 1, no
gaps, per execution), the time, and a hash that covers the one before (journal's business).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from drstate.model.base import Value
from drstate.model.health import Impaired, ResourceStatus, WaveHealth
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan
from drstate.model.scope import ScopeKey
from drstate.model.shard import Binding
from drstate.model.stackops import Op, ResourceOp


class ExecutionStatus(StrEnum):
    """States of an execution."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ErrorInfo(Value):
    """An error as it is journaled: ``DrstateError.as_dict``."""

    code: str
    what: str
    why: str = ""
    hint: str = ""
    retry: str = "permanent"


class ExecutionCreated(Value):
    """First event: who wants what, with the whole plan."""

    type: Literal["execution_created"] = "execution_created"
    scope: ScopeKey
    operation: Operation
    phases: tuple[Phase, ...]
    plan: Plan
    plan_digest: str
    operator: str
    message: str = ""
    engine: str
    drstate_version: str
    sandbox: bool
    force: bool = False


class ConsentRecorded(Value):
    """A person agreed to something that cannot be taken back (``data-loss``)."""

    type: Literal["consent_recorded"] = "consent_recorded"
    kind: str
    by: str
    text: str


class RunnerAttached(Value):
    """A process begins, or goes on with, the execution."""

    type: Literal["runner_attached"] = "runner_attached"
    runner: str
    host: str
    pid: int
    fence: int
    resumed: bool
    #: whose lease was taken over because its holder is dead
    instead_of: str = ""


class PhaseStarted(Value):
    """The phase's first stage is about to start."""

    type: Literal["phase_started"] = "phase_started"
    phase: Phase
    region: str
    #: the state of the region acted on before the phase; a rollback brings it back
    found: SiteState | None = None


class PhaseFinished(Value):
    """All stages of the phase have ended."""

    type: Literal["phase_finished"] = "phase_finished"
    phase: Phase
    ok: bool
    duration_seconds: float


class SiteChanged(Value):
    """A site's state, or the roles of the sites, changed."""

    type: Literal["site_changed"] = "site_changed"
    sites: dict[str, SiteState]
    serving: str
    recovery: str


class StageStarted(Value):
    """A stage begins."""

    type: Literal["stage_started"] = "stage_started"
    stage: str


class StageFinished(Value):
    """All shards and the health check of the stage have ended."""

    type: Literal["stage_finished"] = "stage_finished"
    stage: str
    health: WaveHealth
    duration_seconds: float


class ShardStarted(Value):
    """A shard begins, with the bindings it was resolved with."""

    type: Literal["shard_started"] = "shard_started"
    stage: str
    shard: str
    bindings: tuple[Binding, ...] = ()


class ShardFinished(Value):
    """A shard has ended. ``error`` is set where it failed as a whole."""

    type: Literal["shard_finished"] = "shard_finished"
    stage: str
    shard: str
    ok: bool
    failed: tuple[str, ...] = ()
    error: ErrorInfo | None = None
    duration_seconds: float


class StackStarted(Value):
    """The stack update of a shard is about to start."""

    type: Literal["stack_started"] = "stack_started"
    stage: str
    shard: str
    stack: str
    #: URN -> short hash of its inputs before this execution first touched the stack; an
    #: update that was interrupted is told as one from it
    before: dict[str, str] = {}


class StackRebound(Value):
    """A stack's state is about to get the ids of what carries its resources' names today.

    An action had put new resources in the place of old ones. Told again where the runner died
    between this and the writing.
    """

    type: Literal["stack_rebound"] = "stack_rebound"
    stage: str
    shard: str
    stack: str
    #: URN -> id
    was: dict[str, str]
    now: dict[str, str]


class StackProgress(Value):
    """One resource of a stack has reached its new state."""

    type: Literal["stack_progress"] = "stack_progress"
    stage: str
    shard: str
    stack: str
    urn: str
    name: str
    op: Op
    ok: bool


class StackFinished(Value):
    """A stack update has ended."""

    type: Literal["stack_finished"] = "stack_finished"
    stage: str
    shard: str
    stack: str
    ok: bool
    ops: tuple[ResourceOp, ...]
    counts: dict[str, int]
    errors: dict[str, str] = {}
    duration_seconds: float


class EndpointsRecorded(Value):
    """Where a resource answers at a site; later shards are bound to it."""

    type: Literal["endpoints_recorded"] = "endpoints_recorded"
    resource: str
    region: str
    endpoints: dict[str, str]


class ActionIntended(Value):
    """An action is about to run. ``observed`` holds what was there before: undo needs it."""

    type: Literal["action_intended"] = "action_intended"
    stage: str
    shard: str
    action: str
    resource: str
    title: str
    observed: dict[str, Any] = {}


class ActionFinished(Value):
    """An action ran, or was found done already."""

    type: Literal["action_finished"] = "action_finished"
    stage: str
    shard: str
    action: str
    resource: str
    already_done: bool
    result: dict[str, Any] = {}
    duration_seconds: float


class ActionFailed(Value):
    """An action failed for good."""

    type: Literal["action_failed"] = "action_failed"
    stage: str
    shard: str
    action: str
    resource: str
    error: ErrorInfo
    duration_seconds: float


class CallRetried(Value):
    """A transient error was met; the call is tried again."""

    type: Literal["call_retried"] = "call_retried"
    stage: str
    shard: str
    service: str
    operation: str
    attempt: int
    wait_seconds: float
    reason: str


class HealthChecked(Value):
    """The health of one resource after its shard."""

    type: Literal["health_checked"] = "health_checked"
    stage: str
    resource: str
    status: ResourceStatus
    detail: str
    hint: str = ""
    facts: dict[str, Any] = {}
    #: where it answered before the execution, and where it answers now (ACTIVATE only)
    endpoints_before: dict[str, str] = {}
    endpoints_after: dict[str, str] = {}
    #: the resource's ``dr:rto-target``, so that reports need nothing but events
    rto_minutes: int | None = None
    duration_seconds: float


class GateOpened(Value):
    """The execution waits for a person before the stage."""

    type: Literal["gate_opened"] = "gate_opened"
    stage: str
    reason: str
    checklist: tuple[str, ...] = ()
    #: what is not healthy in the stage before
    impaired: tuple[Impaired, ...] = ()


class GateDecided(Value):
    """A person (or the policy) decided."""

    type: Literal["gate_decided"] = "gate_decided"
    stage: str
    approved: bool
    by: str
    comment: str = ""


class WaveOverridden(Value):
    """A person lets the execution go on although the wave is UNHEALTHY."""

    type: Literal["wave_overridden"] = "wave_overridden"
    stage: str
    by: str
    reason: str


class ResourceSkipped(Value):
    """A resource was left out, and why."""

    type: Literal["resource_skipped"] = "resource_skipped"
    stage: str
    resource: str
    reason: str
    hint: str = ""


class MoveFinished(Value):
    """A resource's state went to another stack."""

    type: Literal["move_finished"] = "move_finished"
    resource: str
    from_stack: str
    to_stack: str
    urns: tuple[str, ...]


class StepUnknown(Value):
    """A step was found begun and not ended; it is observed before anything else."""

    type: Literal["step_unknown"] = "step_unknown"
    stage: str
    shard: str
    step: str
    finding: str


class Warned(Value):
    """Something that people should know."""

    type: Literal["warned"] = "warned"
    text: str
    hint: str = ""


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


class ExecutionPaused(Value):
    """The execution stopped where it can go on."""

    type: Literal["execution_paused"] = "execution_paused"
    reason: str
    hint: str


class ExecutionFinished(Value):
    """Last event."""

    type: Literal["execution_finished"] = "execution_finished"
    status: ExecutionStatus
    changes: int
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    error: ErrorInfo | None = None
    duration_seconds: float


Payload = Annotated[
    ExecutionCreated
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
    | GateDecided
    | WaveOverridden
    | ResourceSkipped
    | MoveFinished
    | StepUnknown
    | Warned
    | RollbackStarted
    | UndoIntended
    | UndoFinished
    | UndoFailed
    | ExecutionPaused
    | ExecutionFinished,
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
