"""One-time tokens of gates. Only their sha256 is journaled; the token is shown once, to people.

Whoever got the token (by a notification, say) decides the gate with it. It holds for half an hour;
then another one takes its place, and the old one is refused.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drstate.errors import UsageError
from drstate.model import events as e
from drstate.model.events import Event

#: how long a token holds, and how long a gate waits until people are alerted again
LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True)
class Token:
    """A token and what is journaled of it."""

    text: str
    expires_at: datetime

    @classmethod
    def new(cls, now: datetime) -> Token:
        """A token nobody can guess (128 bits)."""
        return cls(secrets.token_urlsafe(16), now + LIFETIME)

    @property
    def sha256(self) -> str:
        """What is journaled."""
        return digest(self.text)

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at.isoformat()})"


def digest(token: str) -> str:
    """sha256 of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def wanted(story: Iterable[Event], stage: str, execution: str) -> UsageError:
    """What is told where the scope demands a token and none was given."""
    shown = bool(_known(story, stage))
    return UsageError(
        f"the gate before {stage} is decided with its token only",
        why="the scope file says policies.approval_token: true"
        + ("" if shown else "; this gate has none: it opened where nobody could be shown one"),
        hint=f"add it: drstate approve {execution} --token TOKEN"
        if shown
        else f"open it in a terminal, which shows one: drstate resume {execution}; or have tokens "
        "sent to people: notifications in the scope file",
    )


def _known(story: Iterable[Event], stage: str) -> list[tuple[str, datetime | None]]:
    """Digests of the tokens that the stage's gate has had, and until when each holds."""
    known: list[tuple[str, datetime | None]] = []
    for event in story:
        match event.payload:
            case e.GateOpened(stage=where, token_sha256=found, token_expires_at=until) | (
                e.GateReminded(stage=where, token_sha256=found, token_expires_at=until)
            ) if where == stage and found:
                known.append((found, until))
            case _:
                pass
    return known


def check(story: Iterable[Event], stage: str, token: str, now: datetime) -> None:
    """Raise UsageError unless ``token`` is the one that decides the stage's gate now."""
    known = _known(story, stage)
    given = digest(token.strip())
    if not any(secrets.compare_digest(given, found) for found, _ in known):
        raise UsageError(
            f"the token is not that of the gate before {stage}",
            why="each gate has its own, shown when it opened",
            hint="look at what the notification or the terminal of the run shows",
        )
    current, until = known[-1]
    if given != current or (until is not None and now >= until):
        raise UsageError(
            f"the token of the gate before {stage} has expired",
            why=f"a token holds for {LIFETIME.seconds // 60} minutes and is then replaced",
            hint="use the newer one from the notification or the terminal of the run",
        )
