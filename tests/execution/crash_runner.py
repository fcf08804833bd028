"""Services of a world for tests, with a journal and an engine that kill their process on request.

What runs in a process of its own is the product's: ``drstate.rehearsal.child``.
"""

from __future__ import annotations

from pathlib import Path

from drstate.aws.clock import Clock
from drstate.execution.making_plan import make_plan
from drstate.execution.services import Services
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.rehearsal import child
from drstate.rehearsal.child import HastyClock, KillingJournal
from drstate.rehearsal.world import World

__all__ = ["OPERATOR", "HastyClock", "KillingJournal", "open_services", "up"]

#: who works in tests
OPERATOR = "tester"


def open_services(
    project: Path, home: Path, kill_after: int | None = None, clock: Clock | None = None
) -> Services:
    world = World(project, home)
    return child.open_services(world, kill_after=kill_after, clock=clock, operator=OPERATOR)


def up(services: Services, customer: str, environment: str, *phases: Phase) -> int:
    scope = services.scope(customer, environment)
    planned = make_plan(services, scope, phases=phases, approval=Approval.AUTOMATIC)
    return child.run_plan(services, planned)
