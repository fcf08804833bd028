"""A new replica under the old name: stacks follow it, and what was put away is left alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from drstate.adapters.registry import adapter_for
from drstate.execution.executing import execute
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.previewing import preview
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.phases import Phase
from drstate.model.scope import Approval, Scope
from drstate.model.stackops import Op
from drstate.report.preview import PlanPreview
from tests.execution.worlds import World

ACCOUNT, WEST = "233333333301", "us-west-2"
STACK = f"initech.production.{WEST}.{ACCOUNT}.w1"
KIND = "aws:rds/instance:Instance"
NAME = "initech-production-billing"
KEY = f"rds/{ACCOUNT}/{NAME}"
#: class of the standby, and of production
SMALL, FULL = "db.t4g.medium", "db.m6g.large"
LARGER = "db.m6g.4xlarge"
THERE = (Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE, Phase.CLEANUP)


class Instance(NamedTuple):
    """What AWS has under a name in the west."""

    id: str
    kind: str


@pytest.fixture(scope="module")
def circled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """There and back: what served in the west is put away, nothing there has the name."""
    world = World.start(tmp_path_factory.mktemp("circled"))
    try:
        file = world.project / "stacks" / "initech" / "production.yaml"
        scope = yaml.safe_load(file.read_text())
        scope["policies"]["rds"]["standby_instance_class"] = SMALL
        file.write_text(yaml.safe_dump(scope))
        with alone(world) as services:
            for phase in (*THERE, *THERE):
                run(services, phase)
        yield world
    finally:
        world.stop()


@pytest.fixture(scope="module")
def followed(circled: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The west has a new replica."""
    world = circled.copy(tmp_path_factory.mktemp("followed") / "home")
    try:
        with alone(world) as services:
            run(services, Phase.REPLICATE)
        yield world
    finally:
        world.stop()


@pytest.fixture
def copied(followed: World, tmp_path: Path) -> Iterator[World]:
    world = followed.copy(tmp_path / "home")
    yield world
    world.stop()


@contextmanager
def alone(world: World) -> Iterator[Services]:
    """Services that discover one technology: the scope has one of each."""
    with world.services() as services, pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "technologies", lambda: (adapter_for("rds"),))
        yield services


def planned(services: Services, phase: Phase) -> PlannedRun:
    return make_plan(services, scope_of(services), phases=[phase], approval=Approval.AUTOMATIC)


def scope_of(services: Services) -> Scope:
    return services.scope("initech", "production")


def run(services: Services, phase: Phase) -> Any:
    plan = planned(services, phase)
    seen = PlanPreview(plan=plan.plan, plan_digest=plan.plan.digest(), engine="", stages=())
    view = execute(services, plan, preview=seen)
    assert view.status is e.ExecutionStatus.COMPLETED
    return view


def instances(services: Services) -> dict[str, Instance]:
    """Name -> instance, in the west."""
    caller = services.caller(scope_of(services))
    found = caller.call("rds", "describe_db_instances", account=ACCOUNT, region=WEST)
    return {
        one["DBInstanceIdentifier"]: Instance(one["DbiResourceId"], one["DBInstanceClass"])
        for one in found["DBInstances"]
    }


def held(services: Services) -> dict[str, Any]:
    """The instance in the stack's state."""
    state = services.stacks().export(STACK)
    return next(one for one in state["resources"] if one["type"] == KIND)


def rebound(services: Services) -> list[tuple[list[str], list[str]]]:
    """Ids before and after, from the story of the last execution."""
    return [
        (list(one.payload.was.values()), list(one.payload.now.values()))
        for one in services.readers.logs()
        if isinstance(one.payload, e.StackRebound)
    ]


def make_stale(services: Services) -> None:
    """The state as it was before it followed: its id is that of what was put away."""
    (retired,) = (one for name, one in instances(services).items() if name != NAME)
    state = services.stacks().export(STACK)
    for one in state["resources"]:
        if one["type"] == KIND:
            one["id"] = one["outputs"]["resourceId"] = retired.id
    services.stacks().import_state(STACK, state)


def test_after_the_circle_the_new_replica_is_changed_and_what_was_put_away_is_not(
    copied: World,
) -> None:
    with alone(copied) as services:
        before = instances(services)
        (retired,) = (name for name in before if name != NAME)
        assert rebound(services) == [([before[retired].id], [before[NAME].id])]
        assert held(services)["id"] == before[NAME].id
        assert before[NAME].kind == SMALL
        adapter, caller = adapter_for("rds"), services.caller(scope_of(services))
        for name in before:  # also where inputs were read from what was put away
            inputs = {"identifier": name, "region": WEST}
            assert adapter.created(KIND, inputs, ACCOUNT, caller) == before[NAME].id
        nobody = {"identifier": "nobody", "region": WEST}
        assert adapter.created(KIND, nobody, ACCOUNT, caller) is None
        run(services, Phase.INSTANTIATE)
        after = instances(services)
        assert after == {**before, NAME: Instance(before[NAME].id, FULL)}
        assert rebound(services) == []
        assert run(services, Phase.INSTANTIATE).changes == 0


def test_a_preview_shows_the_new_replica_and_writes_nothing(copied: World) -> None:
    with alone(copied) as services:
        make_stale(services)
        stale = held(services)
        seen = preview(services, planned(services, Phase.INSTANTIATE))
        (told,) = (
            op
            for stage in seen.stages
            for shard in stage.shards
            if shard.stack is not None
            for op in shard.stack.ops
            if op.type == KIND
        )
        assert (told.op, set(told.changed)) == (Op.UPDATE, {"instanceClass", "multiAz"})
        assert held(services) == stale
        run(services, Phase.INSTANTIATE)
        assert rebound(services) == [([stale["id"]], [instances(services)[NAME].id])]


@pytest.mark.parametrize("after", [0, 1])
def test_a_run_that_dies_while_the_state_follows_is_resumed(copied: World, after: int) -> None:
    with alone(copied) as services:
        make_stale(services)
        before = instances(services)
    # created, attached, phase, stage, shard, stack; then the state's new ids are told
    told = 7 + after
    ended = copied.run("run", phase=Phase.INSTANTIATE, scope="initech/production", kill_after=told)
    assert ended == -signal.SIGKILL
    with alone(copied) as services:
        assert len(rebound(services)) == 1
    assert copied.run("resume", scope="initech/production") == 0
    with alone(copied) as services:
        assert held(services)["id"] == before[NAME].id
        assert instances(services) == {**before, NAME: Instance(before[NAME].id, FULL)}


def test_a_stack_leaves_alone_what_was_put_away_while_nothing_has_its_name(
    circled: World, tmp_path: Path
) -> None:
    world = circled.copy(tmp_path / "home")
    try:
        with alone(world) as services:
            catalog = services.journal.load_catalog(scope_of(services).key)
            assert catalog is not None
            entry = catalog.entry(KEY)
            other = entry.model_copy(update={"spec": {**entry.spec, "instance_class": LARGER}})
            # everything in the region is read again, and the program asks for another class
            behind = catalog.model_copy(update={"unreconciled": (WEST,)}).with_entry(other)
            services.journal.save_catalog(behind)
            before, state = instances(services), held(services)
            assert NAME not in before
            seen = preview(services, planned(services, Phase.CLEANUP))
            assert (seen.changes, seen.errors) == (0, ())
            run(services, Phase.CLEANUP)
            assert instances(services) == before
            assert held(services)["id"] == state["id"]
            assert held(services)["outputs"] == state["outputs"]
    finally:
        world.stop()
