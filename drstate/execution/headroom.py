"""What a run takes of the accounts' limits, summed over its plan and held against what is used.

One resource fits where all of them together do not. So what each resource takes is collected while
its shard is looked at, and the sums are compared once, in every phase of the plan: no earlier phase
raises a limit. A resource that several phases bring up further counts with the most it takes. Where
a limit or its use is not known, that is told and stops nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from drstate.execution.capacity import ask
from drstate.execution.errorinfo import error_info
from drstate.execution.quota_asking import Asker, Counter
from drstate.execution.quota_figures import Place
from drstate.execution.worksource import site_context
from drstate.model.capacity import Level, Need
from drstate.model.phases import Phase
from drstate.report.preview import PrerequisiteView, RefusalView

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.quotas import Demand, Limit
    from drstate.adapters.site import SiteContext
    from drstate.aws.caller import AwsCaller
    from drstate.execution.services import Services
    from drstate.model.catalog import Catalog, CatalogEntry
    from drstate.model.plan import Plan, ShardPlan, Stage
    from drstate.model.scope import Scope

#: seconds that a run waits for figures at most; by force it has no time for them
ANSWER_SECONDS, FORCED_SECONDS = 5.0, 2.0


@dataclass(frozen=True)
class _Taken:
    """One limit where it is taken: an account's, a region's or a resource's."""

    limit: Limit
    account: str
    #: empty for an account's limit
    region: str
    holder: str

    @classmethod
    def of(cls, demand: Demand) -> _Taken:
        region = "" if demand.limit.per == "account" else demand.region
        return cls(demand.limit, demand.account, region, demand.holder)


@dataclass
class _Sum:
    """What the plan takes of it."""

    adapter: Adapter
    #: region in which it is asked for
    region: str
    by_resource: dict[str, int] = field(default_factory=dict)

    @property
    def adds(self) -> int:
        return sum(self.by_resource.values())


class Headroom:
    """Collects what resources take; safe between threads. ``needs`` then asks what is used."""

    def __init__(
        self, services: Services, scope: Scope, caller: AwsCaller, *, forced: bool = False
    ) -> None:
        self._services = services
        self._scope = scope
        self.caller = caller
        self._forced = forced
        self._lock = threading.Lock()
        self._sums: dict[_Taken, _Sum] = {}

    def add(self, phase: Phase, entry: CatalogEntry, site: SiteContext) -> None:
        """Add what the resource takes in the phase. Raises what its adapter's reads raise."""
        adapter = self._services.adapter(entry.resource.technology)
        aws = self.caller.derived(transient_codes=adapter.transient_codes)
        for demand in _demanded(adapter, phase, entry, site, aws):
            region = demand.limit.control_region or demand.region
            with self._lock:
                held = self._sums.setdefault(_Taken.of(demand), _Sum(adapter, region))
                held.by_resource[entry.key] = max(demand.amount, held.by_resource.get(entry.key, 0))

    def collect(
        self, plan: Plan, stage: Stage, shard: ShardPlan, catalog: Catalog
    ) -> tuple[PrerequisiteView, ...]:
        """Add what the shard's resources take; returned is what could not be told of them."""
        untold: list[PrerequisiteView] = []
        if plan.drill and stage.phase is not Phase.ACTIVATE:
            return ()  # its end only gives back
        for key in shard.resources:
            entry = catalog.entry(key)
            site = site_context(
                self._scope,
                catalog,
                entry,
                stage.region,
                shard.site_state,
                force=plan.force,
                emergency=plan.emergency,
                drill=plan.drill,
            )
            try:
                self.add(stage.phase, entry, site)
            except Exception as raised:  # noqa: BLE001 - one resource must not hide the others
                error = error_info(raised)
                untold.append(
                    PrerequisiteView(
                        resource=key,
                        what=f"what it takes of quotas could not be told: {error.what}",
                        hint=error.hint,
                        stops=False,
                    )
                )
        return tuple(untold)

    def needs(self) -> tuple[Need, ...]:
        """Every limit that the plan takes of, or that is worth a look; the nearest first."""
        with self._lock:
            sums = dict(self._sums)
        if not sums:
            return ()
        places = {taken: self._place(taken, one) for taken, one in sums.items()}
        adds = {(places[taken], taken.limit): one.adds for taken, one in sums.items()}
        counters = {
            taken.limit.id: Counter(taken.limit, one.adapter) for taken, one in sums.items()
        }
        asker = Asker(
            counters.values(),
            lambda _account, _region: self.caller,
            self._services.clock,
            seconds=FORCED_SECONDS if self._forced else ANSWER_SECONDS,
        )
        # what is only worth a look is not worth a call to every region that AWS has
        found = ask(asker, adds, self._services.clock.now(), everywhere=lambda one: adds[one] > 0)
        needs = [
            Need(
                figure=figure,
                adds=one.adds,
                by_resource=dict(sorted(one.by_resource.items())),
                kept=taken.limit.kept,
                region=one.region,
                forced=self._forced,
            )
            for taken, one in sums.items()
            for figure in found[places[taken], taken.limit]
            if figure.used is None or figure.holder == taken.holder
        ]
        return tuple(sorted(needs, key=_nearest_first))

    def _place(self, taken: _Taken, one: _Sum) -> Place:
        other = self._scope.regions.other(one.region)
        lost = frozenset({other}) if self._forced else frozenset[str]()
        pair = taken.limit.spread and not lost
        regions = (one.region, other) if pair else (one.region,)
        return Place(self._scope.account(taken.account), regions, lost)


def _demanded(
    adapter: Adapter, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
) -> Sequence[Demand]:
    """What the resource takes; in a drill, what all of its copies take beside it."""
    if not site.drill:
        return adapter.demand(phase, entry, site, aws)
    sums: dict[Demand, int] = {}
    for action in adapter.work(phase, entry, site).actions:
        for demand in action.demand(aws):
            one = replace(demand, amount=0)
            sums[one] = sums.get(one, 0) + demand.amount
    return [replace(one, amount=amount) for one, amount in sums.items()]


def exceeded(needs: tuple[Need, ...]) -> list[RefusalView]:
    """What stops the run: it is known not to fit."""
    return [
        RefusalView(
            stack="",
            what=f"the run needs more {need.figure.what} than the account may have "
            f"in {need.figure.place}",
            why=need.told,
            hint=need.hint,
        )
        for need in needs
        if need.stops
    ]


def near(needs: tuple[Need, ...]) -> list[tuple[str, str]]:
    """What to know before: near a limit, beyond an assumed one, not known. Each with its remedy."""
    found: list[tuple[str, str]] = []
    for need in needs:
        if need.stops:
            continue
        if need.level is None:
            if need.adds:
                found.append((f"capacity: {need.told}: {need.figure.why}", need.hint))
        elif need.level.rank >= Level.WARNING.rank:
            found.append((f"capacity {need.level}: {need.told}", need.hint))
    return found


def _nearest_first(need: Need) -> tuple[int, float, str, str, str, str]:
    figure = need.figure
    rank = -1 if need.level is None else need.level.rank
    share = -(need.total or 0) / max(1, figure.limit)
    return (-rank, share, figure.account, figure.region, figure.what, figure.holder)
