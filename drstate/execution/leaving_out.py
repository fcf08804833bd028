"""What an execution leaves out, told as events: skipped waves, held shards, what CLEANUP owes.

Nothing is left out in silence, and nothing here decides: the reducer asked for it.
"""

from __future__ import annotations

from drstate.execution.recorder import Recorder
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.events import ErrorInfo
from drstate.model.health import FAILING, ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Stage


def skip_stage(recorder: Recorder, stage: Stage) -> None:
    """Leave every resource of a wave out whose condition does not hold, and close the wave.

    May be repeated after a crash in the middle.
    """
    part = recorder.fold.facts.condition(stage.id)
    reason = part.reason if part is not None else f"{stage.when} does not hold"
    known = recorder.state.health
    for shard in stage.shards:
        for key in shard.resources:
            if known.get((stage.id, key)) is not ResourceStatus.SKIPPED:
                recorder.append(
                    e.ResourceSkipped(
                        stage=stage.id,
                        resource=key,
                        reason=f"wave {stage.wave} was not run: {reason}",
                        hint=f"run it without its condition: take waves.{stage.wave}.when out of "
                        "the scope file",
                    )
                )
    recorder.append(
        e.StageFinished(stage=stage.id, health=WaveHealth.HEALTHY, duration_seconds=0.0)
    )


def hold_shard(recorder: Recorder, stage: Stage, shard: str, guard: str) -> None:
    """End a shard that was not begun, because a hook before the wave failed."""
    held = next(row for row in stage.shards if str(row.id) == shard)
    recorder.append(
        e.ShardFinished(
            stage=stage.id,
            shard=shard,
            ok=False,
            failed=held.resources,
            error=ErrorInfo(
                code="Operation",
                what=f"{guard} failed, so nothing else of wave {stage.wave} was begun",
                why="it is a hook before the wave, with on_failure: stop",
                hint="mend what failed, then: drstate resume",
            ),
            duration_seconds=0.0,
        )
    )


def settle_cleanup(bench: Workbench, phase: Phase) -> None:
    """Remember what CLEANUP could not clean up: it is owed. May be repeated after a crash."""
    plan, recorder = bench.plan, bench.recorder
    if not plan.never_blocks(phase):
        return
    stages = [stage for stage in plan.stages if stage.phase is phase]
    if not stages:
        return
    region = stages[-1].region
    failed = failed_in(recorder, stages)
    handled = {key for stage in stages for shard in stage.shards for key in shard.resources}
    # the site of a run of chosen waves is not retired yet: all of CLEANUP is still to come
    if not plan.partial or bench.catalog.catalog.uncleaned.get(region):
        bench.catalog.update(lambda known: known.after_cleanup(region, handled, failed))
    if failed:
        recorder.append(e.CleanupOwed(region=region, resources=failed))


def left_by_cleanup(bench: Workbench) -> tuple[str, ...]:
    """Keys of what CLEANUP of this execution could not clean up, sorted."""
    stages = [stage for stage in bench.plan.stages if bench.plan.never_blocks(stage.phase)]
    return failed_in(bench.recorder, stages)


def failed_in(recorder: Recorder, stages: list[Stage]) -> tuple[str, ...]:
    """Keys of what failed or is not healthy in the stages, sorted."""
    state = recorder.state
    ids = {stage.id for stage in stages}
    keys = {key for stage in ids for key in state.failed.get(stage, ())}
    keys |= {k for (stage, k), status in state.health.items() if stage in ids and status in FAILING}
    return tuple(sorted(keys))
