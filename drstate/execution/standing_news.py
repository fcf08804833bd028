"""Use case: tell a scope's people what ``drstate readiness`` found, on a schedule. Once each.

What is told is remembered in the journal: the same finding is told again after a day, and its end
is told, too. Figures in it may change meanwhile (a lag, a share of a quota) without being news. One
message for each kind of finding: capacity, maintenance, system health, and everything else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from drstate.execution.channels.registry import Channels
from drstate.execution.services import Services
from drstate.execution.trying import send
from drstate.model.base import Value
from drstate.model.events import ExecutionStatus
from drstate.model.notify import Kind, Severity
from drstate.model.scope import Scope
from drstate.model.words import counted
from drstate.report.notification import Notification, Trouble
from drstate.report.pacing import lets_of
from drstate.report.readiness import FindingView, Readiness, Standing
from drstate.report.recipients import Trial

#: what is told again after so long, if it is still so
AGAIN = timedelta(days=1)
#: of what was found, this much is listed in a message; the rest is counted
LISTED = 20
_FIGURES = re.compile(r"\d+([.,:]\d+)*")
_NAMES = {
    Kind.CAPACITY: "about capacity",
    Kind.MAINTENANCE: "about maintenance",
    Kind.SYSTEM_HEALTH: "about what drstate needs",
    Kind.WARNING: "about readiness",
}


class News(Value):
    """Something that was told, and is remembered until it is over."""

    kind: Kind
    text: str
    hint: str = ""
    severity: Severity
    told_at: datetime

    @property
    def key(self) -> str:
        """The same for the same finding, whatever its figures are."""
        words = _FIGURES.sub("#", self.text)
        return f"{self.kind}/{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def tell(services: Services, scope: Scope, found: Readiness) -> tuple[Trial, ...]:
    """Tell what is news; what became of each message. Nothing where there is none, or no topic.

    What no topic took is told again the next time.
    """
    now = services.clock.now()
    before = {row.key: row for row in _remembered(services, scope)}
    present = {row.key: row for row in _news(found, now)}
    if _at_work(services, scope):
        # the run itself tells how it fares: what is so while it lasts is no news, nor is its end
        present = {key: row for key, row in present.items() if row.kind is Kind.SYSTEM_HEALTH}
        present |= {key: row for key, row in before.items() if row.kind is not Kind.SYSTEM_HEALTH}
    due = [
        row
        for key, row in present.items()
        if key not in before or (row is not before[key] and now - before[key].told_at >= AGAIN)
    ]
    over = [row for key, row in before.items() if key not in present]
    made: list[Trial] = []
    kept = {key: before[key] for key in before if key in present}
    for kind in _NAMES:
        fresh = [row for row in due if row.kind is kind]
        ended = [row for row in over if row.kind is kind]
        if not fresh and not ended:
            continue
        note = _note(services, scope, found, kind, fresh, ended, now)
        sent = list(_send(services, scope, note))
        made += sent
        if any(row.message for row in sent):
            kept |= {row.key: row for row in fresh}
        else:
            kept |= {row.key: row for row in ended}
    services.journal.cache_put(_key(scope), [row.model_dump(mode="json") for row in kept.values()])
    return tuple(made)


def _at_work(services: Services, scope: Scope) -> bool:
    newest = services.journal.executions(scope.key, limit=1)
    if not newest or newest[0].status not in (ExecutionStatus.PENDING, ExecutionStatus.RUNNING):
        return False
    return services.readers.runner_gone(newest[0]) is None


def _news(found: Readiness, now: datetime) -> Iterator[News]:
    if found.standing is Standing.NOT_READY:
        unsound = [row for row in found.resources if row.status != "HEALTHY"]
        yield News(
            kind=Kind.WARNING, text=f"{found.scope} is {found.said}", severity=Severity.ERROR,
            hint=unsound[0].hint if unsound else "", told_at=now,
        )  # fmt: skip
    for row in found.findings:
        yield News(
            kind=row.kind, text=row.what, hint=row.hint, severity=_severity(row), told_at=now
        )
    for debt in found.owed:
        yield News(
            kind=Kind.WARNING, text=f"owed: {debt.phase} in {debt.region}: {debt.why}",
            hint=debt.command, severity=Severity.WARNING, told_at=now,
        )  # fmt: skip
    for text in found.notices:
        yield News(kind=Kind.MAINTENANCE, text=text, severity=Severity.INFO, told_at=now)


def _severity(row: FindingView) -> Severity:
    return Severity.ERROR if row.stops else Severity.WARNING


def _note(
    services: Services,
    scope: Scope,
    found: Readiness,
    kind: Kind,
    fresh: Sequence[News],
    ended: Sequence[News],
    now: datetime,
) -> Notification:
    rows = [Trouble(resource="now", what=row.text, hint=row.hint) for row in fresh]
    rows += [Trouble(resource="no longer", what=row.text) for row in ended]
    said = [counted(len(fresh), "finding")] if fresh else []
    said += [f"{len(ended)} no longer so"] if ended else []
    first = (fresh or ended)[0].text
    severities = [row.severity for row in fresh] or [Severity.INFO]
    return Notification(
        kind=kind,
        severity=max(severities, key=lambda one: one.rank),
        execution="",
        customer=scope.customer,
        environment=str(scope.environment),
        about=0,
        at=now,
        operator=services.operator,
        phases=(),
        serving=found.serving,
        recovery=found.recovery,
        sandbox=services.sandbox,
        what=first if len(rows) == 1 and fresh else f"{', '.join(said)} {_NAMES[kind]}: {first}",
        troubles=tuple(rows[:LISTED]),
        more=max(0, len(rows) - LISTED),
        next=(f"drstate readiness -c {scope.customer} -e {scope.environment}",),
    )


def _send(services: Services, scope: Scope, note: Notification) -> Iterator[Trial]:
    people = scope.notifications
    lets = lets_of(people)
    # where it recovers first: what serves may be what is lost
    topics = sorted(people.topics, key=lambda topic: topic.region != note.recovery)
    channels = Channels(services, scope, "drstate-notify")
    reached: set[str] = set()
    for topic in topics:
        if not topic.wants(note.kind, note.severity):
            continue
        names = tuple(
            one.name
            for one in people.recipients
            if topic in people.through(one) and one.name not in reached and lets(one, note)
        )
        sent = send(services, channels, topic, note.model_copy(update={"recipients": names}))
        if sent.message:
            reached |= {*names}
        yield sent


def _remembered(services: Services, scope: Scope) -> list[News]:
    kept = services.journal.cache_get(_key(scope))
    return [News.model_validate(row) for row in (kept.value if kept else ())]


def _key(scope: Scope) -> str:
    return f"told/standing/{scope.key}"
