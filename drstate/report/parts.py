"""The mutable parts of the status fold: a stage, a shard, a stack, an action so far.

Each event changes one part in constant time; ``view`` freezes a part for showing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from drstate.model.events import ErrorInfo, HealthChecked
from drstate.model.health import FAILING, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, ShardPlan, Stage
from drstate.model.stackops import Op, ResourceOp
from drstate.report.view import (
    ActionView,
    GateView,
    OpView,
    Progress,
    ResourceView,
    ShardView,
    StackView,
    StageView,
)

#: operations that are counted and not listed
QUIET = (Op.SAME, Op.READ, Op.REFRESH)


@dataclass
class ActionPart:
    """One action so far."""

    spec: ActionSpec
    state: Progress = Progress.PENDING
    already_done: bool = False
    error: ErrorInfo | None = None
    seconds: float | None = None

    def view(self) -> ActionView:
        """Frozen."""
        return ActionView(
            id=self.spec.id,
            resource=self.spec.resource,
            title=self.spec.title,
            when=self.spec.when,
            state=self.state,
            already_done=self.already_done,
            error=self.error,
            seconds=self.seconds,
        )


@dataclass
class StackPart:
    """One stack so far: progress while it runs, the outcome once it has ended."""

    name: str
    state: Progress = Progress.PENDING
    ops: dict[str, OpView] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None
    permalink: str = ""

    def progress(self, urn: str, name: str, op: Op) -> None:
        """One resource has reached its new state."""
        if op not in QUIET:
            self.ops[urn] = OpView(urn=urn, type=_type_of(urn), name=name, op=op)

    def finish(self, ops: tuple[ResourceOp, ...]) -> None:
        """The outcome replaces what progress told."""
        self.ops = {
            op.urn: OpView(urn=op.urn, type=op.type, name=op.name, op=op.op)
            for op in ops
            if op.op not in QUIET
        }
        self.counts = dict(sorted(Counter(str(op.op) for op in ops).items()))

    def view(self) -> StackView:
        """Frozen; operations by URN, so that no order of parallel steps is seen."""
        return StackView(
            name=self.name,
            state=self.state,
            counts=self.counts,
            ops=tuple(self.ops[urn] for urn in sorted(self.ops)),
            errors=dict(sorted(self.errors.items())),
            seconds=self.seconds,
            permalink=self.permalink,
        )


@dataclass
class ShardPart:
    """One shard so far."""

    plan: ShardPlan
    stack: StackPart | None
    actions: dict[str, ActionPart]
    state: Progress = Progress.PENDING
    error: ErrorInfo | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, plan: ShardPlan) -> ShardPart:
        """A shard that was not begun."""
        stack = StackPart(plan.stack) if plan.stack is not None else None
        return cls(plan, stack, {spec.id: ActionPart(spec) for spec in plan.actions})

    def restart(self) -> None:
        """Begun (again): what failed before is open again."""
        self.state, self.error = Progress.RUNNING, None
        for part in self.actions.values():
            if part.state is Progress.FAILED:
                part.state, part.error = Progress.PENDING, None

    def orphan(self) -> None:
        """Nobody is at it: what was begun and has not ended is unknown."""
        for part in (self.stack, *self.actions.values()):
            if part is not None and part.state is Progress.RUNNING:
                part.state = Progress.UNKNOWN
        if self.state is Progress.RUNNING:
            self.state = Progress.UNKNOWN

    def view(self) -> ShardView:
        """Frozen."""
        return ShardView(
            id=str(self.plan.id),
            account=self.plan.id.account,
            region=self.plan.id.region,
            group=self.plan.id.group,
            state=self.state,
            stack=self.stack.view() if self.stack else None,
            actions=tuple(part.view() for part in self.actions.values()),
            error=self.error,
            seconds=self.seconds,
        )


@dataclass
class ResourcePart:
    """One resource in one stage so far."""

    key: str
    shard: str
    declared: bool
    no_op: str | None
    health: HealthChecked | None = None
    skipped: str | None = None
    hint: str = ""
    recovered_seconds: float | None = None
    #: the execution was given up while it was worked on
    cut_off: bool = False

    def state(self, shard: Progress, failed: bool) -> Progress:
        """How far it is, given its shard."""
        if self.skipped is not None:
            return Progress.SKIPPED
        if failed:
            return Progress.FAILED
        if self.health is not None:
            bad = self.health.status in FAILING
            return Progress.FAILED if bad else Progress.DONE
        if self.no_op is not None and shard is Progress.DONE:
            return Progress.DONE
        if self.cut_off and shard is not Progress.PENDING:
            return Progress.UNKNOWN
        return Progress.RUNNING if shard is not Progress.PENDING else Progress.PENDING

    def view(self, shard: Progress, failed: bool) -> ResourceView:
        """Frozen."""
        technology, account, name = self.key.split("/", 2)
        health = self.health
        rto = health.rto_minutes if health else None
        measured = self.recovered_seconds
        known = rto is not None and measured is not None
        # a lag counts where it was held against a limit; other checks tell it in passing
        held = health is not None and health.facts.get("lag_limit_seconds") is not None
        return ResourceView(
            key=self.key,
            technology=technology,
            name=name,
            account=account,
            declared=self.declared,
            state=self.state(shard, failed),
            status=health.status if health else None,
            detail=self.skipped or (health.detail if health else ""),
            hint=self.hint or (health.hint if health else ""),
            no_op=self.no_op,
            recovered_seconds=measured,
            endpoints_before=health.endpoints_before if health else {},
            endpoints_after=health.endpoints_after if health else {},
            rto_minutes=rto,
            rto_met=measured <= rto * 60 if known and measured is not None and rto else None,
            lag_seconds=health.facts.get("lag_seconds") if health and held else None,
            lag_limit_seconds=health.facts.get("lag_limit_seconds") if health else None,
        )


@dataclass
class StagePart:
    """One stage so far."""

    plan: Stage
    shards: dict[str, ShardPart]
    resources: dict[str, ResourcePart]
    state: Progress = Progress.PENDING
    health: WaveHealth | None = None
    gate: GateView | None = None
    failed: set[str] = field(default_factory=set)
    seconds: float | None = None
    #: when it was first begun, and when it last ended
    started_at: datetime | None = None
    ended_at: datetime | None = None
    #: how its condition was judged
    judged: str = ""

    @classmethod
    def of(cls, plan: Stage) -> StagePart:
        """A stage that was not begun."""
        resources: dict[str, ResourcePart] = {}
        for shard in plan.shards:
            idle = {row.resource: row.reason for row in shard.no_ops}
            for key in (*shard.resources, *idle):
                resources.setdefault(
                    key,
                    ResourcePart(key, str(shard.id), key in shard.declared, idle.get(key)),
                )
        gate = GateView(state=Progress.PENDING) if plan.gate else None
        shards = {str(shard.id): ShardPart.of(shard) for shard in plan.shards}
        return cls(plan, shards, resources, gate=gate)

    @property
    def phase(self) -> Phase:
        """Its phase."""
        return self.plan.phase

    def cut_off(self) -> None:
        """The execution is over: what was begun and not ended is not known."""
        if self.state is Progress.RUNNING:
            self.state = Progress.UNKNOWN
        if self.gate is not None and self.gate.state is Progress.WAITING:
            self.gate = self.gate.model_copy(update={"state": Progress.SKIPPED})
        for shard in self.shards.values():
            if shard.state is Progress.RUNNING:
                shard.state = Progress.UNKNOWN
        for part in self.resources.values():
            part.cut_off = True

    def resource_views(self) -> tuple[ResourceView, ...]:
        """Its resources, in admission order of its shards."""
        return tuple(
            part.view(self.shards[part.shard].state, part.key in self.failed)
            for part in self.resources.values()
        )

    def view(self, resources: tuple[ResourceView, ...]) -> StageView:
        """Frozen, with its resources as ``resource_views`` gave them."""
        return StageView(
            id=self.plan.id,
            phase=self.plan.phase,
            wave=self.plan.wave,
            region=self.plan.region,
            state=self.state,
            health=self.health,
            gate=self.gate,
            shards=tuple(part.view() for part in self.shards.values()),
            resources=resources,
            estimate_seconds=self.plan.estimate_seconds,
            started_at=self.started_at,
            ended_at=self.ended_at,
            seconds=self.seconds,
            needs=self.plan.needs,
            when=self.plan.when,
            judged=self.judged,
        )


def _type_of(urn: str) -> str:
    parts = urn.split("::")
    return parts[2].split("$")[-1] if len(parts) >= 4 else ""
