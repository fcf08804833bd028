"""An emergency: actions alone, by force, with the source region down; reconciled afterwards."""

from __future__ import annotations

from drstate.model.catalog import Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.stackops import Op
from drstate.sandbox import process
from tests.contract.stage import Stage

EMERGENCY_CHECKS = (
    "emergency-health",
    "no-source-calls",
    "tells-unfenced",
    "ways-agree",
    "reconciles-in-place",
)


def emergency(stage: Stage) -> None:
    """ACTIVATE from standby without stacks, then the stacks are brought to what was done."""
    world, adapter = stage.world, stage.adapter
    source, recovery = world.catalog.serving, world.catalog.recovery
    rule = process.add_fault(stage.home, {"effect": "region-down", "region": source})
    seen = len(process.calls(stage.home))
    entries = world.catalog.entries
    for entry in entries:
        site = world.site(entry, Phase.ACTIVATE, force=True, emergency=True)
        adapter.prerequisites(Phase.ACTIVATE, entry, site, world.aws)
        unfenced = adapter.unfenced(entry, site)
        if unfenced is not None and len(unfenced) < 20:
            stage.found("tells-unfenced", entry.key, repr(unfenced))
    for one in world.phase(Phase.ACTIVATE, force=True, emergency=True):
        if one.health is None or one.health.status is not ResourceStatus.HEALTHY:
            stage.found("emergency-health", one.key, one.health)
    there = {
        f"{call['service']}:{call['operation']}"
        for call in process.calls(stage.home)[seen:]
        if call["region"] == source
    }
    if there:
        stage.found("no-source-calls", sorted(there))
    process.clear_faults(stage.home, rule)
    declared = [entry for entry in entries if entry.owner(recovery) is Ownership.DECLARED]
    for shard in world.shards(declared):
        outcome = world.up(shard, recovery, SiteState.ACTIVE)
        for op in outcome.ops:
            if op.op in (Op.CREATE, Op.DELETE, Op.REPLACE):
                stage.found("reconciles-in-place", op.op, op.name, op.changed)
