"""Use case: a plan, from the catalog and a wish. Changes nothing.

REPLICATE looks at what is there first; every other phase takes the catalog as it was saved, because
the source may be gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drstate.errors import PlanRefusedError, UnknownNameError
from drstate.execution.assembly import work_source
from drstate.execution.checkup import state_problems
from drstate.execution.failing_back import failback_phases
from drstate.execution.protecting import Protection, protect
from drstate.execution.services import Services
from drstate.execution.unrecovered import unrecovered
from drstate.model.catalog import Catalog
from drstate.model.phases import Operation, Phase
from drstate.model.plan import Plan, Skip, Unreached
from drstate.model.resource import Technology
from drstate.model.scope import Approval, Scope
from drstate.model.tags import CUSTOMER, ENVIRONMENT, Violation


@dataclass(frozen=True)
class PlannedRun:
    """A plan and what it was made from. ``catalog`` may not be saved yet: executing does that."""

    scope: Scope
    plan: Plan
    catalog: Catalog
    #: what discovery and capture found, where the plan began with them
    protection: Protection | None = None
    notes: tuple[str, ...] = ()


def make_plan(
    services: Services,
    scope: Scope,
    *,
    phases: Sequence[Phase],
    operation: Operation = Operation.PHASE,
    waves: Sequence[int] = (),
    targets: Sequence[str] = (),
    approval: Approval | None = None,
    force: bool = False,
    emergency: bool = False,
    graceful_seconds: int = 0,
    refresh: bool = False,
) -> PlannedRun:
    """The plan for ``phases`` (or for the operation's own phases where none are named).

    Raises PlanRefusedError, ConfigError (bad request, missing site map entries), UnknownNameError
    (a target that is not protected).
    """
    from drstate.planning.compiling import compile_plan  # noqa: PLC0415 loaded when it is needed
    from drstate.planning.requests import PlanRequest, phases_of  # noqa: PLC0415 loaded when it is needed
    from drstate.planning.topics import topic_warnings  # noqa: PLC0415 loaded when it is needed

    wanted = tuple(phases)
    if not wanted and operation is Operation.FAILBACK:
        wanted = failback_phases(_saved(services, scope), scope)
    wanted = wanted or phases_of(operation)
    protection: Protection | None = None
    if Phase.REPLICATE in wanted:
        protection = protect(services, scope, refresh=refresh, save=False)
        catalog = protection.catalog
        _refuse_empty(scope, protection)
    else:
        catalog = _saved(services, scope)
    request = PlanRequest(
        operation=operation,
        phases=wanted,
        waves=tuple(waves),
        targets=tuple(targets),
        approval=approval,
        force=force,
        emergency=emergency,
        graceful_seconds=graceful_seconds,
        skips=_skips(protection),
        unreached=_unreached(protection),
        warnings=(
            *_warnings(protection),
            *_misplaced(services, scope),
            *slow_answers(catalog, scope),
            *_unreconciled(scope, catalog, wanted),
            *unrecovered(services, catalog, wanted),
            *_owed_drills(scope, catalog),
            *not_yet_known(scope, catalog),
            *topic_warnings(scope, catalog.serving, wanted),
        ),
    )
    plan = compile_plan(request, catalog, scope, work_source(services))
    return PlannedRun(
        scope=scope,
        plan=plan,
        catalog=catalog,
        protection=protection,
        notes=protection.notes if protection else (),
    )


def _unreconciled(scope: Scope, catalog: Catalog, phases: Sequence[Phase]) -> tuple[str, ...]:
    acted_on = {catalog.target(phase) for phase in phases}
    return tuple(
        f"{region} was activated in an emergency, and its stacks are behind: "
        f"drstate up --phase activate -c {scope.customer} -e {scope.environment} brings them up"
        for region in catalog.unreconciled
        if region not in acted_on
    )


def _owed_drills(scope: Scope, catalog: Catalog) -> tuple[str, ...]:
    return tuple(
        f"drill {drill.id} of {drill.since:%Y-%m-%d %H:%M} UTC is not cleaned up in "
        f"{drill.region}, and what it made costs: drstate test --cleanup -c {scope.customer} "
        f"-e {scope.environment} removes it"
        for drill in catalog.drills
    )


def not_yet_known(scope: Scope, catalog: Catalog) -> tuple[str, ...]:
    """Records and hooks that the scope file names and that the catalog does not know yet."""
    from drstate.inventory.sifting import named_resources  # noqa: PLC0415 loaded when it is needed

    known = {entry.key for entry in catalog.entries}
    return tuple(
        f"{named.key} is in the scope file and not protected yet: this plan does nothing for it; "
        f"drstate up --phase replicate -c {scope.customer} -e {scope.environment} takes it up"
        for named in named_resources(scope)
        if named.key not in known
    )


def _saved(services: Services, scope: Scope) -> Catalog:
    catalog = services.journal.load_catalog(scope.key)
    if catalog is None:
        raise PlanRefusedError(
            f"{scope.key} is not protected yet",
            why="no catalog is stored for it",
            hint=f"run first: drstate up --phase replicate -c {scope.customer} "
            f"-e {scope.environment}",
        )
    return catalog


def _skips(protection: Protection | None) -> tuple[Skip, ...]:
    if protection is None:
        return ()
    known = {entry.key for entry in protection.catalog.entries}
    unread = tuple(
        Skip(resource=failure.resource, reason=failure.error.what, mend=failure.error.hint)
        for failure in protection.failures
        if failure.resource not in known
    )
    mistagged = tuple(
        Skip(
            resource=row.resource, reason=f"tag {row.tag} {row.shown}: {row.problem}", mend=row.mend
        )
        for row in _mistagged(protection)[0]
    )
    return (*unread, *mistagged)


def _mistagged(protection: Protection) -> tuple[list[Violation], list[Violation]]:
    """Violations that leave a resource out: of this scope for certain, and perhaps of this scope.

    Where Customer and Environment are sound, discovery has matched them with the scope already.
    """
    errors = protection.inventory.errors if protection.inventory else ()
    unsure = {row.resource for row in errors if row.tag in (CUSTOMER, ENVIRONMENT)}
    return (
        [row for row in errors if row.resource not in unsure],
        [row for row in errors if row.resource in unsure],
    )


def _unreached(protection: Protection | None) -> tuple[Unreached, ...]:
    """Accounts that could not be asked, and of which nothing is protected."""
    if protection is None or protection.inventory is None:
        return ()
    known = {entry.resource.account for entry in protection.catalog.entries}
    return tuple(
        Unreached(
            account=row.account,
            name=row.name,
            region=row.region,
            what=f"could not be asked in {row.region}: {row.error.what}",
            hint=row.error.hint,
        )
        for row in protection.inventory.account_errors
        if row.account not in known
    )


def _refuse_empty(scope: Scope, protection: Protection) -> None:
    found = protection.inventory
    if protection.catalog.entries or found is None:
        return
    if found.account_errors:
        errors = [row.error for row in found.account_errors]
        raise PlanRefusedError(
            f"nothing is known of {scope.key}: its accounts could not be asked",
            why="\n".join(error.what for error in errors),
            hint="\n".join(dict.fromkeys(error.hint for error in errors)),
        )
    raise UnknownNameError(
        f"{scope.key} has no protected resources",
        why="discovery found none in its accounts, and the catalog knows none",
        hint=f"tag them (dr:enabled=true, dr:wave, Customer={scope.customer}, "
        f"Environment={scope.environment}); drstate discover shows what was seen",
    )


def _misplaced(services: Services, scope: Scope) -> tuple[str, ...]:
    return tuple(f"{one.what}; {one.mend}" for one in state_problems(services, scope))


def slow_answers(catalog: Catalog, scope: Scope) -> tuple[str, ...]:
    """DNS records that clients keep for so long that a failover takes too long."""
    from drstate.programs.route53 import slow_answer  # noqa: PLC0415 loaded when it is needed

    records = [row for row in catalog.entries if row.resource.technology == Technology.ROUTE53]
    found = (slow_answer(row, scope) for row in records)
    return tuple(text for text in found if text is not None)


def _warnings(protection: Protection | None) -> tuple[str, ...]:
    if protection is None:
        return ()
    known = {entry.key for entry in protection.catalog.entries}
    stale = [
        f"{failure.resource}: its configuration could not be read ({failure.error.what}); the one "
        "captured before is used"
        for failure in protection.failures
        if failure.resource in known
    ]
    unknown = {row.account for row in _unreached(protection)}
    refused = protection.inventory.account_errors if protection.inventory else ()
    return (
        *stale,
        *(f"{row} It may belong to this scope; {row.mend}" for row in _mistagged(protection)[1]),
        *(
            f"account {row.account} ({row.name}) in {row.region} could not be asked: "
            f"{row.error.what}; {row.error.hint}"
            for row in refused
            if row.account not in unknown
        ),
    )
