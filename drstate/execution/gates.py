"""Gates: what a person is asked before a stage, and what a person answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drstate.model.plan import Plan, Stage, When
from drstate.model.words import counted


@dataclass(frozen=True)
class Question:
    """What is to be decided."""

    execution: str
    stage: str
    reason: str
    checklist: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What was decided, and by whom."""

    approved: bool
    by: str
    comment: str = ""


#: asks a person who sits at the terminal
Ask = Callable[[Question], Answer]


def question(execution: str, plan: Plan, stage: Stage) -> Question:
    """What a person should know before the stage begins."""
    return Question(
        execution=execution,
        stage=stage.id,
        reason=f"approval is required before {stage.id} in {stage.region}",
        checklist=tuple(_checklist(plan, stage)),
    )


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
