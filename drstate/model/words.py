"""Words that messages of several rooms share."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 task``, ``3 tasks``: for nouns that take an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
