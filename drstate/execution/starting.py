"""What is looked at before an execution begins, all of it together, each finding with its remedy.

The preview brings prerequisites, quotas, and steps that would destroy something; here come a
maintenance window, another execution on the scope, and waiting until what may pass has passed.
"""

from __future__ import annotations

from collections.abc import Callable

from drstate.execution import previewing
from drstate.execution.hindrances import hindrances
from drstate.execution.making_plan import PlannedRun
from drstate.execution.services import Services
from drstate.report.preview import PlanPreview

#: how often prerequisites that are not met are looked at again
LOOK_SECONDS = 15.0


def look(
    services: Services,
    planned: PlannedRun,
    *,
    parallel: int | None = None,
    wait_seconds: float = 0.0,
    tell: Callable[[str], None] = lambda _: None,
    own: str = "",
) -> PlanPreview:
    """What the plan would do, and everything that stands in its way now.

    Prerequisites that are not met are waited for, up to ``wait_seconds``; ``tell`` hears of it.
    ``own``: the execution that is about to begin, which does not stand in its own way.
    """
    clock = services.clock
    until = clock.monotonic() + wait_seconds
    while True:
        seen = previewing.preview(services, planned, parallel=parallel)
        seen = with_hindrances(services, planned, seen, own=own)
        left = until - clock.monotonic()
        lacking = [row for row in seen.refusals if row.passes]
        if not seen.refusals or len(lacking) < len(seen.refusals) or left <= 0:
            return seen
        tell(
            f"not ready yet: {'; '.join(f'{row.what}: {row.why}' for row in lacking)} "
            f"(looked at again for {left / 60:.0f} min more)"
        )
        clock.sleep(min(LOOK_SECONDS, left))


def with_hindrances(
    services: Services, planned: PlannedRun, seen: PlanPreview, *, own: str = ""
) -> PlanPreview:
    """The preview, with what forbids any execution on the scope now. Adding it twice is fine."""
    urgent = planned.plan.emergency or planned.plan.force
    found = hindrances(services, planned.scope, urgent=urgent, own=own, planned=planned)
    refusals = (*(row for row in found.refusals if row not in seen.refusals), *seen.refusals)
    warnings = tuple(dict.fromkeys((*seen.warnings, *found.notices)))
    return seen.model_copy(update={"refusals": refusals, "warnings": warnings})
