"""The shape of a preview: both halves of what a plan would do. ``drstate.preview/1``.

The declared half is the engine's own diff per stack, the imperative half is what each action found
when it looked. Values only; ``execution.previewing`` fills them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.capacity import Need
from drstate.model.events import ErrorInfo
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, Move, NoOp, Plan
from drstate.model.rehearsed import Verification
from drstate.model.stackops import Op, ResourceOp, StackOutcome
from drstate.report.policy import PolicyFinding


class ActionPreview(Value):
    """What one action found, and so whether it would run."""

    spec: ActionSpec
    #: it is done already and would not run
    done: bool
    facts: dict[str, Any] = Field(default_factory=dict)
    #: why it would fail now, if it would
    blocked: str | None = None
    #: it acts on what its stack creates, at the values that the site wants: there is nothing left
    #: to do then, and if there is, the action finds it
    after_create: bool = False
    #: it could not be observed
    error: ErrorInfo | None = None

    @property
    def runs(self) -> bool:
        """Whether the action would run."""
        return not self.done and self.error is None and not self.after_create


class PrerequisiteView(Value):
    """Something that does not hold and should before the phase begins."""

    resource: str
    what: str
    hint: str = ""
    #: whether it stops the run before its first action
    stops: bool = True


class ShardPreview(Value):
    """One shard: its stack's diff and its actions."""

    shard: str
    account: str
    region: str
    stack: StackOutcome | None
    actions: tuple[ActionPreview, ...] = ()
    no_ops: tuple[NoOp, ...] = ()
    #: prerequisites that are not met
    unmet: tuple[PrerequisiteView, ...] = ()
    error: ErrorInfo | None = None

    @property
    def explained(self) -> bool:
        """Whether there is no error, or none but that protected resources would be lost.

        The engine refuses those by itself, and a safety rule names each with its remedy.
        """
        if self.error is None or self.stack is None:
            return self.error is None
        losing = (op for op in self.stack.ops if op.op in (Op.REPLACE, Op.DELETE))
        lost = {op.urn for op in losing if op.protected}
        return bool(self.stack.errors) and self.stack.errors.keys() <= lost

    @property
    def changes(self) -> int:
        """Stack operations other than ``same``, and actions that would run."""
        return (self.stack.changes if self.stack else 0) + sum(a.runs for a in self.actions)


class StagePreview(Value):
    """One stage."""

    stage: str
    phase: Phase
    wave: int
    region: str
    estimate_seconds: int
    shards: tuple[ShardPreview, ...]

    @property
    def changes(self) -> int:
        """Sum over its shards."""
        return sum(shard.changes for shard in self.shards)


class RefusalView(Value):
    """A safety rule that refuses the plan, and the remedy."""

    stack: str
    what: str
    why: str = ""
    hint: str = ""
    #: it may pass by itself: replication catches up, a resource becomes available
    passes: bool = False


@dataclass(frozen=True)
class Hindrances:
    """What a start would be told now, should it be asked for."""

    refusals: tuple[RefusalView, ...] = ()
    #: windows that open soon, or that an emergency goes ahead in
    notices: tuple[str, ...] = ()


class PlanPreview(Value):
    """What the plan would do, seen now."""

    schema_: str = Field(default="drstate.preview/1", alias="schema")
    plan: Plan
    plan_digest: str
    engine: str
    stages: tuple[StagePreview, ...]
    moves: tuple[Move, ...] = ()
    refusals: tuple[RefusalView, ...] = ()
    warnings: tuple[str, ...] = ()
    #: what the plan takes of quotas, the nearest first
    capacity: tuple[Need, ...] = ()
    #: resources that do not keep to a policy: refused, advised, or exempt for a time
    policy: tuple[PolicyFinding, ...] = ()
    #: whether the plan was rehearsed, as it is now; None: it was not asked
    verification: Verification | None = None
    duration_seconds: float = 0.0

    @property
    def changes(self) -> int:
        """Stack operations other than ``same``, actions that would run, and moves."""
        return sum(stage.changes for stage in self.stages) + len(self.moves)

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return self.changes == 0

    @property
    def errors(self) -> tuple[tuple[str, str, ErrorInfo], ...]:
        """What could not be previewed: (stage, shard, error)."""
        return tuple(
            (stage.stage, shard.shard, error)
            for stage in self.stages
            for shard in stage.shards
            for error in (shard.error, *(action.error for action in shard.actions))
            if error is not None
        )

    @property
    def destructive(self) -> tuple[ResourceOp, ...]:
        """Operations that replace or delete something."""
        return tuple(
            op
            for stage in self.stages
            for shard in stage.shards
            if shard.stack is not None
            for op in shard.stack.ops
            if op.op in (Op.REPLACE, Op.DELETE)
        )


def unexplained(seen: PlanPreview) -> tuple[tuple[str, str, ErrorInfo], ...]:
    """``errors`` without those of stacks that a refusal explains already."""
    refused = {row.stack for row in seen.refusals}
    told = [
        (stage.stage, shard.shard, shard.error)
        for stage in seen.stages
        for shard in stage.shards
        if shard.explained and shard.stack is not None and shard.stack.stack in refused
    ]
    return tuple(row for row in seen.errors if row not in told)
