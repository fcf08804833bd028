"""A failover that is struck at any one of its calls or engine commands comes to the same end.

Killed before a call, or while its answer is awaited; an error, a throttle, a refusal, no answer, an
answer that is lost: each once, at each call, whoever makes it. What follows is what a person would
do: resume, or the same command again where nothing had begun. The emulated AWS and the report are
those of the run that nothing happened to.

A few strokes are tried, chosen by a seed that stays; all of them with DRSTATE_FULL_TESTS=1.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drstate.model.phases import Phase
from tests.execution.faulty import TRIED, Reference, Stroke
from tests.execution.worlds import World

WHOLE = os.environ.get("DRSTATE_FULL_TESTS") == "1"
SEED = "2026-03-01"
#: the look at what has just been done: it took place, and nobody was told
PINNED = {"refused": 9}
STAGING, PRODUCTION = "acme/staging", "acme/production"
PARTS = 6
#: of all strokes of a scope: one of each kind, or every one, dealt into parts
CASES = (
    [(scope, part) for scope in (STAGING, PRODUCTION) for part in range(PARTS)]
    if WHOLE
    else [(STAGING, kind) for kind in TRIED]
)


def chosen(strokes: list[Stroke], part: int | str) -> list[Stroke]:
    """The strokes of a case."""
    if isinstance(part, str):
        own = [one for one in strokes if one.kind == part]
        if part in PINNED:
            return [one for one in own if one.number == PINNED[part]]
        return [random.Random(f"{SEED} {part}").choice(own)]
    return strokes[part::PARTS]


@pytest.fixture(scope="module")
def undisturbed(
    ready: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Reference]]:
    """The undisturbed run of a scope, made when it is first asked for."""
    made: dict[str, Reference] = {}
    copies: list[World] = []
    folder = tmp_path_factory.mktemp("undisturbed")

    def of(scope: str) -> Reference:
        if scope not in made:
            world = ready
            if scope != STAGING:
                copies.append(world := ready.copy(folder / scope))
                assert world.run("run", phase=Phase.REPLICATE, scope=scope) == 0
            made[scope] = Reference.of(world, scope, folder / f"{scope}-whole")
        return made[scope]

    yield of
    for world in copies:
        world.stop()


@pytest.mark.parametrize(("scope", "part"), CASES)
def test_a_stroke_at_a_call_leaves_no_trace_in_the_end(
    scope: str, part: int | str, undisturbed: Callable[[str], Reference], tmp_path: Path
) -> None:
    reference = undisturbed(scope)
    strokes = chosen(reference.strokes(), part)
    assert strokes
    found = [
        line
        for number, stroke in enumerate(strokes)
        for line in reference.struck(stroke, tmp_path / str(number))
    ]
    assert not found, "\n".join(found)
