"""What has to hold before a phase changes anything, asked of the adapters.

All findings are reported together, before the first action. With ``force`` they warn only: a
recovery goes on with what there is. A prerequisite of a later phase of the run warns too, since
the phases before it may yet see to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.execution.errorinfo import error_info
from drstate.execution.worksource import site_context
from drstate.model.health import ResourceStatus
from drstate.report.preview import PrerequisiteView

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.execution.making_plan import PlannedRun
    from drstate.execution.services import Services
    from drstate.model.catalog import Catalog
    from drstate.model.plan import ShardPlan, Stage


def unmet(
    services: Services,
    planned: PlannedRun,
    stage: Stage,
    shard: ShardPlan,
    catalog: Catalog,
    caller: AwsCaller,
) -> tuple[PrerequisiteView, ...]:
    """What of the shard's resources is not as the phase needs it; reads only."""
    found: list[PrerequisiteView] = []
    if planned.plan.drill:
        # a drill changes nothing that is live; what it lacks, its own actions say
        return ()
    first = stage.phase is planned.plan.phases[0]
    for key in shard.resources:
        entry = catalog.entry(key)
        adapter = services.adapter(entry.resource.technology)
        site = site_context(
            planned.scope,
            catalog,
            entry,
            stage.region,
            shard.site_state,
            force=planned.plan.force,
            emergency=planned.plan.emergency,
        )
        aws = caller.derived(transient_codes=adapter.transient_codes)
        try:
            held = adapter.prerequisites(stage.phase, entry, site, aws)
        except Exception as raised:  # noqa: BLE001 - one resource's check must not hide the others'
            error = error_info(raised)
            found.append(
                PrerequisiteView(
                    resource=key,
                    what=f"its prerequisites could not be checked: {error.what}",
                    hint=error.hint,
                    stops=False,
                )
            )
            continue
        found += [
            PrerequisiteView(
                resource=key,
                what=one.detail,
                hint=one.hint,
                stops=one.status is ResourceStatus.UNHEALTHY and first and not planned.plan.force,
            )
            for one in held
            if not one.ok
        ]
    return tuple(found)
