"""Runs that do not go straight through: refreshes, kills, limits, interruptions, moves."""

import os
import signal
import subprocess
import sys
import threading
from concurrent import futures
from pathlib import Path

import pytest
from pulumi import automation as auto

from drstate.engine.choice import EngineChoice
from drstate.engine.moves import StackMove, move_state
from drstate.engine.settings import EngineSettings
from drstate.engine.stacks import Stacks
from tests.golden.golden_notation import O, Provider, Thing
from tests.sandbox.engine.lifecycle.lifecycle_harness import (
    A_LITTLE,
    EMBEDDED,
    SOON,
    name_of,
    new_engine,
    open_stack,
)


def pair():
    a = Thing("a", value="1")
    Thing("b", value=a.label)


def test_refresh_finds_drift_and_the_next_update_mends_it(life):
    life.up(pair)
    life.cloud.change(lambda world: world["objects"]["a-1"]["inputs"].update(value="drifted"))
    done = life.refresh()
    assert done.ok
    assert done.changes["update"] == 1
    assert done.called("Read", "Update") == ["Read a", "Read b"]
    found = life.resources()["a"]
    assert found["outputs"]["value"] == "drifted"
    mended = life.up(pair)
    assert mended.called("Update") == ["Update a"]
    assert life.cloud.world()["objects"]["a-1"]["inputs"]["value"] == "1"
    assert life.refresh().changes == {"same": 3}


def test_refresh_forgets_a_resource_that_is_gone_and_the_next_update_makes_it(life):
    life.up(pair)
    life.cloud.change(lambda world: world["objects"].pop("b-2"))
    done = life.refresh()
    assert done.changes["delete"] == 1
    assert done.called("Delete") == []
    assert set(life.resources()) == {"a"}
    assert life.up(pair).called("Create") == ["Create b"]


def killed(life, folder):
    """An update of another process, killed while the provider makes b."""
    life.cloud.hold("b")
    here = Path(__file__).resolve().parent
    child = subprocess.Popen(
        [sys.executable, str(here / "lifecycle_victim.py"), str(folder), str(life.cloud.port)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LIFECYCLE_PATH": os.pathsep.join(sys.path)},
    )
    with life.cloud.golden.changed:
        reached = life.cloud.golden.changed.wait_for(lambda: "b" in life.cloud.golden.inside, SOON)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert reached
    # what the provider was doing goes on without anybody who hears of it
    life.cloud.release()
    with life.cloud.golden.changed:
        assert life.cloud.golden.changed.wait_for(lambda: not life.cloud.golden.inside, SOON)


def test_a_kill_leaves_a_lock_and_a_pending_operation_and_nothing_is_lost(life):
    killed(life, life.folder)
    with pytest.raises(auto.errors.ConcurrentUpdateError):
        life.stack.up(program=pair)
    life.stack.cancel()
    state = life.state()
    assert [one["type"] for one in state["pending_operations"]] == ["creating"]
    assert name_of(state["pending_operations"][0]["resource"]["urn"]) == "b"
    assert set(life.resources()) == {"a"}
    done = life.up(pair)
    assert "interrupted" in done.said("warning")
    assert done.called("Create") == ["Create b"]
    assert set(life.resources()) == {"a", "b"}
    assert life.cloud.objects() == ["a-1", "b-2", "b-3"]  # nobody could know of b-2


def test_refresh_can_clear_what_a_kill_left_pending(life):
    killed(life, life.folder)
    life.stack.cancel()
    kept = life.refresh()
    assert kept.ok
    assert len(life.state()["pending_operations"]) == 1
    assert life.refresh(clear_pending_creates=True).ok
    assert not life.state().get("pending_operations")


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_the_parallel_limit_is_reached_and_kept(life, limit):
    names = [f"n{number}" for number in range(limit + 2)]

    def program():
        for name in names:
            Thing(name, value="1")

    life.cloud.hold(*names)
    with futures.ThreadPoolExecutor(1) as pool:
        done = pool.submit(life.up, program, parallel=limit)
        assert life.cloud.wait_inside(limit)
        assert not life.cloud.wait_inside(limit + 1, A_LITTLE)
        life.cloud.release()
        assert done.result(SOON).ok
    assert life.cloud.golden.most == limit
    assert len(life.cloud.objects()) == limit + 2


def test_a_cancel_in_the_middle_ends_in_good_order_and_the_next_update_goes_on(life):
    def program():
        a = Thing("a", value="1")
        b = Thing("b", value=a.label)
        Thing("c", value=b.label)

    life.cloud.hold("b")
    with futures.ThreadPoolExecutor(1) as pool:
        done = pool.submit(life.try_up, program)
        with life.cloud.golden.changed:
            assert life.cloud.golden.changed.wait_for(lambda: "b" in life.cloud.golden.inside, SOON)
        life.break_off()
        threading.Event().wait(A_LITTLE)  # the engine hears of it in its own time
        life.cloud.release()
        outcome = done.result(SOON)
    assert not outcome.ok
    assert outcome.called("Create") == ["Create a", "Create b"]
    assert any(one.cancel_event for one in outcome.events)
    assert set(life.resources()) == {"a", "b"}
    assert not life.state().get("pending_operations")
    life.interrupt.clear()
    assert life.up(program).called("Create") == ["Create c"]


def test_a_stack_move_takes_a_resource_to_another_stack_and_touches_nothing(life):
    def of(*names):
        def program():
            provider = Provider("p", region="north")
            for name in names:
                Thing(name, value="1", opts=O(provider=provider))

        return program

    life.up(of("moves", "stays"))
    before = life.cloud.objects()
    settings = EngineSettings(
        work_dir=life.folder / "project",
        backend_url=f"file://{life.folder}/state",
        pulumi_home=life.folder / "home",
        env=dict(life.stack.workspace.env_vars),
    )
    name = "embedded" if EMBEDDED else "pulumi"
    engine = EngineChoice(name, str(life.engine.version), life.engine, "test")
    moved = move_state(Stacks(engine, settings), StackMove("moves", "dev", "other"))
    assert (moved.copied, moved.removed) == (1, 1)
    assert life.up(of("stays")).changes == {"same": 3}
    other = open_stack(life.folder, life.cloud.port, new_engine(), "other")
    other.workspace.program = of("moves")
    assert other.up().summary.resource_changes == {"same": 3}
    assert life.cloud.objects() == before
