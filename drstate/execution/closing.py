"""How a wave, a phase and the execution are closed: the verdict, roles and site states, the result.

Each is one event, made of what the execution has recorded by then; when it falls due is the
reducer's business. Nothing here waits or runs anything.
"""

from __future__ import annotations

from collections.abc import Collection

from drstate.execution.drillend import settle_drill
from drstate.execution.health import wave_health
from drstate.execution.leaving_out import left_by_cleanup, settle_cleanup
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.events import ErrorInfo, ExecutionStatus
from drstate.model.health import WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Stage


def finish_stage(bench: Workbench, stage: Stage, essential: Collection[str]) -> None:
    """Judge the wave. ``essential``: keys of resources whose failure makes it UNHEALTHY."""
    recorder = bench.recorder
    recorder.append(
        e.StageFinished(
            stage=stage.id,
            health=_verdict(bench, stage, essential),
            duration_seconds=recorder.seconds_since(stage.id),
        )
    )


def finish_revalidation(bench: Workbench, stage: Stage, essential: Collection[str]) -> None:
    """Judge a wave that was checked once more before the execution goes on."""
    recorder = bench.recorder
    recorder.append(
        e.WaveRevalidated(
            stage=stage.id,
            health=_verdict(bench, stage, essential),
            duration_seconds=recorder.seconds_since(f"again {stage.id}"),
        )
    )


def finish_phase(bench: Workbench, phase: Phase, ok: bool) -> None:
    """Save what the phase leaves behind (roles, site states, what is owed), and end it."""
    recorder, plan = bench.recorder, bench.plan
    # roles and site states belong to the whole site: a run of chosen waves leaves them
    whole = not (plan.partial or plan.drill)
    settle_drill(phase, bench, recorder.state)
    settle_cleanup(bench, phase)
    if ok and whole and phase not in recorder.state.sites_changed:
        # saved first: repeating it after a crash changes nothing
        catalog = bench.catalog.update(lambda known: known.after(phase, emergency=plan.emergency))
        recorder.append(
            e.SiteChanged(sites=catalog.sites, serving=catalog.serving, recovery=catalog.recovery)
        )
    recorder.append(
        e.PhaseFinished(phase=phase, ok=ok, duration_seconds=recorder.seconds_since(str(phase)))
    )


def finish_execution(
    bench: Workbench, status: ExecutionStatus, error: ErrorInfo | None = None
) -> None:
    """End the execution. ``error`` None: why it FAILED, or what it left, is told from its story."""
    recorder = bench.recorder
    fold = recorder.fold
    failed = fold.failed_resources()
    if status is ExecutionStatus.FAILED and error is None:
        error = fold.ended_badly()
    left = left_by_cleanup(bench)
    if status is ExecutionStatus.COMPLETED and error is None and left:
        error = fold.not_cleaned_up(left)
    recorder.append(
        e.ExecutionFinished(
            status=status,
            changes=fold.changes,
            failed=failed,
            skipped=fold.skipped_resources(),
            error=error,
            duration_seconds=recorder.seconds_since("execution"),
        )
    )


def _verdict(bench: Workbench, stage: Stage, essential: Collection[str]) -> WaveHealth:
    health = bench.recorder.state.health
    statuses = {key: status for (where, key), status in health.items() if where == stage.id}
    return wave_health(statuses, essential, blocks=not bench.plan.never_blocks(stage.phase))
