"""Tags of generated resources: sound ones, and a share that is wrong in the ways people get wrong.

Which resource is how wrong is drawn from the place's own random source, so it is the same for
the same seed.
"""

from __future__ import annotations

from random import Random

from drstate.sandbox.estates.demo.data import dr_tags

from .layout import Place

#: of a hundred resources so many are badly tagged
WRONG_PERCENT = 3
_PRIORITIES = ("critical", "high", "medium", "low")
_WEIGHTS = (1, 2, 4, 3)

#: what is wrong -> the tags that make it so; None takes a tag away
WRONG: dict[str, dict[str, str | None]] = {
    "dr:wave is not a number": {"dr:wave": "first"},
    "dr:wave is missing": {"dr:wave": None},
    "dr:priority is unknown": {"dr:priority": "urgent"},
    "protection is switched off": {"dr:enabled": "false"},
    "dr:enabled is neither true nor false": {"dr:enabled": "yes"},
    "Environment names no known scope": {"Environment": "prod"},
    "Customer is missing": {"Customer": None},
    "dr:rto-target is not a number": {"dr:rto-target": "1h"},
}


def tags_of(
    place: Place, random: Random, wave: int, dependency: str | None = None
) -> tuple[dict[str, str], str | None]:
    """A resource's tags, and what is wrong with them, or None."""
    priority = random.choices(_PRIORITIES, _WEIGHTS)[0]
    tags = {
        "Customer": place.owner.name,
        "Environment": place.environment,
        "Owner": "platform-team",
        **dr_tags(str(wave), priority, dependency),
    }
    if random.randrange(100) >= WRONG_PERCENT:
        return tags, None
    wrong = random.choice(sorted(WRONG))
    for tag, value in WRONG[wrong].items():
        if value is None:
            del tags[tag]
        else:
            tags[tag] = value
    return tags, wrong
