"""Who acts on a scope, and who began an execution: for the separation of duties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model import events as e
from drstate.model.actor import Actor

if TYPE_CHECKING:
    from drstate.execution.services import Services
    from drstate.journal.port import ExecutionHeader
    from drstate.model.scope import ScopeKey


def acting(services: Services, scope: ScopeKey) -> Actor:
    """Who acts on the scope from this process; asked of STS in its recovery region."""
    catalog = services.journal.load_catalog(scope)
    if catalog is not None:
        return services.actor(catalog.recovery)
    known = services.scope(scope.customer, str(scope.environment))
    return services.actor(known.regions.recovery)


def starter_of(services: Services, header: ExecutionHeader) -> Actor:
    """Who began the execution; of an older journal, or one begun from outside, the name alone."""
    story = services.journal.events(
        header.execution, kinds=("execution_created", "execution_planned")
    )
    for event in story:
        row = event.payload
        if isinstance(row, (e.ExecutionCreated, e.ExecutionPlanned)) and row.actor is not None:
            return row.actor
    return Actor(name=header.operator)
