"""What a rollback of an execution would do: worked out from its plan and its events alone; pure.

Only what this execution did is undone: an action that was found done by others stays. The order is
that of the execution, backwards: stages, then actions after the stack, the stack, actions before
it, dependents before what they depend on. What cannot be undone is named with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drstate.model import events as e
from drstate.model.events import Left, UndoStep
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import ActionSpec, Plan, ShardPlan, Stage, When

#: (stage, shard, action id or stack)
Key = tuple[str, str, str]
#: steps that follow each other; chains of a group are undone at once, groups one after the other
Chain = tuple[UndoStep, ...]
Group = tuple[Chain, ...]
#: keys in levels: those of a level depend on earlier levels only
Levels = Callable[[tuple[str, ...]], list[list[str]]]

#: phases whose stacks go back, and the states they may go back to: nothing is deleted by it
RETURNING = (Phase.INSTANTIATE, Phase.ACTIVATE)
_LOWER = (SiteState.STANDBY, SiteState.WARM)


def plan_of(story: Iterable[e.Event]) -> Plan | None:
    """The plan that the events tell; None: it was never made."""
    found: Plan | None = None
    for event in story:
        match event.payload:
            case e.ExecutionCreated(plan=plan, planned=True) | e.ExecutionPlanned(plan=plan):
                found = plan
            case _:
                pass
    return found


@dataclass
class Trail:
    """What an execution has left behind, as its events tell."""

    #: action -> what was observed before it first ran
    ran: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    stacks: set[Key] = field(default_factory=set)
    undone: set[Key] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    #: state of the site when the phase began
    found: dict[Phase, SiteState | None] = field(default_factory=dict)

    @classmethod
    def of(cls, story: Iterable[e.Event]) -> Trail:
        """The trail after all events."""
        trail = cls()
        for event in story:
            match event.payload:
                case e.ActionIntended(stage=stage, shard=shard, action=action, observed=observed):
                    trail.ran.setdefault((stage, shard, action), observed)
                case e.StackStarted(stage=stage, shard=shard, stack=stack):
                    trail.stacks.add((stage, shard, stack))
                case e.UndoFinished(stage=stage, shard=shard, step=step):
                    trail.undone.add((stage, shard, step))
                case e.MoveFinished(resource=resource, to_stack=stack):
                    trail.moved[resource] = stack
                case e.PhaseStarted(phase=phase, found=found):
                    trail.found.setdefault(phase, found)
                case _:
                    pass
        return trail


@dataclass(frozen=True)
class WayBack:
    """What is undone, in its order, and what is left."""

    groups: tuple[Group, ...]
    left: tuple[Left, ...]
    #: nothing that could be undone stays out
    whole: bool
    #: undone by an earlier attempt
    undone: int
    #: stages that stay although they came after one that is undone, and may rely on it
    later: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[UndoStep, ...]:
        """Every step."""
        return tuple(step for group in self.groups for chain in group for step in chain)


def way_back(plan: Plan, trail: Trail, waves: Collection[int], levels: Levels) -> WayBack:
    """The way back for all stages, or for those of the chosen ``waves``."""
    groups: list[Group] = []
    left: list[Left] = []
    stay: list[str] = []
    later: list[str] = []
    for stage in reversed(plan.stages):
        found = tuple(_groups(stage, trail, levels))
        if waves and stage.wave not in waves:
            stay += [stage.id] if found else []
            continue
        later = stay[:] if found else later
        groups += found
        left += _left(stage, trail)
    left += [
        Left(what=key, reason=f"its state stays in {stack}, where it was moved to")
        for key, stack in sorted(trail.moved.items())
    ]
    return WayBack(tuple(groups), tuple(left), not stay, len(trail.undone), tuple(later[::-1]))


def returns_to(stage: Stage, trail: Trail) -> SiteState | None:
    """The state that the stage's stacks go back to; None where they stay as they are."""
    found = trail.found.get(stage.phase)
    return found if stage.phase in RETURNING and found in _LOWER else None


def _groups(stage: Stage, trail: Trail, levels: Levels) -> Iterator[Group]:
    yield from _actions(stage, When.AFTER, trail, levels)
    stacks = tuple(_stack(stage, shard, trail) for shard in stage.shards)
    going = tuple((step,) for step in stacks if step is not None)
    if going:
        yield going
    yield from _actions(stage, When.BEFORE, trail, levels)


def _actions(stage: Stage, when: When, trail: Trail, levels: Levels) -> Iterator[Group]:
    chains: dict[str, list[UndoStep]] = {}
    for shard in stage.shards:
        for spec in reversed(shard.actions):
            key = (stage.id, str(shard.id), spec.id)
            if spec.when is when and spec.undoable and key in trail.ran.keys() - trail.undone:
                chains.setdefault(spec.resource, []).append(_step(stage, shard, spec))
    for level in reversed(levels(tuple(chains))):
        yield tuple(tuple(chains[key]) for key in reversed(level))


def _step(stage: Stage, shard: ShardPlan, spec: ActionSpec) -> UndoStep:
    return UndoStep(
        stage=stage.id,
        shard=str(shard.id),
        step=spec.id,
        resource=spec.resource,
        title=spec.title,
    )


def _stack(stage: Stage, shard: ShardPlan, trail: Trail) -> UndoStep | None:
    state = returns_to(stage, trail)
    key = (stage.id, str(shard.id), shard.stack or "")
    if state is None or shard.stack is None or key not in trail.stacks - trail.undone:
        return None
    return UndoStep(
        stage=stage.id,
        shard=str(shard.id),
        step=shard.stack,
        title=f"bring stack {shard.stack} from {shard.site_state} back to {state}",
    )


def _left(stage: Stage, trail: Trail) -> Iterator[Left]:
    for shard in stage.shards:
        for spec in shard.actions:
            if not spec.undoable and (stage.id, str(shard.id), spec.id) in trail.ran:
                yield Left(
                    what=spec.resource,
                    reason=f"{spec.title}: there is no way back from it",
                    hint="drstate up --phase replicate, then activate, turns the roles",
                )
        touched = (stage.id, str(shard.id), shard.stack or "") in trail.stacks
        if touched and returns_to(stage, trail) is None:
            yield _kept(stage, shard)


def _kept(stage: Stage, shard: ShardPlan) -> Left:
    phase = stage.phase
    if phase in RETURNING:
        reason = f"it stays as {phase} left it; its reconciliation is owed: what was undone differs"
        hint = f"look at it: drstate preview --phase {phase}; then drstate up --phase {phase}"
    else:
        reason = f"{phase} is not taken back: what it set up may hold data, and serves nobody"
        hint = f"drstate up --phase {phase} goes on from there"
    return Left(what=f"stack {shard.stack}", reason=reason, hint=hint)
