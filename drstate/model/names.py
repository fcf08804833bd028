"""Names of stacks: slugs of what people wrote, with a short hash where they were altered."""

from __future__ import annotations

import hashlib
import re

from drstate.model.catalog import GLOBAL
from drstate.model.scope import ScopeKey

#: Pulumi allows letters, digits, ``-_.`` and 100 characters in a stack's name
MAX_STACK_NAME = 100
_SAFE = re.compile(r"[a-z0-9-]+")


def slug(text: str) -> str:
    """Lower case letters, digits and hyphens; a short hash is added when anything was altered."""
    if _SAFE.fullmatch(text) and len(text) <= 40:
        return text
    plain = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")[:33]
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def stack_name(scope: ScopeKey, region: str, account: str, group: str) -> str:
    """``<customer>.<environment>.<region>.<account>.<group>``, or ``….global.<account>``."""
    parts = [slug(scope.customer), str(scope.environment), region, account]
    if region != GLOBAL:
        parts.append(group)
    name = ".".join(parts)
    if len(name) > MAX_STACK_NAME:
        raise ValueError(f"stack name {name!r} is longer than {MAX_STACK_NAME} characters")
    return name


def wave_group(wave: int) -> str:
    """The group of a wave's first stack."""
    return f"w{wave}"
