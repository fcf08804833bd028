"""The first events of an execution and of an attempt, and who may not decide its gates.

They say who acts; everything that must hold before them is looked at by ``executing``.
"""

from __future__ import annotations

from drstate.execution.identity import starter_of
from drstate.execution.lease import HeldLease
from drstate.execution.lease import Runner as Identity
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.actor import Actor
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
    )


def attached_by(
    identity: Identity, lease: HeldLease, actor: Actor, *, resumed: bool
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
    )


def barred(services: Services, scope: Scope, execution: str, actor: Actor) -> Actor | None:
    """Whoever sits here, where they began the execution and may not decide its gates."""
    if not scope.policies.separate_approver:
        return None
    starter = starter_of(services, services.journal.header(execution))
    return actor if actor.same_as(starter) else None
