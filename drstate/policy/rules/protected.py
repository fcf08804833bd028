"""What holds data, or cannot be made again as it was, is protected in its stack.

The programs say what that is (``Program.stateful``). Copies that a drill makes are there to be
removed, so they are passed by.
"""

from __future__ import annotations

from collections.abc import Iterable

from drstate.model.declared import Declared
from drstate.policy.rule import Rule
from drstate.programs.registry import stateful_types


def _check(resource: Declared) -> Iterable[str]:
    kept = stateful_types().get(resource.type)
    if kept is not None and not resource.protect and not resource.place.drill:
        yield f"is not protected, and deleting it would destroy {kept}"


RULE = Rule(
    id="protected",
    title="what holds data is protected against deletion in its stack",
    why="a change of a program must not be able to delete the only other copy",
    hint="declare it with protect=True (pulumi.ResourceOptions)",
    check=_check,
)
