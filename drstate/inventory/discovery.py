"""Discovery: the scope's resources in all its accounts, asked in parallel.

One account's failure is reported and never blocks another; where an account cannot be asked, what
it answered last is used and marked as such. Answers are kept for five minutes in the journal, which
lives in or beside the recovery region: an emergency finds them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from drstate.errors import DrstateError, InternalError
from drstate.inventory.asking import ask
from drstate.inventory.found import Claim, Found
from drstate.inventory.sifting import concerns, sift
from drstate.model.events import ErrorInfo
from drstate.model.inventory import AccountError, AccountReport, Inventory, Source
from drstate.model.scope import Account, Scope, ScopeKey

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

#: how long an answer is used again without asking
CACHE_SECONDS = 300
#: accounts and regions that are asked at once
PARALLEL = 16


class _Entry(Protocol):
    @property
    def value(self) -> Any: ...
    @property
    def stored_at(self) -> datetime: ...


class Cache(Protocol):
    """The part of the journal that discovery uses."""

    def cache_get(self, key: str) -> _Entry | None:
        """What was stored under the key, however old."""
        ...

    def cache_put(self, key: str, value: Any) -> _Entry:
        """Store a JSON value under the key."""
        ...


@dataclass(frozen=True)
class _Place:
    """One account in one region."""

    account: Account
    region: str

    def key(self, scope: ScopeKey) -> str:
        return f"inventory/1/{scope}/{self.account.id}/{self.region}"


@dataclass(frozen=True)
class _Told:
    """What one place told: what concerns the scope, and how much does not."""

    place: _Place
    found: tuple[Found, ...] = ()
    others: int = 0
    report: AccountReport | None = None
    error: AccountError | None = None


def discover(
    scope: Scope,
    caller: AwsCaller,
    *,
    claims: Sequence[Claim],
    cache: Cache,
    clock: Clock,
    regions: Sequence[str] | None = None,
    refresh: bool = False,
) -> Inventory:
    """The scope's inventory.

    ``regions``: the primary region if not given; of a resource that is in several, the one in the
    earlier region counts. ``refresh`` asks even where an answer is younger than five minutes.
    Failures of accounts are in the result; only a bug (InternalError) and a broken cache
    (StateError, JournalError) are raised.
    """
    begun = clock.monotonic()
    searched = tuple(regions or (scope.regions.primary,))
    search = _Search(scope, caller, cache, clock, refresh=refresh)
    places = [
        _Place(account, region)
        for region in searched
        for account in scope.accounts
        if account.discover
    ]
    with ThreadPoolExecutor(max_workers=min(PARALLEL, max(1, len(places)))) as pool:
        told = list(pool.map(search.look, places))
    sifted = sift(scope, (found for one in told for found in one.found), claims)
    return Inventory(
        scope=scope.key,
        regions=searched,
        resources=tuple(sifted.resources),
        violations=tuple(sifted.violations),
        accounts=tuple(one.report for one in told if one.report is not None),
        account_errors=tuple(one.error for one in told if one.error is not None),
        not_enabled=sifted.not_enabled,
        other_scope=sifted.others + sum(one.others for one in told),
        taken_at=clock.now(),
        duration_ms=(clock.monotonic() - begun) * 1000,
    )


class _Search:
    """One discovery: what ``look`` needs in every place."""

    def __init__(
        self, scope: Scope, caller: AwsCaller, cache: Cache, clock: Clock, *, refresh: bool
    ) -> None:
        self._scope = scope
        self._caller = caller
        self._cache = cache
        self._clock = clock
        self._refresh = refresh

    def look(self, place: _Place) -> _Told:
        """What is known of the place: cached, asked now, or else last known."""
        entry = self._cache.cache_get(place.key(self._scope.key))
        if entry is not None and not self._refresh:
            age = self._clock.now() - entry.stored_at
            if timedelta(0) <= age < timedelta(seconds=CACHE_SECONDS):
                return self._stored(place, entry, Source.CACHE)
        begun = self._clock.monotonic()
        try:
            answer = ask(self._caller, place.account.id, place.region)
        except InternalError:
            raise
        except DrstateError as error:
            return self._failed(place, entry, error)
        mine = tuple(found for found in answer.found if concerns(self._scope, found))
        others = len(answer.found) - len(mine)
        stored = self._cache.cache_put(
            place.key(self._scope.key),
            {
                "found": [found.model_dump() for found in mine],
                "others": others,
                "note": answer.note,
            },
        )
        latency = (self._clock.monotonic() - begun) * 1000
        return _Told(
            place=place,
            found=mine,
            others=others,
            report=AccountReport(
                account=place.account.id,
                name=place.account.name,
                region=place.region,
                source=answer.source,
                asked_at=stored.stored_at,
                seen=len(answer.found),
                latency_ms=latency,
                note=answer.note,
            ),
        )

    def _stored(self, place: _Place, entry: _Entry, source: Source) -> _Told:
        found = tuple(Found.model_validate(one) for one in entry.value["found"])
        others = int(entry.value["others"])
        return _Told(
            place=place,
            found=found,
            others=others,
            report=AccountReport(
                account=place.account.id,
                name=place.account.name,
                region=place.region,
                source=source,
                asked_at=entry.stored_at,
                seen=len(found) + others,
                latency_ms=0.0,
                note=str(entry.value["note"]),
            ),
        )

    def _failed(self, place: _Place, entry: _Entry | None, error: DrstateError) -> _Told:
        known = _Told(place) if entry is None else self._stored(place, entry, Source.LAST_KNOWN)
        return _Told(
            place=place,
            found=known.found,
            others=known.others,
            report=known.report,
            error=AccountError(
                account=place.account.id,
                name=place.account.name,
                region=place.region,
                error=ErrorInfo(**error.as_dict()),
                last_known_at=None if entry is None else entry.stored_at,
            ),
        )
