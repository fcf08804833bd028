"""Asking accounts for limits and for what is used of them: beside one another, each in its time.

Nothing here waits for a region that does not answer: what is not known in time is told as such,
with the reason. Answers are kept for five minutes, in one cache entry an account; failures are not.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from drstate.errors import DrstateError
from drstate.execution.errorinfo import as_drstate
from drstate.execution.intime import Ended, InTime, Ticket

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.quotas import Limit
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock
    from drstate.journal.port import Journal

#: how long an answer is used again without asking
CACHE_SECONDS = 300
#: questions under way at once
AT_ONCE = 64
#: after so many questions that a place did not answer in time, it is asked no more
SILENCES = 3
#: account, region -> a caller whose session is asked for in that region
Callers = Callable[[str, str], "AwsCaller"]


class Kind(StrEnum):
    """What is asked."""

    #: the account's own figure of a limit: a number, or None where it has none
    LIMIT = "limit"
    #: how much is used: holder -> number
    USED = "used"
    #: the account's regions in which the limit's service is offered
    REGIONS = "regions"


@dataclass(frozen=True)
class Counter:
    """A limit, and the adapter that counts what is used of it."""

    limit: Limit
    adapter: Adapter


@dataclass(frozen=True)
class Question:
    """One thing to be asked in one account and region."""

    kind: Kind
    account: str
    region: str
    #: ``Limit.id``
    limit: str
    #: the region whose session is used; empty: the region itself
    via: str = field(default="", compare=False)

    @property
    def place(self) -> tuple[str, str]:
        """Account and region."""
        return self.account, self.region

    @property
    def key(self) -> str:
        """Unique text."""
        return f"{self.kind} {self.account} {self.region} {self.limit}"


@dataclass(frozen=True)
class Reply:
    """What was told, or why nothing was."""

    value: Any
    asked_at: datetime
    why: str = ""
    cached: bool = False

    @property
    def known(self) -> bool:
        """Whether there is an answer."""
        return not self.why


Replies = dict[Question, Reply]
#: a question and its reply -> what is to be asked because of it
Follow = Callable[[Question, Reply], Sequence[Question]]


class Asker:
    """Asks. For one use."""

    def __init__(
        self,
        counters: Iterable[Counter],
        callers: Callers,
        clock: Clock,
        *,
        seconds: float,
        cache: Cache | None = None,
    ) -> None:
        self._counters = {counter.limit.id: counter for counter in counters}
        self._callers = callers
        self._clock = clock
        self._seconds = seconds
        self._cache = cache
        self._follow: Follow = lambda _question, _reply: ()
        self._waiting: deque[Question] = deque()
        self._seen: dict[str, Question] = {}
        self._replies: Replies = {}
        #: place -> questions that it did not answer in time
        self._silent: Counts[tuple[str, str]] = Counts()

    def ask(self, questions: Iterable[Question], follow: Follow) -> Replies:
        """Every question's reply. ``follow`` names what is to be asked because of a reply.

        Never raises for what AWS answers, or does not.
        """
        self._follow = follow
        self._add(questions)
        with InTime[Any](self._clock, AT_ONCE) as pool:
            while self._waiting or not pool.idle:
                while self._waiting and pool.free:
                    self._begin(self._waiting.popleft(), pool)
                for ended in pool.ended():
                    question = self._seen[ended.key]
                    self._silent[question.place] += ended.late
                    self._settle(question, self._reply(ended))
        if self._cache is not None:
            self._cache.put(self._replies)
        return self._replies

    def _begin(self, question: Question, pool: InTime[Any]) -> None:
        """Ask, unless the place has been silent so often that it would only hold up others."""
        if self._silent[question.place] < SILENCES:
            pool.start(question.key, self._put(question), self._seconds)
            return
        why = f"{question.place[1]} did not answer {SILENCES} other questions"
        self._settle(question, Reply(None, self._clock.now(), why))

    def _add(self, questions: Iterable[Question]) -> None:
        for question in questions:
            if question.key in self._seen:
                continue
            self._seen[question.key] = question
            held = self._cache.get(question) if self._cache is not None else None
            if held is None:
                self._waiting.append(question)
            else:
                self._settle(question, held)

    def _settle(self, question: Question, reply: Reply) -> None:
        self._replies[question] = reply
        self._add(self._follow(question, reply))

    def _reply(self, ended: Ended[Any]) -> Reply:
        now = self._clock.now()
        if ended.late:
            return Reply(None, now, f"no answer within {self._seconds:g} s")
        if ended.error is not None:
            return Reply(None, now, _told(as_drstate(ended.error)))
        return Reply(ended.answer, now)

    def _put(self, question: Question) -> Callable[[Ticket], Any]:
        from drstate.adapters import quotas  # noqa: PLC0415 loaded when it is needed
        from drstate.adapters.at import At  # noqa: PLC0415 the same

        limit, adapter = (found := self._counters[question.limit]).limit, found.adapter
        aws = self._callers(question.account, question.via or question.region)
        patient = aws.derived(transient_codes=adapter.transient_codes)
        at = At(patient, question.account, question.region)

        def put(_: Ticket) -> Any:
            if question.kind is Kind.LIMIT:
                return quotas.live(at, limit)
            if question.kind is Kind.REGIONS:
                return quotas.regions(at, limit.service)
            return adapter.used(limit, at)

        return put


class Cache:
    """Answers that are young enough, in the journal: one entry an account."""

    def __init__(self, journal: Journal, clock: Clock, *, refresh: bool = False) -> None:
        self._journal = journal
        self._clock = clock
        self._refresh = refresh
        self._held: dict[str, dict[str, Any]] = {}

    def get(self, question: Question) -> Reply | None:
        """The reply that was stored, unless it is too old."""
        if self._refresh:
            return None
        row = self._rows(question.account).get(question.key)
        if row is None:
            return None
        return Reply(row["value"], datetime.fromisoformat(row["asked_at"]), cached=True)

    def put(self, replies: Replies) -> None:
        """Store what was answered now, beside what is still young enough."""
        fresh: dict[str, dict[str, Any]] = {}
        for question, reply in replies.items():
            if reply.known and not reply.cached:
                row = {"value": reply.value, "asked_at": reply.asked_at.isoformat()}
                fresh.setdefault(question.account, {})[question.key] = row
        for account, rows in fresh.items():
            self._journal.cache_put(self._key(account), {**self._rows(account), **rows})

    def _rows(self, account: str) -> dict[str, Any]:
        if account not in self._held:
            entry = self._journal.cache_get(self._key(account))
            now = self._clock.now()
            self._held[account] = {
                key: row
                for key, row in (entry.value if entry is not None else {}).items()
                if _young(datetime.fromisoformat(row["asked_at"]), now)
            }
        return self._held[account]

    @staticmethod
    def _key(account: str) -> str:
        return f"capacity/1/{account}"


def _young(then: datetime, now: datetime) -> bool:
    # a clock that was set back must not make answers immortal
    return timedelta(0) <= now - then < timedelta(seconds=CACHE_SECONDS)


def _told(error: DrstateError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what
