"""What an activation left behind: told before CLEANUP takes away where it still runs.

A person may override an UNHEALTHY wave, and a condition may leave one out; the site serves all the
same. What did not come up there has its capacity at the other site alone. It is a warning: data has
its own rules (a final snapshot, parity), and the way home leads through CLEANUP too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drstate.execution.services import Services
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.health import ResourceStatus
from drstate.model.phases import Operation, Phase
from drstate.model.words import counted
from drstate.report.view import ExecutionView, Progress, ResourceView

#: executions that are looked at, newest first, until each resource's last activation is found
_LOOKED_AT = 50
_NAMED = 3


def unrecovered(services: Services, catalog: Catalog, phases: Sequence[Phase]) -> tuple[str, ...]:
    """A warning where CLEANUP comes first among ``phases`` and something is down where it serves.

    Raises StateError where the journal cannot be read.
    """
    if tuple(phases)[:1] != (Phase.CLEANUP,):
        return ()
    left = {entry.key for entry in catalog.entries}
    down: list[str] = []
    for view in _activations(services, catalog):
        for row in _activated(view, catalog.serving):
            if row.key in left and _is_down(row):
                down.append(row.key)
            left.discard(row.key)
        if not left:
            break
    if not down:
        return ()
    scope = catalog.scope
    more = f" and {len(down) - _NAMED} more" if len(down) > _NAMED else ""
    told = (
        f"{counted(len(down), 'resource')} did not come up in {catalog.serving}: "
        f"{', '.join(sorted(down)[:_NAMED])}{more}; CLEANUP takes away what runs of it in "
        f"{catalog.target(Phase.CLEANUP)}. First bring it up: drstate up --phase activate "
        f"-c {scope.customer} -e {scope.environment}"
    )
    return (told,)


def _activations(services: Services, catalog: Catalog) -> Iterator[ExecutionView]:
    """Runs that ended with ACTIVATE among their phases, newest first; no drills."""
    ended = (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED)
    for found in services.journal.executions(catalog.scope, limit=_LOOKED_AT):
        real = found.operation is not Operation.TEST and found.status in ended
        if real and Phase.ACTIVATE in found.phases:
            yield services.readers.status(found.execution)


def _activated(view: ExecutionView, region: str) -> Iterator[ResourceView]:
    for stage in view.stages:
        if stage.phase is Phase.ACTIVATE and stage.region == region:
            yield from stage.resources


def _is_down(row: ResourceView) -> bool:
    return (
        row.state in (Progress.FAILED, Progress.SKIPPED) or row.status is ResourceStatus.UNHEALTHY
    )
