"""The shape of what people are shown about an execution: ``drstate.status/1``.

Values only. ``status`` builds them from events; terminals, JSON and markdown read them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from drstate.model.base import Value
from drstate.model.cost import Reached, Savings
from drstate.model.events import ErrorInfo, ExecutionStatus, Left
from drstate.model.health import Impaired, ResourceStatus, WaveHealth
from drstate.model.phases import Operation, Phase, SiteState, meant
from drstate.model.plan import Move, Skip, When
from drstate.model.scope import ScopeKey
from drstate.model.stackops import Op
from drstate.report.readiness import Owed, Readiness


class Progress(StrEnum):
    """How far a part of an execution has come."""

    PENDING = "pending"
    RUNNING = "running"
    #: begun, not ended, and its runner is gone
    UNKNOWN = "unknown"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    #: done, and undone by a rollback
    UNDONE = "rolled back"


class ActionView(Value):
    """One action. ``already_done``: it was found done and did not run."""

    id: str
    resource: str
    title: str
    when: When
    state: Progress
    already_done: bool = False
    error: ErrorInfo | None = None
    seconds: float | None = None


class OpView(Value):
    """One resource of a stack and what was done to it."""

    urn: str
    type: str
    name: str
    op: Op


class StackView(Value):
    """One stack: its operations over all attempts of this execution."""

    name: str
    state: Progress
    counts: dict[str, int] = Field(default_factory=dict)
    #: what changed; ``same`` is only counted
    ops: tuple[OpView, ...] = ()
    errors: dict[str, str] = Field(default_factory=dict)
    seconds: float | None = None
    #: where the backend shows its last update of this execution; empty: nowhere
    permalink: str = ""


class ShardView(Value):
    """The part of a stage in one account and region."""

    id: str
    account: str
    region: str
    group: str
    state: Progress
    stack: StackView | None
    actions: tuple[ActionView, ...] = ()
    error: ErrorInfo | None = None
    seconds: float | None = None


class ResourceView(Value):
    """One resource in one stage."""

    key: str
    technology: str
    name: str
    account: str
    declared: bool
    state: Progress
    status: ResourceStatus | None = None
    detail: str = ""
    hint: str = ""
    #: why the phase has nothing to do for it
    no_op: str | None = None
    #: ACTIVATE: seconds from the start of the execution until it was found healthy
    recovered_seconds: float | None = None
    #: ACTIVATE: where it answered before the execution, and where it answers now
    endpoints_before: dict[str, str] = Field(default_factory=dict)
    endpoints_after: dict[str, str] = Field(default_factory=dict)
    rto_minutes: int | None = None
    #: whether ``recovered_seconds`` is within ``rto_minutes``; None where one of them is missing
    rto_met: bool | None = None
    #: REPLICATE: how far it is behind, and may be; a limit without a lag: AWS has no figure
    lag_seconds: float | None = None
    lag_limit_seconds: float | None = None


class GateView(Value):
    """A gate before a stage."""

    state: Progress
    reason: str = ""
    checklist: tuple[str, ...] = ()
    #: what is not healthy in the stage before
    impaired: tuple[Impaired, ...] = ()
    #: how the wave before fared, and what comes next
    summary: tuple[str, ...] = ()
    by: str = ""
    comment: str = ""
    #: how often people were alerted because nobody had decided
    reminders: int = 0


class PauseView(Value):
    """A time in which the execution waited for people. Times are aware."""

    begun_at: datetime
    ended_at: datetime | None = None
    #: None while it lasts
    seconds: float | None = None
    reason: str
    #: the stage whose gate it was; empty: another reason
    stage: str = ""
    #: who asked for it
    by: str = ""


class BackgroundView(Value):
    """The process that runs the execution in the background, and where it writes."""

    host: str
    pid: int
    log: str


class StageView(Value):
    """One phase x one wave."""

    id: str
    phase: Phase
    wave: int
    region: str
    state: Progress
    health: WaveHealth | None = None
    gate: GateView | None = None
    shards: tuple[ShardView, ...] = ()
    resources: tuple[ResourceView, ...] = ()
    estimate_seconds: int
    #: when it was first begun, and when it last ended
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    #: ids of the stages that it waits for; None: all before it in its phase
    needs: tuple[str, ...] | None = None
    #: it is run only where this holds
    when: str | None = None
    #: how that was judged, once it was
    judged: str = ""


class PhaseView(Value):
    """One phase."""

    phase: Phase
    region: str
    state: Progress
    seconds: float | None = None


class FailedView(Value):
    """Something that failed, why, and what helps."""

    resource: str
    stage: str
    what: str
    why: str = ""
    hint: str = ""


class WarningView(Value):
    """Something that people should know."""

    text: str
    hint: str = ""


class OverrideView(Value):
    """A person let the execution go on after an UNHEALTHY wave."""

    stage: str
    by: str
    reason: str
    at: datetime


class UndoView(Value):
    """One step of a rollback."""

    stage: str
    shard: str
    step: str
    resource: str
    title: str
    state: Progress
    error: ErrorInfo | None = None
    seconds: float | None = None


class RollbackView(Value):
    """How far an execution has gone back."""

    by: str
    reason: str
    #: when it began last
    at: datetime
    #: the waves that were chosen last; none: all
    waves: tuple[int, ...]
    #: DONE: all that was chosen is undone
    state: Progress
    #: whether nothing that could be undone stays out
    whole: bool
    steps: tuple[UndoView, ...]
    left: tuple[Left, ...]


class Counts(Value):
    """Resources of all stages, by how far they are."""

    total: int = 0
    pending: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    healthy: int = 0
    degraded: int = 0
    unhealthy: int = 0


class ExecutionView(Value):
    """All that is shown about one execution."""

    schema_: str = Field(default="drstate.status/1", alias="schema")
    execution: str
    scope: ScopeKey
    operation: Operation
    status: ExecutionStatus
    phases: tuple[PhaseView, ...]
    #: where it is now, or where it stopped
    phase: Phase | None
    stage: str | None
    wave: int | None
    counts: Counts
    percent: int
    #: None once it has ended or where nothing is known yet
    eta_seconds: float | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    duration_seconds: float
    operator: str
    #: the operator with the AWS identity; empty: it was not asked for
    actor: str = ""
    message: str
    engine: str
    sandbox: bool
    force: bool
    #: by actions alone, without the region that served
    emergency: bool = False
    consents: tuple[str, ...] = ()
    #: stack operations other than ``same``, actions that ran, and moves
    changes: int
    serving: str
    recovery: str
    sites: dict[str, SiteState] = Field(default_factory=dict)
    endpoints: dict[str, dict[str, dict[str, str]]] = Field(default_factory=dict)
    stages: tuple[StageView, ...]
    failed: tuple[FailedView, ...] = ()
    warnings: tuple[WarningView, ...] = ()
    overrides: tuple[OverrideView, ...] = ()
    rollback: RollbackView | None = None
    #: of a CLEANUP: what it was planned to save per month, and what of that is reached
    savings: Savings | None = None
    saved: Reached | None = None
    skips: tuple[Skip, ...] = ()
    moves: tuple[Move, ...] = ()
    moved: tuple[str, ...] = ()
    #: after REPLICATE: whether the scope could be recovered now
    readiness: Readiness | None = None
    #: phases that have to follow what was done to the scope, as its catalog tells
    owed: tuple[Owed, ...] = ()
    retries: int = 0
    #: when it waited for people, and for how long
    pauses: tuple[PauseView, ...] = ()
    #: what people asked of it and what has not come about yet
    requests: tuple[str, ...] = ()
    background: BackgroundView | None = None
    #: how often another runner went on with it
    resumed: int = 0
    error: ErrorInfo | None = None
    #: commands that make sense now
    next: tuple[str, ...] = ()

    @property
    def meant(self) -> str:
        """What is run, as people name it."""
        phases = (row.phase for row in self.phases)
        return meant(self.operation, phases, emergency=self.emergency)

    @property
    def moving(self) -> bool:
        """Whether ACTIVATE has begun and has not ended: each region serves a part."""
        begun = (Progress.RUNNING, Progress.UNKNOWN, Progress.DONE, Progress.FAILED)
        return (
            self.operation is not Operation.TEST
            and self.serving != self.recovery
            and any(
                stage.phase is Phase.ACTIVATE
                and stage.region == self.recovery
                and stage.state in begun
                for stage in self.stages
            )
        )

    def stage_view(self, stage: str) -> StageView:
        """The stage with this id. Raises KeyError."""
        for found in self.stages:
            if found.id == stage:
                return found
        raise KeyError(stage)
