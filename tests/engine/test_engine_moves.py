"""A resource's state goes from one stack to another."""

from __future__ import annotations

import pulumi
import pytest

from drstate.engine.failures import LockedError
from drstate.engine.moves import StackMove, belongs_to, move_state, plan_move, states_after
from drstate.errors import StateError
from drstate.model.stackops import Op
from tests.engine.engine_lab import OTHER, STACK, Lab, Provider, Thing, program

KEY = "ecs/211111111102/shop/web"
MOVE = StackMove(KEY, STACK, OTHER)


def both():
    """The resource and a part of it that depends on it, and a neighbour that does, too."""

    def declare() -> None:
        options = pulumi.ResourceOptions(provider=Provider("west"), protect=True)
        web = Thing(KEY, options, value="1")
        Thing(f"{KEY}/target", options, value=web.label)
        Thing("ecs/211111111102/shop/worker", options, value=web.label)

    return declare


def only(name: str, value: str = "1"):
    def declare() -> None:
        Thing(name, pulumi.ResourceOptions(provider=Provider("west"), protect=True), value=value)

    return declare


def moved():
    def declare() -> None:
        options = pulumi.ResourceOptions(provider=Provider("west"), protect=True)
        web = Thing(KEY, options, value="1")
        Thing(f"{KEY}/target", options, value=web.label)

    return declare


NEIGHBOUR = only("ecs/211111111102/shop/worker", value=f"{KEY}:1")


@pytest.mark.parametrize(
    ("name", "belongs"),
    [(KEY, True), (f"{KEY}/target", True), (f"{KEY}-2", False), ("aws-us-west-2", False)],
)
def test_a_name_tells_whose_a_resource_is(name, belongs):
    assert belongs_to(KEY)(f"urn:pulumi:s::drstate::t:t:T::{name}") is belongs


def test_after_a_move_both_programs_change_nothing_and_nothing_was_touched(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, both(), message="")
    before = lab.world()["objects"]
    found = move_state(stacks, MOVE)
    assert (found.copied, found.removed) == (2, 2)
    assert [urn.split("::")[0] for urn in found.urns] == [f"urn:pulumi:{OTHER}"] * 2
    here, there = lab.stacks().preview(OTHER, moved()), lab.stacks().preview(STACK, NEIGHBOUR)
    for outcome in (here, there):
        assert outcome.ok
        assert {row.op for row in outcome.ops} == {Op.SAME}
    assert stacks.up(OTHER, moved(), message="").changes == 0
    assert stacks.up(STACK, NEIGHBOUR, message="").changes == 0
    assert lab.world()["objects"] == before


def test_a_move_to_a_stack_with_a_provider_of_its_own_uses_that_one(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, both(), message="")
    stacks.up(OTHER, only("other"), message="")
    move_state(stacks, MOVE)
    state = stacks.export(OTHER)["resources"]
    providers = [one for one in state if one["type"].startswith("pulumi:providers:")]
    assert len(providers) == 1
    reference = f"{providers[0]['urn']}::{providers[0]['id']}"
    assert {one["provider"] for one in state if one["type"] == "golden:index:Thing"} == {reference}


def test_a_second_move_has_nothing_to_do(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, both(), message="")
    first = move_state(stacks, MOVE)
    again = move_state(stacks, MOVE)
    assert again.urns == first.urns
    assert (again.copied, again.removed) == (0, 0)


def test_a_move_that_was_cut_off_after_the_copy_is_finished(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, both(), message="")
    split = plan_move(stacks.export(STACK), {}, MOVE)
    stacks.import_state(OTHER, split.target)  # and then the runner died
    again = move_state(lab.stacks(), MOVE)
    assert (again.copied, again.removed) == (0, 2)
    names = [one["urn"].rpartition("::")[2] for one in lab.stacks().export(STACK)["resources"]]
    assert KEY not in names
    assert lab.stacks().preview(OTHER, moved()).changes == 0


def test_a_move_is_previewed_without_being_made(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, both(), message="")
    states = states_after(stacks, [MOVE])
    assert stacks.preview(STACK, NEIGHBOUR, base=states[STACK]).changes == 0
    assert stacks.preview(OTHER, moved(), base=states[OTHER]).changes == 0
    assert not stacks.exists(OTHER)
    assert any(row.op is Op.DELETE for row in stacks.preview(STACK, NEIGHBOUR).ops)


def test_a_locked_stack_is_not_moved(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, both(), message="")
    lab.lock()
    with pytest.raises(LockedError):
        move_state(stacks, MOVE)


def test_unfinished_operations_come_first():
    state = {"resources": [], "pending_operations": [{"type": "creating", "resource": {}}]}
    with pytest.raises(StateError, match="unfinished operations"):
        plan_move(state, {}, MOVE)


def test_another_resource_of_the_same_name_in_the_target_is_never_overwritten(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, both(), message="")
    stacks.up(OTHER, program(KEY), message="")
    with pytest.raises(StateError, match="already holds another"):
        move_state(stacks, MOVE)
