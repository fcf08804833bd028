"""Use case: start an execution now and let a process of its own carry it out.

What is wanted is journaled at once (PENDING), so that its id can be given to people in under a
second; planning, which asks AWS, is done by the process in the background. It outlives the terminal
that started it. Whatever keeps it from beginning is in the journal or in its log.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drstate.errors import DrstateError, EngineError, PlanRefusedError
from drstate.execution.consenting import consented
from drstate.execution.failing_back import failback_phases
from drstate.execution.hindrances import hindrances
from drstate.execution.lease import HeldLease
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.phases import Operation, Phase
from drstate.model.plan import Plan
from drstate.model.scope import Scope
from drstate.version import VERSION

LOGS_FOLDER = "logs"

#: starts the process that carries out an execution, writing to the log; its process id
Spawn = Callable[[str, Path], int]


@dataclass(frozen=True)
class Started:
    """An execution that goes on in the background."""

    execution: str
    pid: int
    log: Path


def start(
    services: Services,
    scope: Scope,
    *,
    operation: Operation,
    phases: Sequence[Phase],
    wanted: e.Wanted,
    spawn: Spawn,
    force: bool = False,
    consent: str | None = None,
    message: str = "",
) -> Started:
    """Journal what is wanted and start the process that does it.

    Raises PlanRefusedError (another execution, maintenance), JournalError (a runner holds the
    scope), EngineError (the process cannot be started).
    """
    catalog = services.journal.load_catalog(scope.key)
    chosen = tuple(phases) or _phases(operation, catalog, scope)
    urgent = force or wanted.emergency
    agreed = consent if consent is not None and force else ""
    execution = services.new_execution()
    _refuse_hindered(services, scope, urgent=urgent)
    with HeldLease(services.journal, scope.key, services.runner(), on_lost=lambda _: None) as lease:
        _refuse_hindered(services, scope, urgent=urgent)  # somebody may have been quicker
        plan = _empty(scope, catalog, operation, chosen, wanted, force=force)
        services.journal.append(
            execution,
            e.ExecutionCreated(
                scope=scope.key,
                operation=operation,
                phases=chosen,
                plan=plan,
                plan_digest="",
                operator=services.operator,
                message=message,
                engine="",
                drstate_version=VERSION,
                sandbox=services.sandbox,
                force=force,
                planned=False,
                wanted=wanted,
                consent=agreed,
            ),
            lease.fence,
        )
        if agreed:
            services.journal.append(execution, consented(scope.key, agreed), lease.fence)
    return launch(services, execution, spawn)


def launch(services: Services, execution: str, spawn: Spawn) -> Started:
    """Start the process that goes on with the execution. Raises EngineError."""
    log = services.home / LOGS_FOLDER / f"{execution}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        pid = spawn(execution, log)
    except OSError as error:
        raise EngineError(
            f"the process that runs execution {execution} cannot be started",
            why=error.strerror or str(error),
            hint=f"run it here: drstate resume {execution}; or give it up: "
            f"drstate cancel {execution}",
        ) from error
    try:
        services.journal.append(
            execution, e.RunnerLaunched(host=socket.gethostname(), pid=pid, log=str(log)), None
        )
    except DrstateError:
        # it has ended already, or the store is busy: the process is there all the same
        return Started(execution, pid, log)
    return Started(execution, pid, log)


def _phases(operation: Operation, catalog: Catalog | None, scope: Scope) -> tuple[Phase, ...]:
    from drstate.planning.requests import phases_of  # noqa: PLC0415 loaded when it is needed

    if operation is Operation.FAILBACK and catalog is not None:
        return failback_phases(catalog, scope)
    return phases_of(operation)


def _refuse_hindered(services: Services, scope: Scope, *, urgent: bool) -> None:
    found = hindrances(services, scope, urgent=urgent).refusals
    if found:
        raise PlanRefusedError(
            "; ".join(row.what for row in found),
            why="\n".join(row.why for row in found),
            hint="\n".join(row.hint for row in found),
        )


def _empty(
    scope: Scope,
    catalog: Catalog | None,
    operation: Operation,
    phases: tuple[Phase, ...],
    wanted: e.Wanted,
    *,
    force: bool,
) -> Plan:
    """Stands in the first event until the plan is made; it holds no stage."""
    return Plan(
        scope=scope.key,
        operation=operation,
        phases=phases,
        serving=catalog.serving if catalog else scope.regions.primary,
        recovery=catalog.recovery if catalog else scope.regions.recovery,
        approval=wanted.approval or scope.policies.approval,
        force=force,
        emergency=wanted.emergency,
        catalog_version=catalog.version if catalog else 0,
        stages=(),
        estimate_seconds=0,
    )
