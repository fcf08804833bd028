"""What the scope file names: hooks become resources of their wave, and mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from drstate.inventory.problems import problems_of
from drstate.inventory.sifting import named_resources
from drstate.model.scope import Scope
from drstate.model.tags import Priority
from tests.inventory.values import APP, scope

HOOK: dict[str, Any] = {
    "name": "freeze",
    "kind": "ssm",
    "account": APP,
    "wave": 2,
    "phases": ["activate"],
    "document": "freeze-jobs",
    "dependencies": ["web"],
}


def with_hooks(*hooks: dict[str, Any]) -> Scope:
    return Scope.model_validate(
        {**scope().model_dump(mode="json", by_alias=True), "dns": [], "hooks": list(hooks)}
    )


def test_hooks_are_resources_of_their_wave_and_weigh_what_their_failure_means() -> None:
    tell = {
        **HOOK, "name": "tell", "kind": "lambda", "document": None, "function": "tell",
        "on_failure": "continue",
    }  # fmt: skip
    freeze, told = named_resources(with_hooks(HOOK, tell))
    assert (freeze.key, freeze.arn) == (f"ssm/{APP}/freeze", "freeze freeze-jobs")
    assert (freeze.tags.wave, freeze.tags.priority) == (2, Priority.CRITICAL)
    assert freeze.tags.dependencies == ("web",)
    assert told.key == f"lambda-hook/{APP}/tell"
    assert told.tags.priority is Priority.LOW


@pytest.mark.parametrize(
    ("hooks", "said", "mend"),
    [
        ([{**HOOK, "account": "999999999999"}], "which accounts: lacks", "correct hooks"),
        ([HOOK, HOOK], "freeze is listed twice", "correct hooks"),
        ([{**HOOK, "documnt": "x"}], "there is no such field", "write document instead"),
        ([{**HOOK, "phases": ["activated"]}], "allowed are", "set hooks[0].phases[0]"),
    ],
)
def test_mistakes_in_hooks_are_told_with_their_mend(
    hooks: list[dict[str, Any]], said: str, mend: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        with_hooks(*hooks)
    (problem,) = problems_of(caught.value)
    assert said in problem.problem
    assert problem.mend.startswith(mend)
