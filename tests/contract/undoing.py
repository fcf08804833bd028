"""Undo: what was recorded before is put back exactly."""

from __future__ import annotations

from typing import Any

from drstate.adapters.actions import Action
from drstate.model.phases import Phase
from drstate.model.plan import When
from tests.contract.circle import exists
from tests.contract.masks import differences
from tests.contract.stage import Stage

UNDO_CHECKS = ("undo-undoes",)


def undone(stage: Stage) -> None:
    """ACTIVATE's actions are run on a warm site and undone in reverse: then all is as before."""
    world, adapter = stage.world, stage.adapter
    before = exists(stage)
    performed: list[tuple[Action, dict[str, Any]]] = []
    for when in (When.BEFORE, When.AFTER):
        for entry in world.catalog.entries:
            site = world.site(entry, Phase.ACTIVATE, emergency=True)
            for action in adapter.work(Phase.ACTIVATE, entry, site).actions:
                if action.spec.when is not when or not action.spec.undoable:
                    continue
                aws = world.aws.derived(transient_codes=adapter.transient_codes)
                seen = action.observe(aws)
                if seen.done:
                    continue
                action.run(aws, world.context(seen.facts))
                performed.append((action, seen.facts))
    for action, facts in reversed(performed):
        aws = world.aws.derived(transient_codes=adapter.transient_codes)
        action.undo(aws, world.context(facts), facts)
    if performed:
        for line in differences(before, exists(stage)):
            stage.found("undo-undoes", [action.spec.id for action, _ in performed], line)
