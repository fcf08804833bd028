"""What a rehearsal proved, of what exactly, and what that says of a plan.

A rehearsal is remembered with a fingerprint of everything that its plan was made from. What a plan
is worth is told anew each time from the two: nothing here is ever set to "verified" by hand.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from drstate.model.base import Value
from drstate.model.scope import ScopeKey

#: failures that a record keeps; their number is kept whole
KEPT_FAILURES = 50


class Faults(StrEnum):
    """How much trouble a rehearsal makes."""

    #: none: the plan is replayed once
    NONE = "none"
    #: one stroke of each kind
    SAMPLE = "sample"
    #: every kind of trouble at every moment that it can strike
    ALL = "all"


class EntryPrint(Value):
    """Digests of one entry of the catalog."""

    #: what it is and how it is tagged
    tags: str
    spec: str
    #: who owns it where, and the group of its stacks
    owners: str


class Fingerprint(Value):
    """Everything that a plan is made from, as digests, so that what changed can be named."""

    #: resource's key -> digests
    entries: dict[str, EntryPrint] = {}
    #: in words: which region serves, which stands by, in which state each is
    sites: str
    #: field of the scope file (protection groups included) -> digest
    scope: dict[str, str]
    #: version of drstate, and the digest of its code and that of installed adapters
    version: str
    code: str
    #: digest of the plan, apart from what differs in each making of it; "": it was not made
    plan: str = ""


class StrokeFailure(Value):
    """A stroke after which the end was another one."""

    kind: str
    #: of the call, engine command or event that it was meant for, from 1
    number: int
    #: what it met: ``ecs:UpdateService@us-west-2``
    met: str = ""
    #: what differed, line by line, cut to a bearable number
    differs: tuple[str, ...] = ()
    #: the last words of the process
    said: str = ""
    #: command that repeats just this stroke
    command: str = ""


class Rehearsed(Value):
    """The record of one rehearsal."""

    scope: ScopeKey
    #: what was done, the same for every plan that does it: ``instantiate+activate``
    subject: str
    fingerprint: Fingerprint
    faults: Faults
    #: strokes that took place, and how many there are
    strokes: int
    of: int
    failed: int = 0
    failures: tuple[StrokeFailure, ...] = ()
    #: strokes that never met anything: the run came to its end without them, each time
    missed: int = 0
    #: how the run that nothing happened to ended, where that was not well
    undisturbed: str = ""
    #: where the rehearsed plan differed from the one that is meant; "": nowhere
    deviation: str = ""
    #: why it ended before its last stroke
    stopped: str = ""
    #: what was not rehearsed by its nature
    notes: tuple[str, ...] = ()
    seed: str = ""
    #: which part of all strokes it is, ``2/4``; "": all of them, also where parts were joined
    shard: str = ""
    by: str
    at: datetime
    seconds: float = Field(ge=0.0)

    @property
    def whole(self) -> bool:
        """Whether every stroke took place."""
        return (
            self.faults is Faults.ALL
            and self.strokes == self.of
            and not self.missed
            and not self.stopped
            and not self.shard
        )

    @property
    def good(self) -> bool:
        """Whether nothing ended otherwise."""
        return not self.failed and not self.undisturbed


class Verification(Value):
    """Whether a plan is VERIFIED, in words that stand alone."""

    verified: bool
    #: ``verified 2026-11-22 05:10 UTC, 1,284 of 1,284 strokes``; ``not verified: never rehearsed``
    said: str
    #: the command that mends it; "": nothing is to be mended
    mend: str = ""
    #: when the newest rehearsal ended
    at: datetime | None = None
    strokes: int = 0
    of: int = 0
