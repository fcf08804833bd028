"""--target and --exclude: which resources an update is about.

Patterns are URNs in which ``*`` stands for anything but a colon pair and ``**`` for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from drstate.sandbox.engine.contract import UpdateOptions

from .state import State


class Targets:
    """The limits of one update."""

    def __init__(self, options: UpdateOptions) -> None:
        self.targets = options.targets
        self.excludes = options.excludes
        self.replaces = options.replaces
        self._replaced = _matcher(options.replaces)
        self.target_dependents = options.target_dependents
        self.exclude_dependents = options.exclude_dependents
        self._wanted = _matcher(options.targets)
        self._unwanted = _matcher(options.excludes)
        #: URNs that dependents follow, grown as the program registers them
        self._followed: set[str] = set()

    @property
    def limited(self) -> bool:
        """Whether there are limits at all."""
        return bool(self.targets or self.excludes)

    def includes(self, urn: str) -> bool:
        """Whether the options name the resource (or do not exclude it)."""
        if self.targets:
            return bool(self._wanted.fullmatch(urn))
        return not (self.excludes and self._unwanted.fullmatch(urn))

    def replaced(self, urn: str) -> bool:
        """Whether --replace names the resource."""
        return bool(self.replaces and self._replaced.fullmatch(urn))

    def takes(self, state: State, *, depends_on: Iterable[str] | None = None) -> bool:
        """Whether a registered resource is worked on. Dependents follow where that was asked."""
        urn = state.urn
        needs = state.depends_on() if depends_on is None else set(depends_on)
        follows = not self._followed.isdisjoint(needs)
        if self.targets:
            taken = self.includes(urn) or (self.target_dependents and follows)
            if taken:
                self._followed.add(urn)
            return taken
        if self.excludes:
            left = not self.includes(urn) or (self.exclude_dependents and follows)
            if left:
                self._followed.add(urn)
            return not left
        return True

    @staticmethod
    def unmatched(patterns: Iterable[str], urns: Iterable[str]) -> list[str]:
        """Those without wildcards that name nothing."""
        known = set(urns)
        return [one for one in patterns if "*" not in one and one not in known]


def _matcher(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_expression(one)})" for one in patterns) or r"(?!)")


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*)", pattern)
    table = {"**": ".*", "*": "[^:]*"}
    return "".join(table.get(part, re.escape(part)) for part in parts)
