"""Emulated AWS contents: what is there when a sandbox starts.

An estate is built straight into moto's backends, with identifiers that are the same at
every start, because scope files name them. Builders are imported when they are wanted: what
one estate uses must not cost another one's start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drstate.sandbox.aws.ids import SeededIds

    from .estate import Estate

#: module of each estate; its build(ids, options) makes it
ESTATES = {
    "captured": "drstate.sandbox.estates.captured.build",
    "demo": "drstate.sandbox.estates.demo.build",
    "generated": "drstate.sandbox.estates.generated.build",
}


def build(name: str, ids: SeededIds) -> Estate:
    """Build a named estate into the (empty) backends.

    What follows a colon in the name are the estate's own options. Raises ValueError naming
    the known estates, or the option that is wrong.
    """
    kind, _, options = name.partition(":")
    if kind not in ESTATES:
        known = ", ".join(sorted(ESTATES))
        raise ValueError(f"there is no estate called {kind!r}; known estates: {known}")
    made: Estate = import_module(ESTATES[kind]).build(ids, options)
    return made
