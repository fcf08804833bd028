"""Use case: whether a scope could be recovered now. Reads only, and starts nothing.

Every protected resource is looked at where it would be recovered: whether it stands by, how far it
is behind, and whether anything would stop its activation. What does not answer in time is not
ready; it never keeps the others from being told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drstate.errors import DrstateError
from drstate.execution.advice import addressed
from drstate.execution.cancelling import OPEN
from drstate.execution.errorinfo import as_drstate
from drstate.execution.grouping import in_conflict
from drstate.execution.headroom import Headroom, near
from drstate.execution.hindrances import announcements, maintenance
from drstate.execution.intime import Ended, InTime, Ticket
from drstate.execution.making_plan import make_plan, slow_answers
from drstate.execution.services import Services
from drstate.execution.system_health import system_health
from drstate.execution.verifying import verification_of_scope
from drstate.execution.worksource import site_context
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.notify import Kind
from drstate.model.phases import Phase, SiteState
from drstate.model.scope import Approval, Scope
from drstate.model.words import span
from drstate.report.readiness import (
    FindingView,
    Readiness,
    StandbyView,
    owed,
    statement,
)

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.site import SiteContext
    from drstate.aws.caller import AwsCaller

#: states of a recovery site in which its resources can be asked whether they stand by
_STANDS_BY = (SiteState.STANDBY, SiteState.WARM)
#: a configuration read longer ago than this may no longer be what serves
STALE_SPEC = timedelta(hours=24)


@dataclass(frozen=True)
class _Answer:
    row: StandbyView
    findings: tuple[FindingView, ...] = ()


def readiness(services: Services, scope: Scope) -> Readiness:
    """The statement for one scope. Raises StateError where the journal cannot be read."""
    now = services.clock.now()
    catalog = services.journal.load_catalog(scope.key)
    command = f"drstate up --phase replicate -c {scope.customer} -e {scope.environment}"
    if catalog is None or not catalog.entries:
        regions = scope.regions
        nothing = FindingView(what="nothing of it is protected", hint=command, stops=True)
        unsound = (nothing, *system_health(services, scope, None))
        return statement(scope.key, regions.primary, regions.recovery, now, (), findings=unsound)
    caller = services.caller(scope, session="drstate-readiness")
    headroom = Headroom(services, scope, caller)
    answers = _ask_all(services, scope, catalog, command, headroom)
    findings = [
        *(finding for answer in answers for finding in answer.findings),
        *_quotas(headroom),
        *_of_scope(services, scope, catalog),
        *system_health(services, scope, catalog),
    ]
    found = statement(
        scope.key,
        catalog.serving,
        catalog.recovery,
        now,
        [answer.row for answer in answers],
        findings=tuple(
            row.model_copy(update={"hint": addressed(row.hint, scope.key)})
            for row in dict.fromkeys(findings)
        ),
        owed=owed(catalog, sandbox=services.sandbox),
        notices=announcements(services, scope),
    )
    return found.model_copy(
        update={"verification": verification_of_scope(services, scope, catalog)}
    )


def _quotas(headroom: Headroom) -> Iterator[FindingView]:
    """What the accounts may not have of what an activation of everything would take."""
    needs = headroom.needs()
    for need in needs:
        if need.stops:
            yield FindingView(what=need.told, hint=need.hint, stops=True, kind=Kind.CAPACITY)
    for what, hint in near(needs):
        yield FindingView(what=what, hint=hint, kind=Kind.CAPACITY)


def _ask_all(
    services: Services, scope: Scope, catalog: Catalog, command: str, headroom: Headroom
) -> list[_Answer]:
    state = catalog.sites[catalog.recovery]
    if state not in _STANDS_BY:
        none = f"nothing of it stands by: {catalog.recovery} is {state}"
        return [
            _Answer(_row(entry, ResourceStatus.UNHEALTHY, none, command))
            for entry in catalog.entries
        ]
    waiting = {entry.key: entry for entry in catalog.entries}
    answers: dict[str, _Answer] = {}
    seconds = float(scope.policies.health_check_seconds)
    with InTime[_Answer](services.clock, scope.policies.parallel) as asking:
        while waiting or not asking.idle:
            while waiting and asking.free:
                key, entry = waiting.popitem()
                question = _Question(services, scope, catalog, entry, state, headroom)
                asking.start(key, question, seconds)
            for ended in asking.ended():
                answers[ended.key] = _told(ended, catalog.entry(ended.key), seconds)
    return [answers[entry.key] for entry in catalog.entries]


@dataclass(frozen=True)
class _Question:
    services: Services
    scope: Scope
    catalog: Catalog
    entry: CatalogEntry
    state: SiteState
    headroom: Headroom

    def __call__(self, _: Ticket) -> _Answer:
        entry = self.entry
        adapter = self.services.adapter(entry.resource.technology)
        aws = self.headroom.caller.derived(transient_codes=adapter.transient_codes)
        found = adapter.check(entry, self._site(self.state), aws)
        hint = addressed(found.hint, self.scope.key)
        row = _row(entry, found.status, found.detail, hint).model_copy(
            update={
                "lag_seconds": found.facts.get("lag_seconds"),
                "lag_limit_seconds": found.facts.get("lag_limit_seconds"),
            }
        )
        return _Answer(row, tuple(self._unmet(adapter, aws)) if found.ok else ())

    def _unmet(self, adapter: Adapter, aws: AwsCaller) -> Iterator[FindingView]:
        """What an activation would stop at, or warn of."""
        site = self._site(SiteState.ACTIVE)
        for one in adapter.prerequisites(Phase.ACTIVATE, self.entry, site, aws):
            if not one.ok:
                yield FindingView(
                    what=f"{self.entry.key}: {one.detail}",
                    hint=one.hint,
                    stops=one.status is ResourceStatus.UNHEALTHY,
                )
        try:
            self.headroom.add(Phase.ACTIVATE, self.entry, site)
        except DrstateError as error:
            what = f"{self.entry.key}: what it takes of quotas could not be told: {error.what}"
            yield FindingView(what=what, hint=error.hint)

    def _site(self, state: SiteState) -> SiteContext:
        return site_context(
            self.scope,
            self.catalog,
            self.entry,
            self.catalog.recovery,
            state,
            force=False,
            emergency=False,
        )


def _told(ended: Ended[_Answer], entry: CatalogEntry, seconds: float) -> _Answer:
    if ended.answer is not None:
        return ended.answer
    if ended.error is not None:
        error = as_drstate(ended.error)
        return _Answer(_row(entry, ResourceStatus.UNKNOWN, error.what, error.hint))
    return _Answer(
        _row(
            entry,
            ResourceStatus.UNKNOWN,
            f"it did not answer within {seconds:g} s",
            "ask again; policies.health_check_seconds in the scope file gives more time",
        )
    )


def _row(entry: CatalogEntry, status: ResourceStatus, detail: str, hint: str) -> StandbyView:
    return StandbyView(
        key=entry.key,
        wave=entry.resource.tags.wave,
        status=status,
        detail=detail,
        hint="" if status is ResourceStatus.HEALTHY else hint,
    )


def _of_scope(services: Services, scope: Scope, catalog: Catalog) -> Iterator[FindingView]:
    """What is known without asking AWS."""
    where = f"-c {scope.customer} -e {scope.environment}"
    for text in slow_answers(catalog, scope):
        what, _, hint = text.partition("; ")
        yield FindingView(what=what, hint=hint)
    for entry in catalog.entries:
        if entry.missing_since is not None:
            yield FindingView(
                what=f"{entry.key} was not found any more since {entry.missing_since:%Y-%m-%d}",
                hint=f"tag it again, or see drstate discover {where}",
            )
    yield from _stale(services, catalog, where)
    yield from _dependences(services, scope, catalog)
    newest = services.journal.executions(scope.key, limit=1)
    if newest and newest[0].status in OPEN:
        found = newest[0]
        yield FindingView(
            what=f"execution {found.execution} is {found.status}: no other one can begin",
            hint=f"drstate status {found.execution}",
            stops=True,
        )
    for row in maintenance(services, scope):
        # an emergency would go ahead all the same
        yield FindingView(what=f"{row.what} ({row.why}): no execution begins", hint=row.hint)
    keys = {entry.key for entry in catalog.entries}
    for group in in_conflict(services.project_dir, services.journal, scope, catalog, keys):
        # the same
        yield FindingView(what=f"{group.what}: no execution begins with it", hint=group.hint)


def _dependences(services: Services, scope: Scope, catalog: Catalog) -> Iterator[FindingView]:
    """What a failover without the serving region would need outside the recovery region."""
    if catalog.sites[catalog.recovery] not in _STANDS_BY:
        return
    try:
        planned = make_plan(
            services,
            scope,
            phases=(Phase.ACTIVATE,),
            approval=Approval.AUTOMATIC,
            force=True,
            emergency=True,
        )
    except DrstateError as error:
        yield FindingView(
            what=f"an emergency could not be planned: {error.what}", hint=error.hint, stops=True
        )
        return
    found = planned.plan.stability
    for need in found.dependences if found else ():
        yield FindingView(
            what=f"in an emergency, {need.resource} depends on {need.call.region}: {need.what} "
            f"({need.call})",
            hint=need.hint,
        )


def _stale(services: Services, catalog: Catalog, where: str) -> Iterator[FindingView]:
    from drstate.model.spec import Spec  # noqa: PLC0415 loaded when it is needed

    now = services.clock.now()
    ages = [
        (now - Spec.model_validate(_common(entry.spec)).captured_at, entry.key)
        for entry in catalog.entries
        if entry.missing_since is None
    ]
    old = [(age, key) for age, key in ages if age > STALE_SPEC]
    if old:
        age, key = max(old)
        yield FindingView(
            what=f"the configuration of {len(old)} resources was read more than "
            f"{span(STALE_SPEC.total_seconds())} ago (that of {key} {span(age.total_seconds())} "
            "ago): what changed since is not recovered",
            hint=f"drstate capture {where}, on a schedule",
        )


def _common(spec: dict[str, object]) -> dict[str, object]:
    """The fields that every spec has."""
    return {name: spec[name] for name in ("region", "captured_at") if name in spec}
