"""Emulated AWS contents: what is there when a sandbox starts.

An estate is built straight into moto's backends, with identifiers that are the same at
every start, because scope files name them.
"""

from __future__ import annotations

from collections.abc import Callable

from drstate.sandbox.aws.ids import SeededIds

from . import demo
from .estate import Estate

ESTATES: dict[str, Callable[[SeededIds], Estate]] = {"demo": demo.build}


def build(name: str, ids: SeededIds) -> Estate:
    """Build a named estate into the (empty) backends.

    Raises ValueError naming the known estates.
    """
    builder = ESTATES.get(name)
    if builder is None:
        known = ", ".join(sorted(ESTATES))
        raise ValueError(f"there is no estate called {name!r}; known estates: {known}")
    return builder(ids)
