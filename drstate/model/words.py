"""Words that messages of several rooms share."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 task``, ``3 tasks``: for nouns that take an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def span(seconds: float) -> str:
    """Seconds in the largest unit that keeps them readable: ``1.2 s``, ``90 s``, ``14 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
