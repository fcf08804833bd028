"""The contract of every technology: there and back, by force, undone, and with errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from drstate.adapters.registry import load_adapters
from drstate.model.catalog import Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.stackops import Op
from drstate.sandbox import process

from .circle import CHECKS, constant_urns, exists, finish, run_phase, unhealthy_first
from .errors import ERROR_CHECKS, permanent_error, transient_error
from .masks import differences
from .stage import Stage, environment, forked, stage_of
from .undoing import UNDO_CHECKS, undone

TECHNOLOGIES = [adapter.technology for adapter in load_adapters()]
every = pytest.mark.parametrize("technology", TECHNOLOGIES)
EMERGENCY_CHECKS = (
    "emergency-health",
    "no-source-calls",
    "tells-unfenced",
    "ways-agree",
    "reconciles-in-place",
)


@every
def test_there_and_back(technology: str, tmp_path: Path) -> None:
    with stage_of(technology, tmp_path) as stage:
        urns: dict[str, set[frozenset[str]]] = {}

        def phase(which: Phase, *, again: bool = False) -> None:
            run_phase(stage, which, again=again)
            for stack, outcome in stage.world.outcomes.items():
                declared = frozenset(op.urn for op in outcome.ops if op.op is not Op.DELETE)
                urns.setdefault(stack, set()).add(declared)

        others = process.digest(stage.home, customer="acme")
        unhealthy_first(stage)
        phase(Phase.REPLICATE, again=True)
        begun = exists(stage)
        phase(Phase.INSTANTIATE)
        phase(Phase.ACTIVATE, again=True)
        phase(Phase.CLEANUP)
        phase(Phase.REPLICATE)
        phase(Phase.INSTANTIATE)
        phase(Phase.ACTIVATE, again=True)
        phase(Phase.CLEANUP)
        phase(Phase.REPLICATE)
        constant_urns(stage, urns)
        finish(stage, begun, others)
        assert not stage.verdict(*CHECKS), stage.verdict(*CHECKS)


@every
def test_an_emergency_by_actions_alone_with_the_source_region_down(
    technology: str, tmp_path: Path
) -> None:
    with stage_of(technology, tmp_path) as stage:
        stage.world.phase(Phase.REPLICATE)
        recovery = stage.world.catalog.recovery
        with forked(stage) as copy:
            _emergency(copy)
            by_force = exists(copy, recovery)
        with environment(stage.home):
            stage.world.phase(Phase.INSTANTIATE)
            stage.world.phase(Phase.ACTIVATE)
            for line in differences(exists(stage, recovery), by_force):
                stage.found("ways-agree", line)
        assert not stage.verdict(*EMERGENCY_CHECKS), stage.verdict(*EMERGENCY_CHECKS)


def _emergency(stage: Stage) -> None:
    world = stage.world
    source = world.catalog.serving
    rule = process.add_fault(stage.home, {"effect": "region-down", "region": source})
    seen = len(process.calls(stage.home))
    catalog = world.catalog
    unfenced = {
        entry.key: stage.adapter.unfenced(
            entry, world.site(entry, Phase.ACTIVATE, force=True, emergency=True)
        )
        for entry in catalog.entries
    }
    for entry in catalog.entries:
        site = world.site(entry, Phase.ACTIVATE, force=True, emergency=True)
        stage.adapter.prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    for one in world.phase(Phase.ACTIVATE, force=True, emergency=True):
        if one.health is None or one.health.status is not ResourceStatus.HEALTHY:
            stage.found("emergency-health", one.key, one.health)
    there = sorted(
        {
            f"{call['service']}:{call['operation']}"
            for call in process.calls(stage.home)[seen:]
            if call["region"] == source and call["service"] != "iam"
        }
    )
    if there:
        stage.found("no-source-calls", there)
    for key, text in unfenced.items():
        if text is not None and len(text) < 20:
            stage.found("tells-unfenced", key, repr(text))
    process.clear_faults(stage.home, rule)
    # reconciliation: the stacks are brought to what the actions have done
    declared = [
        entry for entry in catalog.entries if entry.owner(catalog.recovery) is Ownership.DECLARED
    ]
    for shard in world.shards(declared):
        outcome = world.up(shard, catalog.recovery, SiteState.ACTIVE)
        for op in outcome.ops:
            if op.op in (Op.CREATE, Op.DELETE, Op.REPLACE):
                stage.found("reconciles-in-place", op.op, op.name, op.changed)


@every
def test_what_can_be_undone_is_undone_exactly(technology: str, tmp_path: Path) -> None:
    with stage_of(technology, tmp_path) as stage:
        undone(stage)
        assert not stage.verdict(*UNDO_CHECKS), stage.verdict(*UNDO_CHECKS)


@every
def test_transient_errors_are_tried_again_and_permanent_ones_are_not(
    technology: str, tmp_path: Path
) -> None:
    with stage_of(technology, tmp_path) as stage:
        stage.world.phase(Phase.REPLICATE)
        stage.world.phase(Phase.INSTANTIATE)
        with forked(stage) as copy:
            permanent_error(copy)
        with environment(stage.home):
            transient_error(stage)
        assert not stage.verdict(*ERROR_CHECKS), stage.verdict(*ERROR_CHECKS)
