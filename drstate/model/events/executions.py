"""Events of an execution as a whole: who began it, who runs it, its phases and stages, its end."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from drstate.model.actor import Actor
from drstate.model.base import Value
from drstate.model.health import WaveHealth
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan
from drstate.model.rehearsed import Verification
from drstate.model.scope import Approval, ScopeKey


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


class Wanted(Value):
    """What a person asked for, where the plan is made later, by the process that runs it."""

    waves: tuple[int, ...] = ()
    targets: tuple[str, ...] = ()
    approval: Approval | None = None
    emergency: bool = False
    #: of an emergency: how long losing no data is tried first
    graceful_seconds: int = 0
    #: the region that must be the one acted on
    to: str | None = None
    parallel: int | None = None
    #: how long prerequisites that are not met are waited for, seconds
    wait_seconds: float = 0.0


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
    #: False: ``plan`` is empty until ``ExecutionPlanned`` brings it; ``wanted`` says what to plan
    planned: bool = True
    wanted: Wanted | None = None
    #: who, with the AWS identity as far as it was known; None: it was not asked for
    actor: Actor | None = None
    #: whether the plan was VERIFIED when this began; None: it was not told
    verification: Verification | None = None
    #: who agreed to the loss of data; ``ConsentRecorded`` follows, also where its process ended
    consent: str = ""


class ExecutionPlanned(Value):
    """The plan of an execution that was started before it was planned."""

    type: Literal["execution_planned"] = "execution_planned"
    plan: Plan
    plan_digest: str
    engine: str
    #: who began it: the process that plans has the credentials of whoever started it
    actor: Actor | None = None
    #: whether the plan was VERIFIED when this began; None: it was not told
    verification: Verification | None = None


class RunnerLaunched(Value):
    """A process of its own was started in the background; it attaches once it has planned."""

    type: Literal["runner_launched"] = "runner_launched"
    host: str
    pid: int
    #: file on that host which holds what the process says
    log: str


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
    #: who began this attempt
    actor: Actor | None = None
    #: a worker took it up by itself: nobody let it go on, and what people asked for still holds
    unasked: bool = False


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


class Dispatched(Value):
    """The execution was handed to an engine of its own, which asks workers for each step."""

    type: Literal["dispatched"] = "dispatched"
    dispatcher: str
    #: the execution's ARN there
    arn: str
    region: str


class ShardTaken(Value):
    """A worker takes the shard on. What an earlier one began there and did not end is UNKNOWN."""

    type: Literal["shard_taken"] = "shard_taken"
    stage: str
    shard: str
    worker: str
    host: str
    pid: int
    #: how often its task was handed out by now, from 1
    attempt: int


class ShardLeft(Value):
    """A worker lets go of a shard before its end. What it began there is UNKNOWN."""

    type: Literal["shard_left"] = "shard_left"
    stage: str
    shard: str
    worker: str
    reason: str


class ExecutionPaused(Value):
    """The execution stopped where it can go on."""

    type: Literal["execution_paused"] = "execution_paused"
    reason: str
    hint: str
    #: who asked for it with ``drstate pause``; empty: it stopped for another reason
    requested_by: str = ""


class ExecutionFinished(Value):
    """Last event."""

    type: Literal["execution_finished"] = "execution_finished"
    status: ExecutionStatus
    changes: int
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    error: ErrorInfo | None = None
    duration_seconds: float


class ExecutionHidden(Value):
    """Lists leave the execution out, or show it again. Nothing of it is removed."""

    type: Literal["execution_hidden"] = "execution_hidden"
    by: str
    #: False: it is shown again
    hidden: bool = True
    reason: str = ""
    actor: Actor | None = None
