"""A drill: copies are made, work, and go again, with the source down and nothing live changed."""

from __future__ import annotations

from dataclasses import replace

from drstate.adapters.base import SiteContext, undeclared
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.sandbox import process
from tests.adapters.world import Ran
from tests.contract.circle import READS, exists
from tests.contract.masks import differences
from tests.contract.stage import Stage

DRILL_CHECKS = (
    "drill-works",
    "drill-leaves-nothing",
    "drill-calls-nothing-live",
    "drill-told-calls",
)
DRILL = "d0c0ffe"


def drilled(stage: Stage) -> None:
    """Make the copies twice (the second time nothing is left to do), check, remove twice."""
    world, adapter = stage.world, stage.adapter
    entries = [
        (entry, replace(world.site(entry, Phase.ACTIVATE, emergency=False), drill=DRILL))
        for entry in world.catalog.entries
    ]
    if not any(adapter.drill(entry, site).actions for entry, site in entries):
        for entry, site in entries:
            if len(adapter.drill(entry, site).no_op or "") < 20:
                stage.found("drill-works", entry.key, "says not why it is not rehearsed")
        return
    before = exists(stage)
    source = world.catalog.serving
    rule = process.add_fault(stage.home, {"effect": "region-down", "region": source})
    seen = len(process.calls(stage.home))
    for phase in (Phase.ACTIVATE, Phase.CLEANUP):
        for again in (False, True):
            for entry, active in entries:
                site = replace(active, state=phase.leaves)
                _carry_out(stage, phase, entry, site, again=again)
        if phase is Phase.ACTIVATE and not differences(before, exists(stage)):
            stage.found("drill-works", "made nothing")
    calls = process.calls(stage.home)[seen:]
    process.clear_faults(stage.home, rule)
    there = {f"{one['service']}:{one['operation']}" for one in calls if one["region"] == source}
    if there:
        stage.found("drill-calls-nothing-live", sorted(there))
    for line in differences(before, exists(stage)):
        stage.found("drill-leaves-nothing", line)


def _carry_out(
    stage: Stage, phase: Phase, entry: CatalogEntry, site: SiteContext, *, again: bool
) -> None:
    world, adapter = stage.world, stage.adapter
    for action in adapter.work(phase, entry, site).actions:
        ran = Ran(entry.key)
        before = len(world.calls)
        world.act(action, ran, adapter)
        if again and not ran.done:
            stage.found("drill-works", action.spec.id, "is not done when it is looked at again")
        made = world.calls[before:]
        told = {(one.service, one.operation, one.region) for one in action.spec.calls}
        untold = {(one.service, one.api_operation, one.region) for one in made} - told
        if untold:
            stage.found("drill-told-calls", action.spec.id, sorted(untold))
        for call in made:
            if again and not READS.match(call.operation):
                stage.found("drill-works", action.spec.id, call.operation, "is called again")
        for line in undeclared([adapter], [(call.service, call.operation) for call in made]):
            stage.found("drill-told-calls", action.spec.id, line, "is not granted")
    health = adapter.check(entry, site, world.aws)
    if health.status is not ResourceStatus.HEALTHY:
        stage.found("drill-works", entry.key, phase, health)
