"""Actions alone: an emergency without stacks, its way back, and a failover that loses a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drstate.adapters.actions import Action
from drstate.adapters.registry import adapter_for
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.plan import Plane
from tests.adapters.world import EAST, WEST, Ran, World

DNS = "100000000002"


def actions(world: World, phase: Phase, **options: bool) -> Iterator[tuple[CatalogEntry, Action]]:
    for entry in sorted(world.catalog.entries, key=lambda one: (one.group, one.key)):
        adapter = adapter_for(entry.resource.technology)
        for action in adapter.work(phase, entry, world.site(entry, phase, **options)).actions:
            yield entry, action


@pytest.fixture(scope="module")
def standby(world: World) -> World:
    """acme/production with its standby declared."""
    world.phase(Phase.REPLICATE)
    return world


@pytest.fixture
def emergency(standby: World) -> Iterator[dict[str, dict[str, Any]]]:
    """A planned activation by actions alone; it is undone, and that is checked, in the end."""
    before = {a.spec.id: a.observe(standby.aws).facts for _, a in actions(standby, Phase.ACTIVATE)}
    recorded: dict[str, dict[str, Any]] = {}
    performed = []
    for _, action in actions(standby, Phase.ACTIVATE, emergency=True):
        seen = action.observe(standby.aws)
        assert not seen.done, action.spec.id
        recorded[action.spec.id] = seen.facts
        action.run(standby.aws, standby.context(seen.facts))
        performed.append(action)
    yield recorded
    for action in reversed(performed):
        facts = recorded[action.spec.id]
        action.undo(standby.aws, standby.context(facts), facts)
    after = {a.spec.id: a.observe(standby.aws).facts for _, a in actions(standby, Phase.ACTIVATE)}
    # services report tasks that are still ending; everything else is as it was
    assert settled(after) == settled(before)


def settled(facts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    # the alarm had no data before its first point, and is OK afterwards: both are lowered
    return {
        name: {k: v for k, v in found.items() if k != "running" and not k.endswith("_alarm")}
        for name, found in facts.items()
    }


def test_actions_alone_bring_production_up_and_can_be_undone(
    standby: World, emergency: dict[str, dict[str, Any]]
) -> None:
    assert len(emergency) == len(standby.catalog.entries)
    for entry, action in actions(standby, Phase.ACTIVATE, emergency=True):
        assert action.observe(standby.aws).done, action.spec.id
        site = standby.site(entry, Phase.ACTIVATE, emergency=True)
        health = adapter_for(entry.resource.technology).health(entry, site, standby.aws)
        assert health.status is ResourceStatus.HEALTHY, (entry.key, health)


def test_an_action_that_runs_twice_does_it_once(
    standby: World, emergency: dict[str, dict[str, Any]]
) -> None:
    seen = len(standby.calls)
    for _, action in actions(standby, Phase.ACTIVATE, emergency=True):
        if action.spec.id.endswith(("#promote", "#scale")):
            action.run(standby.aws, standby.context({}))
    written = [
        call.operation
        for call in standby.calls[seen:]
        if not call.operation.startswith(("describe_", "get_", "list_"))
    ]
    assert written == []


def test_bounds_are_registered_before_the_count_is_set(
    standby: World, emergency: dict[str, dict[str, Any]]
) -> None:
    ours = [
        c.operation
        for c in standby.calls
        if c.operation in ("register_scalable_target", "update_service")
    ]
    assert ours.index("register_scalable_target") < ours.index("update_service")


def test_a_forced_failover_needs_consent_and_calls_nothing_without(standby: World) -> None:
    entry = standby.entry("aurora")
    site = standby.site(entry, Phase.ACTIVATE, force=True)
    (action,) = adapter_for("aurora").activate(entry, site).actions
    assert action.spec.needs_consent == "data-loss"
    assert not action.spec.undoable
    seen = len(standby.calls)
    with pytest.raises(OperationError, match="data-loss"):
        action.run(standby.aws, standby.context({}, "something-else"))
    assert len(standby.calls) == seen


def test_a_planned_switchover_is_told_as_one_in_the_writers_region(standby: World) -> None:
    entry = standby.entry("aurora")
    site = standby.site(entry, Phase.ACTIVATE)
    (action,) = adapter_for("aurora").activate(entry, site).actions
    writes = [c for c in action.spec.calls if c.operation.endswith("GlobalCluster")]
    assert [(c.operation, c.region) for c in writes] == [("SwitchoverGlobalCluster", EAST)]
    assert action.spec.needs_consent is None


def test_the_flag_is_raised_on_the_data_plane_of_the_recovery_region(standby: World) -> None:
    entry = standby.entry("route53", "api.acme.example./CNAME")
    site = standby.site(entry, Phase.ACTIVATE, force=True)
    (action,) = adapter_for("route53").activate(entry, site).actions
    put = next(c for c in action.spec.calls if c.operation == "PutMetricData")
    assert (put.region, put.plane) == (WEST, Plane.DATA)
    assert {c.region for c in action.spec.calls} == {WEST}


def test_writes_of_one_zone_are_serialised_across_records(standby: World) -> None:
    keys = {
        action.spec.serial_key
        for phase in (Phase.REPLICATE, Phase.ACTIVATE)
        for entry, action in actions(standby, phase)
        if entry.resource.technology == "route53" and not action.spec.id.endswith("#flag")
    }
    assert keys == {"route53/Z65WIR0FXK93R57LMDAU9G"}


@pytest.fixture(scope="module")
def forced(standby: World) -> list[Ran]:
    """The source region is gone: everything comes up in the other one, by force."""
    return standby.phase(Phase.ACTIVATE, force=True, emergency=True)


def test_force_asks_nothing_of_the_lost_region(forced: list[Ran]) -> None:
    made = [call for one in forced for call in (*one.calls, *one.health_calls)]
    # a record that is changed as such needs Route 53's control plane, and the plan says so
    control = {call.service for call in made if call.region == EAST}
    assert control == {"route53"}
    flagged = next(one for one in forced if "api.acme" in one.key)
    assert {call.region for call in (*flagged.calls, *flagged.health_calls)} == {WEST}
    assert {call.region for one in forced if "aurora" in one.key for call in one.calls} == {WEST}


def test_force_ends_in_the_same_active_site(forced: list[Ran]) -> None:
    for one in forced:
        assert one.health is not None
        assert one.health.status is ResourceStatus.HEALTHY, (one.key, one.health)


def test_force_never_claims_that_nothing_was_lost(forced: list[Ran]) -> None:
    promoted = next(one for one in forced if one.key.startswith("aurora/"))
    (result,) = promoted.results.values()
    assert result["forced"] is True
    assert result["writer"].split(":")[3] == WEST
    assert result["from"].split(":")[3] == EAST
    assert not result["data_loss"].startswith("none")


def test_an_actions_calls_are_told_before(forced: list[Ran]) -> None:
    for one in forced:
        told = {(c.service, c.operation, c.region) for s in one.specs for c in s.calls}
        made = {(c.service, c.api_operation, c.region) for c in one.calls}
        assert made <= told, one.key
