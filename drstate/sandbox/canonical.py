"""Any object of the emulation as plain, ordered data that is the same for the same state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import GeneratorType
from typing import Any

from moto.core.base_backend import BaseBackend

# Fields that tell when rather than what, or that lead away from the resource itself.
_LEFT_OUT = re.compile(
    r"(backend|_time$|_date$|_at$|timestamp|^created$|^updated$|creation|key_material|"
    r"private_key|^last_|^_last|createdat|updatedat|launch_time|earliest_restorable|"
    r"^access_keys$|^arrivals$|^history$|^events$|^deployments$|^round$|^state_reason|"
    r"^log_file_manager$|createdate|caller_reference|^_turn$|^_tick$|^added$|"
    r"^first_byte$|^since$|^spans$|^started$)",
    re.IGNORECASE,
)
_DEEPEST = 12
#: a class's own way to say what its objects are: a static method that answers fields, or None for
#: what is not to be told at all
SHOWN = "_drstate_shown"
# Told apart, not told.
_SECRET = re.compile(r"password|secret_string|secret_binary|secret_access_key", re.IGNORECASE)


@cache
def left_out(name: str) -> bool:
    """Whether a field of this name says nothing about what the resource is."""
    return _LEFT_OUT.search(name) is not None


def canonical(value: Any, above: tuple[int, ...] = ()) -> Any:
    """Plain, ordered data for any object of the emulation; `above` guards against cycles."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    for kinds, shown in _ATOMS:
        if isinstance(value, kinds):
            return shown
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        return str(value)  # what else they hold has been looked at before, or not
    if callable(value):
        return "(elsewhere)"
    if id(value) in above or len(above) >= _DEEPEST:
        return "(above)"
    return _composite(value, (*above, id(value)))


# Where an object cannot or should not be described, what stands for it.
_ATOMS: tuple[tuple[Any, str], ...] = (
    ((datetime, date), "(time)"),
    (bytes, "(bytes)"),
    ((BaseBackend, GeneratorType), "(elsewhere)"),
)


def _composite(value: Any, above: tuple[int, ...]) -> Any:
    shown = getattr(type(value), SHOWN, None)
    if shown is not None:
        fields = shown(value)
        return None if fields is None else canonical(fields, above)
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, list | tuple):
        return [canonical(item, above) for item in value]
    fields = value if isinstance(value, Mapping) else getattr(value, "__dict__", None)
    if fields is None:
        return type(value).__name__
    ordered = sorted(fields.items(), key=lambda pair: str(pair[0]))
    return {
        str(name): _hidden(item) if _secret(str(name)) else canonical(item, above)
        for name, item in ordered
        if not left_out(str(name))
    }


@cache
def _secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def _hidden(value: Any) -> Any:
    if not isinstance(value, str | bytes):
        return value is not None
    plain = value.encode() if isinstance(value, str) else value
    return f"sha256:{sha256(plain).hexdigest()}"
