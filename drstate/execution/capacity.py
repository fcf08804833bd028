"""Use case: how near the accounts are to what AWS allows them. Changes nothing.

Every counted limit of every adapter is asked in every account and region, all at once. An
account-wide limit that is used up region by region is summed over all regions of the account in
which its service is offered. A region that does not answer is missing in the sum, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import cache as once
from itertools import chain
from typing import TYPE_CHECKING

from drstate.errors import UnknownNameError
from drstate.execution.quota_asking import Asker, Cache, Counter, Kind, Question, Reply
from drstate.execution.quota_figures import Fold, Place, questions_of
from drstate.model.capacity import CapacityReport, Figure, Level
from drstate.model.scope import Scope

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.quotas import Limit
    from drstate.aws.caller import AwsCaller
    from drstate.execution.services import Services

#: a limit, and where it is asked
Asked = tuple[Place, "Limit"]
#: seconds within which a question is answered, or what it asks for is told as not known
ANSWER_SECONDS = 1.5
#: services that are called besides those that limits are of
ASKED_WITH = ("ec2", "service-quotas", "sts")


def capacity(
    services: Services,
    scopes: Sequence[Scope],
    *,
    accounts: Collection[str] = (),
    technologies: Collection[str] = (),
    refresh: bool = False,
    seconds: float = ANSWER_SECONDS,
) -> CapacityReport:
    """The figures of the scopes' accounts; of some accounts and technologies where any are named.

    Answers of the last five minutes are used again unless ``refresh``. Each question waits for
    ``seconds`` at most, beside the others. Raises UnknownNameError for an account that no scope
    names, ConfigError for an unknown technology.
    """
    from drstate.aws.sessions import load_models  # noqa: PLC0415 it loads botocore

    places, homes = _places(scopes, accounts)
    adapters = [services.adapter(one) for one in technologies] or list(services.technologies())
    counters = counters_of(adapters)
    cache = Cache(services.journal, services.clock, refresh=refresh)
    load_models(sorted({*ASKED_WITH, *(counter.limit.service for counter in counters)}))
    begun = services.clock.monotonic()

    @once
    def caller(scope: int, _region: str) -> AwsCaller:
        return services.caller(scopes[scope], session="drstate-capacity")

    def callers(account: str, region: str) -> AwsCaller:
        # sessions of a region's own: where STS of one region hangs, the others are not held up
        return caller(homes[account], region)

    asker = Asker(
        counters,
        callers,
        services.clock,
        seconds=seconds,
        cache=cache,
    )
    wanted = [(place, counter.limit) for place in places.values() for counter in counters]
    found = ask(asker, wanted, services.clock.now())
    return CapacityReport(
        figures=tuple(sorted(chain.from_iterable(found.values()), key=_nearest_first)),
        taken_at=services.clock.now(),
        duration_ms=(services.clock.monotonic() - begun) * 1000,
    )


def counters_of(adapters: Iterable[Adapter]) -> tuple[Counter, ...]:
    """Every counted limit once, with the first adapter that counts it."""
    found: dict[str, Counter] = {}
    for adapter in adapters:
        for limit in adapter.limits:
            if limit.counted:
                found.setdefault(limit.id, Counter(limit, adapter))
    return tuple(found.values())


def ask(
    asker: Asker,
    wanted: Iterable[Asked],
    now: datetime,
    *,
    everywhere: Callable[[Asked], bool] = lambda _: True,
) -> dict[Asked, list[Figure]]:
    """The figures of each limit in its place.

    ``everywhere``: whether an account's limit is to be counted in all its regions, or in those of
    the place only.
    """
    asked = list(dict.fromkeys(wanted))
    avoided = {place.account.id: place.avoided for place, _ in asked}

    def follow(question: Question, reply: Reply) -> list[Question]:
        if question.kind is not Kind.REGIONS or not reply.known:
            return []
        return [
            # by the session of the region that told the list: it answers
            Question(Kind.USED, question.account, region, question.limit, question.region)
            for region in reply.value
            if region not in avoided[question.account]
        ]

    first = [
        question for one in asked for question in questions_of(*one, everywhere=everywhere(one))
    ]
    # what a recovery needs is asked first: nothing that hangs elsewhere is in its way
    nearest = {place.account.id: place.regions[0] for place, _ in reversed(asked)}
    first.sort(key=lambda question: question.region != nearest[question.account])
    fold = Fold(asker.ask(first, follow), now)
    return {one: list(fold.figures(*one)) for one in asked}


def _places(
    scopes: Sequence[Scope], accounts: Collection[str]
) -> tuple[dict[str, Place], dict[str, int]]:
    """Account -> where to ask it, and account -> number of the scope whose role is used."""
    places: dict[str, Place] = {}
    homes: dict[str, int] = {}
    for number, scope in enumerate(scopes):
        # a recovery's region is the one that has to answer
        pair = (scope.regions.recovery, scope.regions.primary)
        for account in scope.accounts:
            if accounts and account.id not in accounts:
                continue
            homes.setdefault(account.id, number)
            known = places.get(account.id)
            regions = dict.fromkeys([*(known.regions if known else ()), *pair])
            places[account.id] = Place(known.account if known else account, tuple(regions))
    missing = sorted(set(accounts) - set(places))
    if missing:
        named = sorted({account.id for scope in scopes for account in scope.accounts})
        raise UnknownNameError(
            f"no scope names the account {missing[0]}",
            why=f"known are {', '.join(named) or 'none'}",
            hint="name one of them, or add it to accounts: of a scope file",
        )
    return places, homes


def _nearest_first(figure: Figure) -> tuple[int, float, str, str, str, str]:
    """The highest level first; what is not known stands before what is well."""
    level = figure.level
    rank = Level.OK.rank + 0.5 if level is None else level.rank
    return (
        -int(2 * rank),
        -(figure.percent or 0.0),
        figure.what,
        figure.account,
        figure.region,
        figure.holder,
    )
