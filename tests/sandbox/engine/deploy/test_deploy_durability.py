"""What a kill leaves: every prefix of the step log is a sound state that the next up continues."""

import os
import select
import signal
import subprocess
import sys
from operator import methodcaller
from pathlib import Path

import pytest

from tests.sandbox.engine.deploy.deploy_harness import Box, Engine, Item, Pinned, options, urn


def before():
    first = Item("first", value="1")
    Item("second", value=first.label)
    Pinned("pinned", key="1")
    Item("replaced", key="1")
    Item("gone", value="1")


def after():
    box = Box("box")
    first = Item("first", value="2")
    Item("second", value=first.label)
    Pinned("pinned", key="2")
    Item("replaced", key="2")
    Item("inside", value=first.label, opts=options(parent=box))


def unsound(state):
    """Resources that come before something they need, or need something that is not there."""
    seen, out = set(), []
    for one in state.get("resources", []):
        needs = {*one.get("dependencies", []), one.get("parent")}
        needs.add(one.get("provider", "").rpartition("::")[0])
        for urns in one.get("propertyDependencies", {}).values():
            needs.update(urns)
        out += [(one["urn"], need) for need in needs - {None, ""} if need not in seen]
        seen.add(one["urn"])
    return out


def test_every_prefix_of_the_log_is_a_sound_state(engine):
    engine.up(before)
    base = engine.state
    done = engine.up(after)
    assert done.code == 0
    for length in range(len(done.log.records) + 1):
        state = engine.deployer.fold(base, done.log.records[:length])
        assert unsound(state) == [], length


def test_folding_changes_neither_base_nor_records_and_is_repeatable(engine):
    engine.up(before)
    base, copy = engine.state, str(engine.state)
    done = engine.up(after)
    records = str(done.log.records)
    once = engine.deployer.fold(base, done.log.records)
    assert engine.deployer.fold(base, iter(done.log.records)) == once == engine.state
    assert (str(base), str(done.log.records)) == (copy, records)


def test_an_interrupted_operation_is_in_the_state_until_its_end_is(engine):
    done = engine.up(lambda: Item("only", value="1"))
    started = next(n for n, one in enumerate(done.log.records) if "begin" in one and n > 1)
    state = engine.deployer.fold(None, done.log.records[: started + 1])
    (operation,) = state["pending_operations"]
    assert operation["type"] == "creating"
    assert operation["resource"]["urn"] == urn("only")
    assert "pending_operations" not in engine.state


@pytest.mark.parametrize("every", [2, 5])
def test_after_a_kill_the_next_up_ends_in_the_same_resources(engine, every):
    engine.up(before)
    base = engine.state
    done = engine.up(after)
    wanted = set(engine.resources())
    engine.state = engine.deployer.fold(base, done.log.records[: len(done.log.records) // every])
    assert engine.up(after).code == 0
    assert set(engine.resources()) == wanted


def test_a_record_costs_what_its_resource_costs_however_many_there_are(engine):
    def many():
        for number in range(60):
            Item(f"item-{number:02}", value="1")

    done = engine.up(many, parallel=1)
    sizes = [
        len(str(one))
        for one in done.log.records
        if "::item-" in str(one.get("put")) and "batch" not in one
    ]
    assert len(sizes) > 50
    assert max(sizes) < 1.1 * min(sizes)


def test_steps_that_change_nothing_share_one_durable_write(engine):
    def many():
        for number in range(30):
            Item(f"item-{number}", value="1")

    engine.up(many)
    assert len(engine.up(many).log.records) == 1


def test_independent_resources_are_made_at_the_same_time(engine):
    def four():
        for name in "abcd":
            Item(name, how="together:4")

    assert engine.up(four, parallel=4).code == 0


def test_no_more_steps_run_at_once_than_the_parallel_option_allows(engine):
    def six():
        for name in "abcdef":
            Item(name, how="together:2")

    done = engine.up(six, parallel=2)
    assert done.code == 0
    running = most = 0
    for one in done.calls:
        running += {"Create": 1, "Created": -1}.get(one["call"], 0)
        most = max(most, running)
    assert most == 2


def test_a_cancelled_update_ends_its_plugins_and_says_so(engine):
    done = engine.up(lambda: Item("a", how="hang"), cancelled=(engine.world / "hanging").exists)
    assert done.code == 1
    assert done.errors()[-1] == "update canceled\n"
    assert engine.plugins_alive() == []
    assert "pending_operations" not in engine.state


def test_an_interrupt_in_the_middle_leaves_no_process(engine):
    def interrupt(log):
        if log.records[-1].get("begin", {}).get("resource", {}).get("urn") == urn("a"):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        engine.up(lambda: Item("a", how="hang"), after=interrupt)
    assert engine.plugins_alive() == []


def test_a_failing_event_sink_leaves_no_process(engine):
    engine.up(before)

    def broken(event):
        if "resourcePreEvent" in event:
            raise OSError("disk full")

    request = engine.request("destroy", None, False, lambda: False, {})

    class Nowhere:
        def append(self, record):
            pass

    with pytest.raises(OSError, match="disk full"):
        engine.deployer.run(request, Nowhere(), broken)
    assert engine.plugins_alive() == []


VICTIM = """
import sys
from tests.sandbox.engine.deploy.deploy_harness import Engine, Item

def begun(log):
    if log.records[-1].get("begin"):
        print("begun", flush=True)

Engine(sys.argv[1]).up(lambda: Item("a", how="hang"), after=begun)
"""


def test_plugins_end_when_the_engine_is_killed(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    command = [sys.executable, "-c", VICTIM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as victim:
        assert victim.stdout.readline() == "begun\n"
        pid = int((tmp_path / "world" / "pids").read_text())
        plugin = os.pidfd_open(pid)
        victim.kill()
    poll = select.poll()
    poll.register(plugin, select.POLLIN)
    ended = poll.poll(10_000)
    os.close(plugin)
    assert ended


def test_an_engine_serves_several_updates_at_once(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    engines = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        engines.append(Engine(tmp_path / name))
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(methodcaller("up", before), engines))
    assert [one.code for one in outcomes] == [0, 0]
    assert all(len(one.objects()) == 5 for one in engines)


def test_a_step_log_that_cannot_be_written_ends_the_update_and_says_why(engine):
    def full(log):
        if log.records[-1].get("begin", {}).get("resource", {}).get("urn") == urn("a"):
            raise OSError(28, "No space left on device")

    done = engine.up(lambda: Item("a", value="1"), after=full)
    assert done.code == 1
    assert done.errors()[0].startswith("what was done could not be recorded: [Errno 28]")
    assert done.called("Create") == []
    assert engine.plugins_alive() == []
