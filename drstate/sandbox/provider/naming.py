"""Names that are made up where a program gives none, as the real provider's bridge does it.

A name is the resource's, a dash, and seven hexadecimal digits that follow from the engine's seed.

It never makes up a second name for a resource that has one.
"""

from __future__ import annotations

import hashlib
import secrets

from drstate.sandbox.provider.resource import ResourceType
from drstate.sandbox.provider.wire import Values

#: The input in which the real provider's bridge lists what a program did not set itself.
DEFAULTED = "__defaults"
_DIGITS = 7
_PREFIXED_DIGITS = 26


def named(resource: ResourceType, name: str, seed: bytes, olds: Values, news: Values) -> Values:
    """The inputs with the name filled in: the made-up one it had before, else a new one."""
    field = resource.name_property
    if not resource.autoname or news.get(field) is not None:
        return news
    if olds.get(field) is not None and field in (olds.get(DEFAULTED) or ()):
        made_up = olds[field]
    elif resource.name_prefix and news.get(resource.name_prefix) is not None:
        made_up = f"{news[resource.name_prefix]}{_suffix(seed, name, _PREFIXED_DIGITS)}"
    else:
        made_up = f"{name}-{_suffix(seed, name, _DIGITS)}"
    return {**news, field: made_up, DEFAULTED: [field]}


def _suffix(seed: bytes, name: str, digits: int) -> str:
    if not seed:
        return secrets.token_hex(digits)[:digits]
    return hashlib.sha256(seed + name.encode()).hexdigest()[:digits]
