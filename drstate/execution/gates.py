"""Gates: what a person is asked before a stage, and what a person answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from drstate.errors import UsageError
from drstate.model.actor import Actor
from drstate.model.health import Impaired, ResourceStatus, WaveHealth
from drstate.model.plan import Plan, Stage, When
from drstate.model.scope import Policies
from drstate.model.words import counted


@dataclass(frozen=True)
class Question:
    """What is to be decided."""

    execution: str
    stage: str
    reason: str
    checklist: tuple[str, ...]
    #: what is not healthy in the stage before
    impaired: tuple[Impaired, ...] = ()
    #: how the wave before fared, and what comes next
    summary: tuple[str, ...] = ()
    #: whoever is asked here, who may not decide it because they started the execution; None: may
    barred: str | None = None
    #: whether it was decided in the meantime, elsewhere. Whoever waits for an answer asks this
    #: about once a second, and stops waiting when it is so
    settled: Callable[[], bool] = field(default=lambda: False, compare=False)


@dataclass(frozen=True)
class Answer:
    """What was decided, and by whom."""

    approved: bool
    by: str
    comment: str = ""


def refuse_starter(policies: Policies, starter: Actor, by: Actor, execution: str) -> None:
    """Raise UsageError where the scope's rule bars ``by`` from deciding: they started it."""
    if not policies.separate_approver or not by.same_as(starter):
        return
    raise UsageError(
        f"{by.shown} started execution {execution} and may not decide its gates",
        why="the scope file says policies.separate_approver: true",
        hint=f"somebody else decides: drstate approve {execution}, or drstate reject {execution}",
    )


#: asks whoever can decide; None: it was decided elsewhere while the question stood
Ask = Callable[[Question], Answer | None]
#: tells a gate's token to people: execution, stage, token
TellToken = Callable[[str, str, str], None]


@dataclass(frozen=True)
class BeforeGate:
    """How the stage before a gate fared: its verdict, and what its resources were found to be."""

    health: WaveHealth
    statuses: Sequence[ResourceStatus]


def question(
    execution: str,
    plan: Plan,
    stage: Stage,
    impaired: Sequence[Impaired] = (),
    before: BeforeGate | None = None,
) -> Question:
    """What a person should know before the stage begins.

    ``impaired``: what is not healthy in the stage before, named before anything else.
    """
    reason = f"approval is required before {stage.id} in {stage.region}"
    if impaired:
        names = ", ".join(row.resource for row in impaired)
        reason += f"; {impaired[0].stage} is {impaired[0].verdict}: {names}"
    return Question(
        execution=execution,
        stage=stage.id,
        reason=reason,
        checklist=(*map(_told, impaired), *_checklist(plan, stage)),
        impaired=tuple(impaired),
        summary=(*_before(plan, stage, before), _coming(stage)),
    )


def _before(plan: Plan, stage: Stage, before: BeforeGate | None) -> list[str]:
    at = [row.id for row in plan.stages].index(stage.id)
    if at == 0:
        return [f"nothing was changed yet: {counted(len(plan.stages), 'stage')} to go"]
    if before is None:
        return []
    told = ", ".join(
        f"{count} {str(status).lower()}"
        for status in ResourceStatus
        if (count := sum(one is status for one in before.statuses))
    )
    return [f"before: {plan.stages[at - 1].id} is {before.health}" + (f": {told}" if told else "")]


def _coming(stage: Stage) -> str:
    resources = {key for shard in stage.shards for key in shard.resources}
    actions = sum(len(shard.actions) for shard in stage.shards)
    return (
        f"next: {stage.id} in {stage.region}: {counted(len(resources), 'resource')}, "
        f"{counted(actions, 'action')}, about {max(1, round(stage.estimate_seconds / 60))} min"
    )


def _told(row: Impaired) -> str:
    where = f"wave {row.wave}" if row.wave else "the global stacks"
    hint = f" (help: {row.hint})" if row.hint else ""
    return f"{where}: {row.resource} is {row.status}: {row.detail}{hint}"


def _checklist(plan: Plan, stage: Stage) -> list[str]:
    resources = {key for shard in stage.shards for key in shard.resources}
    lines = [f"{plan.scope}: {counted(len(resources), 'resource')} in {stage.region}"]
    actions = [spec for shard in stage.shards for spec in shard.actions]
    for when in When:
        lines += [f"{spec.resource}: {spec.title}" for spec in actions if spec.when is when]
    final = [spec.title for spec in actions if not spec.undoable]
    if final:
        lines.append("there is no way back from: " + "; ".join(final))
    return lines
