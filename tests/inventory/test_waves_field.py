"""``waves:`` of a scope file: numbers beside settings, and mistakes told with their mend."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from drstate.inventory.problems import problems_of
from drstate.model.scope import Scope
from tests.inventory.values import scope


def with_waves(waves: Any) -> Scope:
    return Scope.model_validate({**scope().model_dump(mode="json", by_alias=True), "waves": waves})


def test_numbers_are_waves_and_what_is_read_can_be_written_again() -> None:
    known = with_waves({"overlap": True, 2: {"when": "forced"}, "3": {}})
    assert (known.waves.overlap, known.waves.generate) == (True, False)
    assert [known.waves.when(wave) for wave in (1, 2, 3)] == [None, "forced", None]
    assert Scope.model_validate(known.model_dump(mode="json", by_alias=True)) == known


@pytest.mark.parametrize(
    ("waves", "field", "mend"),
    [
        ({"overlp": True}, "waves.overlp", "write overlap instead"),
        ({2: {"whn": "x"}}, "waves.2.whn", "write when instead"),
        ({2: {"if": "x"}}, "waves.2.if", "allowed there are when"),
        ({2: "forced"}, "waves.2", "to a mapping of fields"),
        ({0: {"when": "x"}}, "waves.0", "to a wave's number"),
        ({"overlap": "maybe"}, "waves.overlap", "to true or false"),
        ({"sometimes": True}, "waves.sometimes", "allowed there are generate, overlap"),
    ],
)
def test_mistakes_are_told_with_field_and_mend(waves: Any, field: str, mend: str) -> None:
    with pytest.raises(ValidationError) as caught:
        with_waves(waves)
    (problem,) = problems_of(caught.value)
    assert problem.field == field
    assert mend in problem.mend
