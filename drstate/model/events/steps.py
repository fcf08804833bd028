"""Events of the work itself: shards, stacks, actions, calls, health."""

from __future__ import annotations

from typing import Any, Literal

from drstate.model.base import Value
from drstate.model.events.executions import ErrorInfo
from drstate.model.health import ResourceStatus
from drstate.model.shard import Binding
from drstate.model.stackops import Op, ResourceOp


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
    #: where the backend shows the update; empty: nowhere
    permalink: str = ""


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
