"""Names of stacks: slugs of what people wrote, with a short hash where they were altered.

And of the tag by which everything of a drill is known again.
"""

from __future__ import annotations

import hashlib
import re

from drstate.model.catalog import GLOBAL
from drstate.model.scope import ScopeKey

#: Pulumi allows letters, digits, ``-_.`` and 100 characters in a stack's name
MAX_STACK_NAME = 100
#: tag of everything that a drill makes; its value is the drill's id
DRILL_TAG = "drstate:drill"
#: tag of what a drill's own stack declares: two shards of a drill may be in one VPC
STACK_TAG = "drstate:stack"
_SAFE = re.compile(r"[a-z0-9-]+")


def slug(text: str) -> str:
    """Lower case letters, digits and hyphens; a short hash is added when anything was altered."""
    if _SAFE.fullmatch(text) and len(text) <= 40:
        return text
    plain = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")[:33]
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def stack_name(scope: ScopeKey, region: str, account: str, group: str) -> str:
    """``<customer>.<environment>.<region>.<account>.<group>``, or ``….global.<account>``.

    Raises ValueError where it is longer than Pulumi allows.
    """
    parts = [slug(scope.customer), str(scope.environment), region, account]
    if region != GLOBAL:
        parts.append(group)
    name = ".".join(parts)
    if len(name) > MAX_STACK_NAME:
        raise ValueError(f"stack name {name!r} is longer than {MAX_STACK_NAME} characters")
    return name


def drill_stack_name(live: str, drill: str) -> str:
    """``<name of the shard's live stack>.drill-<id>``, shortened with a hash where it is too long.

    A shard has one even where all of its live resources belong to somebody else.
    """
    end = f".drill-{drill}"
    if len(live) + len(end) <= MAX_STACK_NAME:
        return f"{live}{end}"
    mark = f"-{hashlib.sha256(live.encode()).hexdigest()[:6]}{end}"
    return f"{live[: MAX_STACK_NAME - len(mark)].rstrip('-.')}{mark}"


def wave_group(wave: int) -> str:
    """The group of a wave's first stack."""
    return f"w{wave}"
