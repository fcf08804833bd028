"""The part of the status fold that is about one stage: its state, verdicts, gate and resources.

What happens inside one of its shards is told by ``shards.py``; what it means for the execution as a
whole by ``totals.py``.
"""

from __future__ import annotations

from datetime import datetime

from drstate.model import events as e
from drstate.model.events import Payload
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.report.facts import Facts
from drstate.report.parts import StagePart
from drstate.report.shards import take_in_shard
from drstate.report.view import Progress
from drstate.report.waiting import gate_after


def take_in_stage(  # noqa: C901, PLR0912 - one case a kind
    stage: StagePart, payload: Payload, at: datetime, *, facts: Facts, begun: datetime
) -> None:
    """Take in one event of the stage; ``begun`` is when the execution was."""
    match payload:
        case e.StageStarted():
            stage.state = Progress.RUNNING
            stage.started_at = stage.started_at or at
        case e.StageFinished(health=health, duration_seconds=seconds):
            stage.ended_at = at
            bad = health is WaveHealth.UNHEALTHY
            stage.state = Progress.FAILED if bad else Progress.DONE
            stage.health, stage.seconds = health, seconds
            found = facts.condition(stage.plan.id)
            if found is not None and not found.met:
                stage.state, stage.health = Progress.SKIPPED, None
        case e.WaveRevalidated(health=health):
            bad = health is WaveHealth.UNHEALTHY
            stage.state = Progress.FAILED if bad else Progress.DONE
            stage.health = health
        case e.GateOpened() | e.GateReminded() | e.GateDecided():
            stage.gate = gate_after(stage.gate, payload)
        case e.ConditionChecked(reason=reason):
            stage.judged = reason
        case e.HealthChecked(resource=resource, status=status):
            part = stage.resources.get(resource)
            if part is None:
                return
            part.health = payload
            first = stage.phase is Phase.ACTIVATE and part.recovered_seconds is None
            # where the machine's time was set back meanwhile, nobody knows how long it took
            if status is ResourceStatus.HEALTHY and first and at >= begun:
                part.recovered_seconds = (at - begun).total_seconds()
        case e.ResourceSkipped(resource=resource, reason=reason, hint=hint):
            if resource in stage.resources:
                stage.resources[resource].skipped = reason
                stage.resources[resource].hint = hint
        case _:
            shard = stage.shards.get(getattr(payload, "shard", ""))
            if shard is not None:
                take_in_shard(stage, shard, payload)
