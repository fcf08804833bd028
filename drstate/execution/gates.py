"""Gates: what a person is asked before a stage, and what a person answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drstate.model.health import Impaired
from drstate.model.plan import Plan, Stage, When
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


@dataclass(frozen=True)
class Answer:
    """What was decided, and by whom."""

    approved: bool
    by: str
    comment: str = ""


#: asks a person who sits at the terminal
Ask = Callable[[Question], Answer]


def question(
    execution: str, plan: Plan, stage: Stage, impaired: Sequence[Impaired] = ()
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
