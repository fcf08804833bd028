"""When a drill is owed no more: every stage of its removal has ended, and nothing of it failed.

The debt is written down before the first copy is made and struck out here, so that at no moment a
copy exists that nobody is told of.
"""

from __future__ import annotations

from drstate.execution.progress import RunState
from drstate.execution.states import StepState
from drstate.execution.workbench import Workbench
from drstate.model.health import FAILING
from drstate.model.phases import Phase


def settle_drill(phase: Phase, bench: Workbench, state: RunState) -> None:
    """Strike the drill out of the catalog where ``phase`` removed all of it; else do nothing."""
    drill = bench.plan.drill
    if not drill or phase is not Phase.CLEANUP:
        return
    removing = [stage.id for stage in bench.plan.stages if stage.phase is phase]
    failed = (
        any(state.failed.get(stage) for stage in removing)
        or any(
            status in FAILING for (stage, _), status in state.health.items() if stage in removing
        )
        # a stack of the drill's own may stand for no resource
        or any(
            StepState.FAILED in (shard.state, shard.stack)
            for (stage, _), shard in state.shards.items()
            if stage in removing
        )
    )
    if not failed:
        # repeating it after a crash changes nothing
        bench.catalog.update(lambda catalog: catalog.without_drill(drill))
