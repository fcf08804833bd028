"""What a technology runs at a site before and after CLEANUP: quantities, from its spec alone.

One function per technology, ``runs`` beside its ``PROGRAM``; here is what they are made of. Pure:
it asks nobody, so that it can be told before a clean-up and read from the journal after it. What a
spec does not know (bytes stored, disks that nobody captured) is named as such.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drstate.model.cost import Running, Usage

#: unknown of what takes snapshots by itself
SNAPSHOTS = "snapshots: how much they hold is not known"


@dataclass(frozen=True)
class At:
    """The resource at a site: before its CLEANUP (it serves, or served a moment ago) or after."""

    retired: bool
    #: a stack of ours declares it there
    declared: bool
    #: the site that the spec was captured at
    captured_here: bool
    #: the technology's policy of the scope file
    policy: Any


#: spec and place -> what runs
Runs = Callable[[Any, At], Running]


def free(why: str) -> Runs:
    """Of a technology of which nothing costs by the hour."""

    def runs(_spec: Any, _at: At) -> Running:
        return Running(note=why)

    return runs


def usage(count: float, what: str, price: str, each: float = 1.0) -> Usage:
    """``count`` of something, ``each`` so many units of the price."""
    told = what if count == 1 else f"{count:g} x {what}"
    return Usage(what=told, price=price, quantity=count * each)


def kept(at: At) -> str:
    """What is done to something that stays as it is."""
    return "kept" if at.retired else ""
