"""Stacks whose last runner died."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drstate.engine.failures import Holder, LockedError
from drstate.engine.processes import began_at, is_dead
from drstate.engine.recovery import Recovery, recover, settle
from drstate.errors import StateError
from tests.engine.engine_lab import STACK, Lab, program

HERE = socket.gethostname()


@pytest.fixture
def dead_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def holder(pid: int, host: str = HERE, since: datetime | None = None) -> Holder:
    return Holder("eve", host, pid, (since or datetime.now(UTC)).isoformat())


def test_a_process_that_is_gone_is_dead(dead_pid):
    assert is_dead(holder(dead_pid), host=HERE)


def test_a_process_that_runs_is_alive():
    assert not is_dead(holder(os.getpid()), host=HERE)


def test_a_process_elsewhere_is_never_called_dead(dead_pid):
    assert not is_dead(holder(dead_pid, host="elsewhere"), host=HERE)


def test_a_process_that_began_after_the_lock_is_another_one():
    began = datetime(2026, 3, 1, tzinfo=UTC)
    reused = holder(os.getpid(), since=began - timedelta(seconds=1))
    same = holder(os.getpid(), since=began + timedelta(seconds=1))
    assert is_dead(reused, host=HERE, began=lambda _: began)
    assert not is_dead(same, host=HERE, began=lambda _: began)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux tells")
def test_the_beginning_of_a_process_is_known_on_linux():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        mine, its = began_at(os.getpid()), began_at(child.pid)
        assert mine is not None
        assert its is not None
        assert mine <= its
    finally:
        child.communicate(b"\n")


def test_the_lock_of_a_dead_holder_here_is_cleared(lab: Lab, dead_pid):
    lab.stacks().up(STACK, program("a"), message="")
    file = lab.lock(pid=dead_pid, hostname=HERE)
    found = recover(lab.stacks(), STACK)
    assert [one.pid for one in found.cleared] == [dead_pid]
    assert not file.exists()
    assert "cleared" in str(found)
    assert lab.stacks().up(STACK, program("a"), message="").changes == 0


@pytest.mark.parametrize("where", [HERE, "elsewhere"])
def test_a_lock_of_a_living_holder_or_of_another_machine_stays(lab: Lab, where):
    lab.stacks().up(STACK, program("a"), message="")
    pid = os.getpid() if where == HERE else 4711
    now = datetime.now(UTC).isoformat()
    file = lab.lock(pid=pid, hostname=where, timestamp=now)
    with pytest.raises(LockedError, match=where):
        recover(lab.stacks(), STACK)
    assert file.exists()


def test_a_damaged_lock_is_a_persons_decision(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    lab.lock().write_text("{")
    with pytest.raises(StateError, match="is damaged"):
        recover(lab.stacks(), STACK)


def test_nothing_left_behind_and_no_stack_are_both_fine(lab: Lab):
    assert recover(lab.stacks(), STACK) == Recovery()
    lab.stacks().up(STACK, program("a"), message="")
    assert recover(lab.stacks(), STACK) == Recovery()
    assert str(Recovery()) == "nothing was left behind"


CHILD = """
from pathlib import Path
import pulumi
from tests.engine.engine_lab import STACK, Lab, Provider, Thing

def program():
    options = pulumi.ResourceOptions(provider=Provider("west"))
    a = Thing("a", options, value="1")
    # after it, whatever the order of the SDK's threads
    Thing("b", pulumi.ResourceOptions(provider=options.provider, depends_on=[a]), value="1")
    pulumi.export("endpoints", {{"a": {{"writer": a.label}}}})

Lab(Path({home!r})).stacks().up(STACK, program, message="")
"""


@pytest.fixture
def killed(lab: Lab):
    """The stack of a runner that was killed while the provider made ``b``; ``a`` was done."""
    lab.change_world(faults={"b": "hang"})
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(home=str(lab.home))],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    hanging = lab.home / "world.json.hanging"
    waiter = threading.Event()
    for _ in range(1200):
        if hanging.exists() and hanging.read_text():
            break
        assert child.poll() is None
        waiter.wait(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    os.kill(int(hanging.read_text()), signal.SIGKILL)
    lab.change_world(faults={"b": "none"})
    return child.pid


def things(lab: Lab) -> list[str]:
    return sorted(lab.world()["objects"])


def test_after_a_kill_what_was_done_is_kept_and_what_was_not_is_done_again(lab: Lab, killed):
    found = recover(lab.stacks(), STACK)
    assert [one.pid for one in found.cleared] == [killed]
    assert [urn.rpartition("::")[2] for urn in found.dropped] == ["b"]
    outcome = lab.stacks().up(STACK, program("a", "b"), message="")
    assert outcome.ok
    assert things(lab) == ["a-1", "b-2"]
    assert not lab.stacks().export(STACK).get("pending_operations")


def test_after_a_kill_a_creation_that_happened_is_found_by_its_id_and_kept(lab: Lab, killed):
    inputs = {"value": "1", "fail": "none"}
    late = {"type": "golden:index:Thing", "name": "b", "inputs": inputs, "serial": 9}
    lab.change_world(objects={"b-9": late})
    found = recover(lab.stacks(), STACK, identify=lambda _, __: "b-9")
    assert [urn.rpartition("::")[2] for urn in found.adopted] == ["b"]
    assert found.dropped == ()
    outcome = lab.stacks().up(STACK, program("a", "b"), message="")
    assert outcome.ok
    assert outcome.changes == 0
    assert things(lab) == ["a-1", "b-9"]


def test_after_a_kill_a_creation_that_did_not_happen_is_not_made_up(lab: Lab, killed):
    found = recover(lab.stacks(), STACK, identify=lambda _, __: "b-9")
    assert found.adopted == ()
    assert [urn.rpartition("::")[2] for urn in found.dropped] == ["b"]
    assert recover(lab.stacks(), STACK) == Recovery()
    assert lab.stacks().up(STACK, program("a", "b"), message="").ok
    assert things(lab) == ["a-1", "b-2"]


def deployment(*pending: tuple[str, str]) -> dict:
    known = {"urn": "urn:1", "type": "t", "id": "i", "inputs": {}, "outputs": {"arn": "arn:i"}}
    return {
        "resources": [known],
        "pending_operations": [
            {"type": kind, "resource": {"urn": urn, "type": "t", "inputs": {"n": "x"}}}
            for kind, urn in pending
        ],
    }


@pytest.mark.parametrize(
    ("pending", "identified", "expected"),
    [
        (("creating", "urn:2"), "x", (["urn:2"], [], [])),
        (("creating", "urn:2"), None, ([], ["urn:2"], [])),
        (("creating", "urn:1"), "i", ([], [], ["urn:1"])),
        (("creating", "urn:1"), "arn:i", ([], [], ["urn:1"])),
        (("creating", "urn:1"), None, ([], [], ["urn:1"])),
        (("updating", "urn:1"), "x", ([], [], ["urn:1"])),
        (("deleting", "urn:1"), "x", ([], [], ["urn:1"])),
        (("deleting", "urn:3"), "x", ([], [], [])),
    ],
)
def test_each_kind_of_unfinished_operation(pending, identified, expected):
    edited, adopted, dropped, touched = settle(deployment(pending), lambda _, __: identified)
    assert (adopted, dropped, touched) == expected
    assert edited["pending_operations"] == []
    assert json.dumps(edited["resources"]).count("urn:2") == len(adopted)


def test_what_was_made_in_the_place_of_something_takes_it_and_the_old_one_is_to_go():
    state = deployment(("creating", "urn:1"))
    state["resources"] = [{"urn": "urn:0"}, *state["resources"], {"urn": "urn:9"}]
    edited, adopted, dropped, touched = settle(state, lambda _, __: "arn:x")
    assert (adopted, dropped, touched) == (["urn:1"], [], [])
    stand = [(one["urn"], one.get("id"), one.get("delete")) for one in edited["resources"]]
    # what depends on it stands behind it, as before
    assert stand == [
        ("urn:0", None, None),
        ("urn:1", "arn:x", None),
        ("urn:1", "i", True),
        ("urn:9", None, None),
    ]
    assert edited["resources"][1]["outputs"] == {"n": "x", "arn": "arn:x"}


def test_what_was_deleted_before_it_was_made_anew_is_not_deleted_again():
    state = deployment(("creating", "urn:1"))
    state["resources"][0]["pendingReplacement"] = True
    edited, adopted, _, _ = settle(state, lambda _, __: "x")
    assert adopted == ["urn:1"]
    assert [(one["id"], one.get("pendingReplacement")) for one in edited["resources"]] == [
        ("x", None)
    ]


@pytest.mark.parametrize(
    "held", [{"protect": True}, {"type": "aws:rds/instance:Instance"}], ids=["protected", "data"]
)
def test_nothing_that_holds_data_is_given_up_for_what_was_found(held):
    state = deployment(("creating", "urn:1"))
    state["resources"][0] |= held
    state["pending_operations"][0]["resource"] |= held
    edited, adopted, _, touched = settle(state, lambda _, __: "x")
    assert (adopted, touched) == ([], ["urn:1"])
    assert [(one["id"], one.get("delete")) for one in edited["resources"]] == [("i", None)]
