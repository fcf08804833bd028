"""What is looked at before an execution begins, all of it together, each finding with its remedy.

The preview brings prerequisites, quotas, and steps that would destroy something; here come a
maintenance window, another execution on the scope, and waiting until what may pass has passed.
"""

from __future__ import annotations

from collections.abc import Callable

from drstate.execution import previewing
from drstate.execution.hindrances import another, maintenance
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
    # a disaster does not wait for a window to close
    urgent = planned.plan.emergency or planned.plan.force
    now = services.clock.now()
    found = [] if urgent else maintenance(planned.scope, services)
    other = another(services, planned.scope.key, own=own)
    found += [other] if other is not None else []
    windows = [
        f"maintenance from {row}: no execution begins then"
        if row.soon(now)
        else f"maintenance is under way, from {row}: it goes ahead because it is an emergency"
        for row in planned.scope.maintenance
        if row.soon(now) or (urgent and row.open_at(now))
    ]
    refusals = (*(row for row in found if row not in seen.refusals), *seen.refusals)
    warnings = tuple(dict.fromkeys((*seen.warnings, *windows)))
    return seen.model_copy(update={"refusals": refusals, "warnings": warnings})
