"""The contract of every technology: there and back, by force, undone, and with errors.

What is checked has names (``CHECKS`` and the like). A technology that differs by nature says so in
``Adapter.deviations``, with the reason; one that says so and does not differ fails, too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drstate.adapters.registry import load_adapters
from drstate.model.phases import Phase
from drstate.model.stackops import Op
from drstate.sandbox import process
from tests.contract.circle import CHECKS, constant_urns, exists, finish, run_phase, unhealthy_first
from tests.contract.drilling import DRILL_CHECKS, drilled
from tests.contract.emergency import EMERGENCY_CHECKS, emergency
from tests.contract.errors import ERROR_CHECKS, permanent_error, transient_error
from tests.contract.found_again import FOUND_CHECKS, found_again
from tests.contract.masks import differences
from tests.contract.permissions import PERMISSION_CHECKS, held_against_grants
from tests.contract.stage import environment, forked, stage_of
from tests.contract.undoing import UNDO_CHECKS, undone

TECHNOLOGIES = [adapter.technology for adapter in load_adapters()]
ALL_CHECKS = (
    *CHECKS,
    *EMERGENCY_CHECKS,
    *ERROR_CHECKS,
    *FOUND_CHECKS,
    *UNDO_CHECKS,
    *DRILL_CHECKS,
    *PERMISSION_CHECKS,
)


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_the_contract_is_kept(technology: str, tmp_path: Path) -> None:
    with stage_of(technology, tmp_path) as stage:
        urns: dict[str, set[frozenset[str]]] = {}
        calls = []

        def phase(which: Phase, *, again: bool = False) -> None:
            run_phase(stage, which, again=again)
            for stack, outcome in stage.world.outcomes.items():
                declared = frozenset(op.urn for op in outcome.ops if op.op is not Op.DELETE)
                urns.setdefault(stack, set()).add(declared)

        begin = len(process.calls(stage.home))
        recovery = stage.world.catalog.recovery
        others = process.digest(stage.home, customer="acme")
        unhealthy_first(stage)
        phase(Phase.REPLICATE, again=True)
        begun = exists(stage)
        with forked(stage, "emergency") as copy:
            emergency(copy)
            by_force = exists(copy, recovery)
            calls += process.calls(copy.home)
        with environment(stage.home):
            phase(Phase.INSTANTIATE)
        with forked(stage, "undo") as copy:
            drilled(copy)
            undone(copy)
            calls += process.calls(copy.home)
        with forked(stage, "errors") as copy:
            found_again(copy, stage.world.outcomes)
            permanent_error(copy)
            transient_error(copy)
        with environment(stage.home):
            phase(Phase.ACTIVATE, again=True)
            for line in differences(exists(stage, recovery), by_force):
                stage.found("ways-agree", line)
            phase(Phase.CLEANUP)
            phase(Phase.REPLICATE)
        with forked(stage, "emergency-back") as copy:
            emergency(copy)
            calls += process.calls(copy.home)
        with environment(stage.home):
            phase(Phase.INSTANTIATE)
            phase(Phase.ACTIVATE, again=True)
            phase(Phase.CLEANUP)
            phase(Phase.REPLICATE)
            constant_urns(stage, urns)
            finish(stage, begun, others)
            calls += process.calls(stage.home)[begin:]
        held_against_grants(stage, calls)
        verdict = stage.verdict(*ALL_CHECKS)
        assert not verdict, verdict
