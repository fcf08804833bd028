"""From replies to figures: which questions a limit asks in a place, and what its answers say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from drstate.execution.quota_asking import Kind, Question, Replies, Reply
from drstate.model.capacity import Figure, RegionUse, Source
from drstate.model.scope import Account

if TYPE_CHECKING:
    from drstate.adapters.quotas import Limit

#: stands for the regions of an account that could not be listed
OTHER_REGIONS = "other regions"
_AVOIDED = "not asked: it may be lost"


@dataclass(frozen=True)
class Place:
    """An account, and the regions in which its regional limits are asked, the nearest first."""

    account: Account
    regions: tuple[str, ...]
    #: never asked, whatever the limit
    avoided: frozenset[str] = frozenset()

    def asked_for(self, limit: Limit) -> tuple[str, ...]:
        """Where the limit is asked."""
        regions = (limit.control_region,) if limit.control_region else self.regions
        return tuple(region for region in regions if region not in self.avoided)


def questions_of(place: Place, limit: Limit, *, everywhere: bool) -> list[Question]:
    """What is asked first; ``everywhere``: an account's limit in all its regions."""
    kinds = [Kind.USED]
    kinds += [Kind.LIMIT] if limit.code else []
    kinds += [Kind.REGIONS] if limit.spread and everywhere else []
    return [
        Question(kind, place.account.id, region, limit.id)
        for kind in kinds
        for region in place.asked_for(limit)
    ]


class Fold:
    """Figures from replies."""

    def __init__(self, replies: Replies, now: datetime) -> None:
        self._now = now
        self._by_limit: dict[tuple[str, str], Replies] = {}
        for question, reply in replies.items():
            of = self._by_limit.setdefault((question.account, question.limit), {})
            of[question] = reply

    def figures(self, place: Place, limit: Limit) -> Iterator[Figure]:
        """The limit's figures in the place: one, or one for each region or resource."""
        replies = self._by_limit.get((place.account.id, limit.id), {})
        if limit.spread:
            yield self._summed(place, limit, replies)
            return
        regions = place.asked_for(limit)
        if not regions:
            yield self._figure(place, limit, "", {}, why=_AVOIDED)
        for region in regions:
            here = {asked: reply for asked, reply in replies.items() if asked.region == region}
            where = "" if limit.per == "account" else region
            used = here[Question(Kind.USED, place.account.id, region, limit.id)]
            if not used.known:
                yield self._figure(place, limit, where, here, why=used.why)
                continue
            for holder, count in sorted(used.value.items()):
                yield self._figure(place, limit, where, here, used=count, holder=holder)

    def _summed(self, place: Place, limit: Limit, replies: Replies) -> Figure:
        """An account's limit: what all regions use of it, the most used first."""
        rows = [
            RegionUse(
                region=asked.region,
                used=sum(reply.value.values()) if reply.known else None,
                why=reply.why,
            )
            for asked, reply in replies.items()
            if asked.kind is Kind.USED
        ]
        listings = [reply for asked, reply in replies.items() if asked.kind is Kind.REGIONS]
        if listings and not any(reply.known for reply in listings):
            rows.append(RegionUse(region=OTHER_REGIONS, used=None, why=listings[0].why))
        rows += [
            RegionUse(region=region, used=None, why=_AVOIDED) for region in sorted(place.avoided)
        ]
        known = [row.used for row in rows if row.used is not None]
        return self._figure(
            place,
            limit,
            "",
            replies,
            used=sum(known) if known else None,
            why="" if known else next((row.why for row in rows), "no region was asked"),
            regions=sorted(rows, key=lambda row: (row.used is None, -(row.used or 0), row.region)),
        )

    def _figure(
        self,
        place: Place,
        limit: Limit,
        region: str,
        replies: Replies,
        *,
        used: int | None = None,
        why: str = "",
        holder: str = "",
        regions: Iterable[RegionUse] = (),
    ) -> Figure:
        """The figure; its limit is the account's own where any region told it."""
        told = [reply for asked, reply in replies.items() if asked.kind is Kind.LIMIT]
        own = _own(told)
        limit_why = ""
        if own is None and limit.code:
            refused = [reply.why for reply in told if reply.why]
            limit_why = refused[0] if refused else "Service Quotas has no figure of the account"
        return Figure(
            account=place.account.id,
            account_name=place.account.name,
            region=region,
            holder=holder,
            what=limit.what,
            service=limit.service,
            code=limit.code,
            limit=limit.default if own is None else own,
            source=Source.DEFAULT if own is None else Source.LIVE,
            limit_why=limit_why,
            used=used,
            why=why,
            regions=tuple(regions),
            asked_at=min((reply.asked_at for reply in replies.values()), default=self._now),
            cached=any(reply.cached for reply in replies.values()),
        )


def _own(told: Iterable[Reply]) -> int | None:
    return next((int(one.value) for one in told if one.known and one.value is not None), None)
