"""What a stack makes can be found again if the stack was cut off before it could note it.

For everything in the technology's stacks: its id follows from its inputs, or the adapter finds it
in AWS by them, or making it a second time is the same as once. A type of which nothing of this is
true would be left behind twice by a kill in the wrong moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drstate.engine.outcome import PROVIDER_TYPE
from drstate.programs.eventbridge.owners import RULE, TARGET
from drstate.programs.registry import identity, program_for
from tests.contract.stage import Stage

FOUND_CHECKS = ("found-again",)
#: type -> why a second creation changes nothing
REPEATED = {
    RULE: "PutRule writes the rule of that name and bus",
    TARGET: "PutTargets writes the target of the id that the program gives",
}


def found_again(stage: Stage, stacks: Iterable[str]) -> None:
    """Look for everything that the stage's stacks hold as if its id had been lost."""
    world, seen = stage.world, set[str]()
    for stack in stacks:
        region, account = stack.split(".")[2:4]
        for resource in world.stacks.export(stack).get("resources") or ():
            kind, inputs = resource["type"], resource.get("inputs") or {}
            if not resource.get("custom") or kind.startswith(PROVIDER_TYPE):
                continue
            seen.add(kind)
            if kind in REPEATED or identity(kind, inputs) is not None:
                continue
            said = {**inputs, "region": inputs.get("region") or region}
            found = stage.adapter.created(kind, said, account, world.aws)
            if found is None or found not in _ids(resource):
                stage.found("found-again", resource["urn"], found, _ids(resource))
    _untried(stage, seen)


def _untried(stage: Stage, seen: set[str]) -> None:
    """Types that the program knows, and of which the stage has none: an id has to be told."""
    program = program_for(stage.technology)
    if program is None:
        return
    known = {kind for owners in program.owners.values() for kind in owners}
    for kind in sorted(known - seen - {*REPEATED, *program.identities}):
        stage.found("found-again", kind, "is declared, but nothing of it is here to be looked for")


def _ids(resource: dict[str, Any]) -> set[str]:
    outputs = resource.get("outputs") or {}
    return {str(one) for one in (resource.get("id"), outputs.get("arn")) if one}
