"""The plan: operation + catalog, compiled to stages. Plain data: printable, storable, diffable."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.cost import Savings
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.scope import Approval, ScopeKey
from drstate.model.shard import ShardId


class Plane(StrEnum):
    """What a call depends on."""

    CONTROL = "control"
    DATA = "data"


class When(StrEnum):
    """Where an action stands relative to the stack update of its shard."""

    BEFORE = "before"
    AFTER = "after"


class Call(Value):
    """One AWS call that an action makes: what it is, where it goes, on which plane."""

    service: str
    operation: str
    #: the region whose endpoint is called; ``us-east-1`` for global services' control planes
    region: str
    plane: Plane = Plane.CONTROL

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} in {self.region} ({self.plane} plane)"


class ActionSpec(Value):
    """An action as the plan tells it. The adapter rebuilds the executable action from ``id``."""

    #: ``<resource key>#<name>``, unique within a stage and the same in every compilation
    id: str
    resource: str
    technology: str
    title: str
    when: When
    calls: tuple[Call, ...]
    estimate_seconds: int
    deadline_seconds: int
    #: what a person has to agree to before it may run (``data-loss``), if anything
    needs_consent: str | None = None
    #: of the actions at its place (``when``) it is the first or the last: hooks stand around others
    outermost: bool = False
    #: where it fails, nothing that stands behind it in its shard is begun
    guards: bool = False
    #: it writes nothing: it waits until what the shard's stack changed is there
    waits: bool = False
    #: named before the start where there is no way back
    undoable: bool = True
    #: actions with the same key never run at the same time, in whatever scope they are (a DNS
    #: zone's id: Route 53 refuses a second change while one is pending)
    serial_key: str | None = None
    #: actions of a shard with the same key are run by one call for all of them, where the service
    #: takes many at once (DRS's jobs)
    batch_key: str | None = None
    #: what the plan warns of, if this is done
    warning: str | None = None


class Place(StrEnum):
    """Where a shard stands in its stage; in this order."""

    #: hooks of the whole wave that come before anything else of it
    BEFORE = "before"
    WORK = "work"
    #: hooks of the whole wave that come after everything else of it
    AFTER = "after"


class NoOp(Value):
    """A resource that a phase has nothing to do for, and why. Shown, never silent."""

    resource: str
    reason: str


class ShardPlan(Value):
    """The work of one shard in one stage."""

    id: ShardId
    #: stack to bring to ``site_state``, or None where everything here is foreign
    stack: str | None
    site_state: SiteState
    #: keys of all resources handled here, in admission order
    resources: tuple[str, ...]
    #: keys of those that the stack declares
    declared: tuple[str, ...]
    actions: tuple[ActionSpec, ...]
    no_ops: tuple[NoOp, ...] = ()
    estimate_seconds: int
    #: what the operator should know before, each with its resource
    warnings: tuple[str, ...] = ()
    place: Place = Place.WORK


class Stage(Value):
    """One phase x one wave. Shards run in parallel; then health; then the gate."""

    #: ``activate.w1``; ``replicate.global``
    id: str
    phase: Phase
    #: 0 for the stage of global stacks
    wave: int
    #: region that is acted on
    region: str
    shards: tuple[ShardPlan, ...]
    #: a gate stands before this stage
    gate: bool
    budget_seconds: int
    estimate_seconds: int
    #: ids of the stages of its phase that it waits for; None: all before it
    needs: tuple[str, ...] | None = None
    #: the wave is run only where this holds, judged just before it (``planning.conditions``)
    when: str | None = None


class Move(Value):
    """A resource's state goes from one stack to another, because its wave changed."""

    resource: str
    from_stack: str
    to_stack: str
    from_group: str
    to_group: str
    reason: str


class GeneratedWave(Value):
    """A resource whose wave was worked out from its dependencies and technology."""

    resource: str
    wave: int
    reason: str


class GroupSettings(Value):
    """What a protection group decides of how one resource is launched."""

    resource: str
    #: name of the group
    group: str
    #: setting -> its value, as the file says it
    settings: dict[str, str]
    #: settings that the group says of this server alone
    own: tuple[str, ...] = ()


class Skip(Value):
    """A resource that was left out, and how to bring it in."""

    resource: str
    reason: str
    mend: str


class Unreached(Value):
    """An account that could not be asked and of which nothing is known: nothing of it is here."""

    account: str
    name: str
    region: str
    what: str
    hint: str = ""

    @property
    def subject(self) -> str:
        """The account as lists of failures name it."""
        return f"account {self.account} ({self.name})"


class Dependence(Value):
    """One call that needs another region than the one that is recovered."""

    resource: str
    #: the action's title
    what: str
    call: Call
    hint: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.what}: {self.call}"


class Stability(Value):
    """What the activation of a plan depends on."""

    #: the region that the actions' calls may go to
    region: str
    calls: int
    #: of these on data planes
    data_plane: int
    dependences: tuple[Dependence, ...] = ()
    #: stacks that would be updated: an engine, a backend and provider plugins stand in the way
    stacks: int = 0
    #: other regions that may be asked and are not needed: whichever answers first will do
    spare: tuple[str, ...] = ()

    @property
    def stable(self) -> bool:
        """Whether nothing but the region itself is needed."""
        return not self.dependences and not self.stacks

    @property
    def said(self) -> str:
        """In one line."""
        planes = f"{self.calls} kinds of calls, {self.data_plane} of them on data planes"
        if self.spare:
            planes += f"; where one region's endpoint does not answer, {', '.join(self.spare)} may"
        if self.stable:
            return f"depends on nothing outside {self.region}: {planes}"
        regions = sorted({one.call.region for one in self.dependences})
        parts = [f"calls in {', '.join(regions)}"] if regions else []
        parts += [f"{self.stacks} stack updates"] if self.stacks else []
        return f"depends on more than {self.region}: {' and '.join(parts)}; {planes}"


class Plan(Value):
    """What will be done, stage by stage."""

    schema_: str = Field(default="drstate.plan/1", alias="schema")
    scope: ScopeKey
    operation: Operation
    phases: tuple[Phase, ...]
    serving: str
    recovery: str
    approval: Approval
    force: bool = False
    emergency: bool = False
    #: of an emergency: how long each action that may lose data is tried without losing any
    graceful_seconds: int = Field(default=0, ge=0)
    #: a drill's id: its ACTIVATE makes copies that carry it, its CLEANUP removes them; no site
    #: changes its state or role. Empty: it is meant
    drill: str = ""
    #: waves or resources were chosen: the phases do not change the state of the site as a whole
    partial: bool = False
    catalog_version: int
    stages: tuple[Stage, ...]
    moves: tuple[Move, ...] = ()
    skips: tuple[Skip, ...] = ()
    #: the plan is not whole without them: the execution fails in the end, and says so
    unreached: tuple[Unreached, ...] = ()
    warnings: tuple[str, ...] = ()
    estimate_seconds: int
    #: resources whose wave no tag says, and why it is this one
    generated: tuple[GeneratedWave, ...] = ()
    #: ids of the stages that make up ``estimate_seconds``, where waves overlap; else all of them do
    critical_path: tuple[str, ...] = ()
    #: of a CLEANUP: what it saves per month
    savings: Savings | None = None
    #: of an emergency: what it depends on outside the region that it recovers in
    stability: Stability | None = None
    #: launch settings that protection groups decide
    launch: tuple[GroupSettings, ...] = ()

    def never_blocks(self, phase: Phase) -> bool:
        """Whether failures of the phase hold nothing up: CLEANUP's, which are owed instead.

        A drill's removal is another matter: what it leaves is found by its id.
        """
        return phase is Phase.CLEANUP and not self.drill

    @property
    def with_stacks(self) -> bool:
        """Whether any stack is brought to a state; otherwise no engine is needed."""
        return any(shard.stack for stage in self.stages for shard in stage.shards)

    @property
    def declared_technologies(self) -> frozenset[str]:
        """Technologies of which a stack of this plan declares something."""
        if self.drill and self.with_stacks:
            return frozenset({"security-group"})  # of a drill's own stacks, that is all
        return frozenset(
            key.partition("/")[0]
            for stage in self.stages
            for shard in stage.shards
            for key in shard.declared
        )

    def digest(self) -> str:
        """sha256 of the canonical JSON: the plan's identity."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return self.model_dump(mode="json")
