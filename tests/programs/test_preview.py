"""A preview of the first replication, when nothing is there that services could be bound to."""

from __future__ import annotations

import pytest

from drstate.errors import InternalError
from drstate.model.phases import SiteState
from drstate.model.stackops import Op
from drstate.programs.site import program
from tests.adapters.world import WEST, World


def test_services_can_be_previewed_before_their_database_exists(world: World) -> None:
    services = [e for e in world.catalog.entries if e.resource.technology == "ecs"]
    shard = world.shard(services, WEST, SiteState.STANDBY)
    assert [binding.target for binding in shard.bindings] == [None, None]
    outcome = world.stacks.preview(shard.stack, program(shard))
    assert outcome.ok, outcome.errors
    made = [op.name for op in outcome.ops if op.op is Op.CREATE]
    assert len([name for name in made if name.endswith("/task-definition")]) == len(services)
    assert {entry.key for entry in services} <= set(made)


def test_services_are_not_declared_before_their_database_is_known(world: World) -> None:
    services = [e for e in world.catalog.entries if e.resource.technology == "ecs"]
    shard = world.shard(services, WEST, SiteState.STANDBY)
    with pytest.raises(InternalError, match="endpoints are not known yet"):
        world.stacks.up(shard.stack, program(shard), message="")
