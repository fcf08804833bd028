"""Kinds of trouble, and every moment at which each can strike a run.

A stroke is a kind and the number of the call, engine command or event that it meets, from 1,
whoever makes it: adapters, the credentials, the provider plugin. Numbers of what is done side by
side are chance; that there is one for each moment is not.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drstate.errors import UsageError

#: kind of trouble -> the fault rule of the call
FAULTS: dict[str, dict[str, Any]] = {
    "error": {"effect": "error", "code": "InternalFailure", "any_code": True, "status": 500},
    "throttled": {"effect": "throttle"},
    "refused": {"effect": "error", "code": "AccessDenied", "any_code": True, "status": 403},
    "unanswered": {"effect": "hang", "seconds": 3},
    "answer-lost": {"effect": "lost-answer"},
}
#: the process is killed while the call has not reached AWS, or has been carried out unanswered
KILLS: dict[str, dict[str, Any]] = {
    "killed-before": {"effect": "hang", "seconds": 600},
    "killed-after": {"effect": "lost-answer", "by": "hang", "seconds": 600},
}
#: the process is killed in place of an engine command, or right after an event is journaled
COMMAND = "killed-before-command"
EVENT = "killed-after-event"
KINDS = (*KILLS, *FAULTS, COMMAND, EVENT)


@dataclass(frozen=True)
class Stroke:
    """What happens, and at which call, command or event (from 1)."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


@dataclass(frozen=True)
class Course:
    """What there is to strike in a run that nothing happens to."""

    #: ``service:operation@region``, in the order in which they arrived
    calls: tuple[str, ...]
    #: commands that the engine was given
    commands: int
    #: types of the journaled events, in order
    events: tuple[str, ...]

    def last(self, kind: str) -> int:
        """How many moments there are for the kind."""
        if kind == COMMAND:
            return self.commands
        # after the last event there is nothing left to be struck
        return max(0, len(self.events) - 1) if kind == EVENT else len(self.calls)

    def moment(self, kind: str, number: int) -> str:
        """What stood at that number in the run that nothing happened to."""
        told = self.events if kind == EVENT else () if kind == COMMAND else self.calls
        named = told[number - 1] if 0 < number <= len(told) else ""
        return f"engine command {number}" if kind == COMMAND else named

    def every(self, kinds: Sequence[str] = KINDS) -> list[Stroke]:
        """Everything that may happen to it."""
        return [Stroke(kind, n) for kind in kinds for n in range(1, self.last(kind) + 1)]

    def sample(self, seed: str, kinds: Sequence[str] = KINDS) -> list[Stroke]:
        """One stroke of each kind; the same ones for the same seed."""
        return [
            Stroke(kind, random.Random(f"{seed} {kind}").randint(1, last))  # noqa: S311 - no secret
            for kind in kinds
            if (last := self.last(kind))
        ]

    def one(self, kind: str, number: int) -> Stroke:
        """That very stroke. Raises UsageError where the run has no such moment."""
        last = self.last(kind)
        if not 1 <= number <= last:
            raise UsageError(
                f"--call {number} does not exist",
                why=f"a run of this plan has {last} moments for {kind}",
                hint=f"give a number from 1 to {last}",
            )
        return Stroke(kind, number)
