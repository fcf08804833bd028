"""What was known before a run began and people should hear of: capacity, maintenance, advice.

The preview shows it in one terminal; journaled with the execution it is also told to the scope's
topics, and stands in the report. It stops nothing: what does was refused before.
"""

from __future__ import annotations

from collections.abc import Iterator

from drstate.execution.hindrances import announcements
from drstate.execution.policing import advice
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.capacity import Level
from drstate.model.notify import Kind, Severity
from drstate.model.scope import Scope
from drstate.report.preview import PlanPreview

_SEVERITIES = {
    Level.INFO: Severity.INFO,
    Level.WARNING: Severity.WARNING,
    Level.CRITICAL: Severity.ERROR,
}


def foreseen(services: Services, scope: Scope, seen: PlanPreview) -> tuple[e.Warned, ...]:
    """The events to follow the one that creates the execution; the nearest to a limit first."""
    urgent = seen.plan.emergency or seen.plan.force
    notices = announcements(services, scope, urgent=urgent)
    told = [e.Warned(text=text, kind=Kind.MAINTENANCE, severity=Severity.INFO) for text in notices]
    return (*_capacity(seen), *told, *advice(seen.policy))


def _capacity(seen: PlanPreview) -> Iterator[e.Warned]:
    for need in seen.capacity:
        level = need.level
        if level is None and need.adds:
            yield e.Warned(
                text=f"capacity: {need.told}: {need.figure.why}",
                hint=need.hint,
                kind=Kind.CAPACITY,
            )
        elif level in _SEVERITIES:
            yield e.Warned(
                text=f"capacity {level}: {need.told}",
                hint=need.hint,
                kind=Kind.CAPACITY,
                severity=_SEVERITIES[level],
            )
