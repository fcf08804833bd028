"""The first events of an execution, an attempt and a phase, and who may not decide its gates.

They say who acts; everything that must hold before them is looked at by ``executing``.
"""

from __future__ import annotations

from drstate.execution.acting import starter_of
from drstate.execution.lease import HeldLease
from drstate.execution.lease import Runner as Identity
from drstate.execution.services import Services
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.phases import Phase
from drstate.model.plan import Plan
from drstate.model.rehearsed import Verification
from drstate.model.scope import Scope
from drstate.version import VERSION


def created(
    services: Services,
    plan: Plan,
    message: str,
    operator: str,
    actor: Actor | None,
    verification: Verification | None = None,
    consent: str = "",
) -> e.ExecutionCreated:
    """The event that creates an execution of the plan."""
    return e.ExecutionCreated(
        scope=plan.scope,
        operation=plan.operation,
        phases=plan.phases,
        plan=plan,
        plan_digest=plan.digest(),
        operator=operator,
        message=message,
        engine=services.carrier(plan),
        drstate_version=VERSION,
        sandbox=services.sandbox,
        force=plan.force,
        actor=actor,
        verification=verification,
        consent=consent,
    )


def attached_by(
    identity: Identity, lease: HeldLease, actor: Actor, *, resumed: bool, unasked: bool = False
) -> e.RunnerAttached:
    """The event with which a process begins, or goes on with, an execution."""
    return e.RunnerAttached(
        runner=identity.id,
        host=identity.host,
        pid=identity.pid,
        fence=lease.fence,
        resumed=resumed,
        instead_of=lease.instead_of,
        actor=actor,
        unasked=unasked,
    )


def phase_begun(bench: Workbench, phase: Phase) -> e.PhaseStarted:
    """The event with which a phase begins: the region it acts on, and the state found there."""
    catalog = bench.catalog.catalog
    regions = (
        row.region
        for row in bench.plan.stages
        if row.phase is phase and row.region in catalog.sites
    )
    region = next(regions, None) or catalog.target(phase)
    return e.PhaseStarted(phase=phase, region=region, found=catalog.sites.get(region))


def barred(services: Services, scope: Scope, execution: str, actor: Actor) -> Actor | None:
    """Whoever sits here, where they began the execution and may not decide its gates."""
    if not scope.policies.separate_approver:
        return None
    starter = starter_of(services, services.journal.header(execution))
    return actor if actor.same_as(starter) else None
