"""Makes the record of what a rehearsal found: what it covers, and never more."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drstate.model.rehearsed import KEPT_FAILURES, Faults, Fingerprint, Rehearsed, StrokeFailure
from drstate.model.scope import ScopeKey
from drstate.model.words import counted
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.comparing import differences
from drstate.rehearsal.ledger import Head
from drstate.rehearsal.source import Ground
from drstate.rehearsal.strokes import Stroke
from drstate.rehearsal.struck import Struck
from drstate.rehearsal.undisturbed import Undisturbed
from drstate.rehearsal.wish import Wish

#: lines of what differs that a failure keeps, and characters of each
_LINES, _CHARACTERS = 20, 400


@dataclass(frozen=True)
class About:
    """What was rehearsed, apart from what came of it."""

    scope: ScopeKey
    #: words of ``drstate rehearse`` that ask for it
    command: tuple[str, ...]
    subject: str
    fingerprint: Fingerprint
    #: phases, serving, recovery
    plan: dict[str, Any]
    #: where the plan that was run is not the one that is meant
    deviation: str
    notes: tuple[str, ...]
    covers: Faults
    seed: str = ""
    #: ``2/4``; "": all strokes
    shard: str = ""

    @classmethod
    def of(cls, asked: Asked, wish: Wish, look: dict[str, Any], ground: Ground) -> About:
        """Of a plan as the child looked at it (``Stage.look``)."""
        meant = ground.meant
        told = look["fingerprint"]
        return cls(
            scope=asked.scope,
            command=tuple(asked.words_of_command()),
            subject=look["subject"],
            fingerprint=Fingerprint.model_validate(told) if meant is None else meant.fingerprint,
            plan={name: look[name] for name in ("phases", "serving", "recovery")},
            deviation="" if meant is None else _deviation(meant.essence, look["essence"]),
            notes=(*ground.notes, *_outside(int(look["outside"]))),
            covers=wish.covers,
            seed=wish.drawn_by,
            shard="" if wish.shard is None else str(wish.shard),
        )

    def head(self, wish: Wish, whole: Undisturbed, *, from_file: bool) -> Head:
        """The head of the file that its strokes are kept in."""
        return Head(
            scope=self.scope,
            command=self.command,
            subject=self.subject,
            fingerprint=self.fingerprint,
            faults=wish.faults,
            kinds=wish.kinds,
            shard=self.shard,
            calls=whole.course.calls,
            commands=whole.course.commands,
            events=whole.course.events,
            end=whole.mark,
            plan=self.plan,
            deviation=self.deviation,
            notes=self.notes,
            from_file=from_file,
        )

    @classmethod
    def of_head(cls, head: Head) -> About:
        """The same of strokes that were kept."""
        return cls(
            scope=head.scope,
            command=head.command,
            subject=head.subject,
            fingerprint=head.fingerprint,
            plan=head.plan,
            deviation=head.deviation,
            notes=head.notes,
            covers=head.wish.covers,
            shard=head.shard,
        )

    def record(
        self,
        struck: Sequence[Struck],
        of: int,
        *,
        by: str,
        seconds: float,
        stopped: str = "",
        undisturbed: str = "",
    ) -> Rehearsed:
        """The record. ``of``: how many strokes there are; ``undisturbed``: how that run failed."""
        took_place = [one for one in struck if one.took_place]
        failures = [one for one in took_place if one.differs]
        return Rehearsed(
            scope=self.scope,
            subject=self.subject,
            fingerprint=self.fingerprint,
            deviation=self.deviation,
            faults=self.covers,
            seed=self.seed,
            shard=self.shard,
            strokes=len(took_place),
            of=of,
            failed=len(failures),
            failures=tuple(self._failure(one) for one in failures[:KEPT_FAILURES]),
            missed=len(struck) - len(took_place),
            undisturbed=undisturbed,
            stopped=stopped,
            by=by,
            at=datetime.now(UTC),
            seconds=seconds,
            notes=self.notes,
        )

    def words(self, *more: str) -> str:
        """The command that rehearses it."""
        return shlex.join(["drstate", "rehearse", *self.command, *more])

    def again(self, stroke: Stroke) -> str:
        """The command that repeats just this stroke."""
        return self.words("--kind", stroke.kind, "--call", str(stroke.number))

    def _failure(self, one: Struck) -> StrokeFailure:
        lines = [line[:_CHARACTERS] for line in one.differs[:_LINES]]
        more = len(one.differs) - len(lines)
        return StrokeFailure(
            kind=one.stroke.kind,
            number=one.stroke.number,
            met=one.met,
            differs=(*lines, *([f"and {more} more"] if more else [])),
            said=one.said,
            command=self.again(one.stroke),
        )


def _deviation(meant: dict[str, Any], rehearsed: dict[str, Any]) -> str:
    found = differences(meant, rehearsed)
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return found[0][:_CHARACTERS] + more if found else ""


def _outside(hooks: int) -> tuple[str, ...]:
    if not hooks:
        return ()
    return (f"{counted(hooks, 'hook')} outside AWS {'was' if hooks == 1 else 'were'} not run",)
