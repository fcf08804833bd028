"""Answers about names that move are kept for two minutes at most.

Aliases have no time of their own. The records that drstate itself changes are judged too: they are
handed in as if they were declared, with what the scope file says.
"""

from __future__ import annotations

from collections.abc import Iterable

from drstate.model.declared import Declared
from drstate.policy.rule import Rule
from drstate.programs.route53 import LONGEST_TTL

RECORD = "aws:route53/record:Record"


def _check(resource: Declared) -> Iterable[str]:
    if resource.type != RECORD or resource.inputs.get("aliases"):
        return
    ttl = resource.known("ttl")
    if isinstance(ttl, int | float) and ttl > LONGEST_TTL:
        yield f"has a TTL of {ttl:g} s"


RULE = Rule(
    id="dns-ttl",
    title=f"DNS answers are kept for {LONGEST_TTL} s at most",
    why="until it has passed, clients are sent to the region that failed",
    hint=f"set ttl to {LONGEST_TTL} or less (for records that drstate changes: dns in the scope "
    "file)",
    check=_check,
)
