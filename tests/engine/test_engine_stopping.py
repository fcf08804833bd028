"""Commands of the CLI are told by signals, and killed with everything they started."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from pulumi import automation as auto
from pulumi.automation.events import EngineEvent, OpType

from drstate.engine.choice import choose_engine
from drstate.engine.cliprocess import StoppableCommand
from drstate.engine.recovery import recover
from drstate.engine.stacks import Stacks
from drstate.engine.stopping import Stopping
from drstate.engine.unfinished import Creations
from tests.engine.engine_lab import STACK, Lab, program

#: a CLI with a plugin in a process group of its own; its argument is what it does at SIGINT
CLI = rf"""#!{sys.executable}
import os, signal, subprocess, sys

def cancel(*_):
    os.write(1, b"cancelled\n")  # print may be at work in what is interrupted
    plugin.kill()
    os._exit(1)

if sys.argv[-1] == "version":
    print("v3.260.0")
    sys.exit(0)
signal.signal(signal.SIGINT, cancel if sys.argv[-1] == "polite" else signal.SIG_IGN)
plugin = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, process_group=0)
open(os.environ["PLUGIN_FILE"], "w").write(str(plugin.pid))
print("started", flush=True)
plugin.wait()
"""


class Command:
    """The command at work in a thread."""

    def __init__(self, folder: Path, behaviour: str, *, managed: bool = True) -> None:
        (folder / "bin").mkdir()
        executable = folder / "bin" / "pulumi"
        executable.write_text(CLI)
        executable.chmod(0o755)
        self.file = folder / "plugin"
        self.stopping = Stopping()
        self.stopping.managed = managed
        command = choose_engine(
            sandbox=False, env={"PATH": str(folder / "bin"), "HOME": str(folder)}
        ).command
        assert isinstance(command, StoppableCommand)
        command.stopping = self.stopping
        self.lines: list[str] = []
        self._started = threading.Event()
        self.pool = ThreadPoolExecutor(1)
        self.result: Future[auto.CommandResult] = self.pool.submit(
            command.run, [behaviour], str(folder), {"PLUGIN_FILE": str(self.file)}, self._hear
        )
        assert self._started.wait(20)

    def _hear(self, line: str) -> None:
        self.lines.append(line)
        if line == "started":
            self._started.set()

    @property
    def plugin(self) -> int:
        return int(self.file.read_text())


def gone(pid: int) -> bool:
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        threading.Event().wait(0.05)
    return False


def test_asking_cancels_the_command_in_good_order(tmp_path):
    command = Command(tmp_path, "polite")
    command.stopping.ask()
    with pytest.raises(auto.CommandError):
        command.result.result(20)
    assert "cancelled" in command.lines
    assert gone(command.plugin)


def test_force_kills_a_command_that_does_not_listen_and_its_plugin_too(tmp_path, monkeypatch):
    monkeypatch.setattr("drstate.engine.stopping.KILL_SECONDS", 0.1)
    command = Command(tmp_path, "deaf")
    command.stopping.ask()
    assert os.getsid(command.plugin) != os.getsid(0)
    assert not command.result.done()
    command.stopping.force()
    with pytest.raises(auto.CommandError):
        command.result.result(20)
    assert gone(command.plugin)
    command.stopping.reset()
    assert not command.stopping.asked()


def test_a_command_that_nobody_manages_stays_within_reach_of_the_terminal(tmp_path):
    command = Command(tmp_path, "polite", managed=False)
    assert os.getsid(command.plugin) == os.getsid(0)
    command.stopping.ask()
    with pytest.raises(auto.CommandError):
        command.result.result(20)


def event(kind: str, urn: str, op: str = "create", **inputs: object) -> EngineEvent:
    state = {
        "type": "golden:index:Thing", "urn": urn, "custom": True, "id": "", "parent": "urn:stack",
        "provider": "urn:provider::id", "inputs": inputs, "outputs": {},
    }  # fmt: skip
    metadata = {
        "op": op, "urn": urn, "type": "golden:index:Thing", "provider": "urn:provider::id",
        "new": state,
    }  # fmt: skip
    return EngineEvent.from_json({"sequence": 1, "timestamp": 0, kind: {"metadata": metadata}})


def test_creations_without_an_end_stay_unfinished_operations():
    seen = Creations()
    for one in ("done", "failed", "known", "pending"):
        seen.feed(event("resourcePreEvent", one, name=one, password="[secret]"))
    seen.feed(event("resourcePreEvent", "changed", op=OpType.UPDATE.value))
    seen.feed(event("resOutputsEvent", "done"))
    seen.feed(event("resOpFailedEvent", "failed"))
    state = {
        "resources": [{"urn": "known"}],
        "pending_operations": [{"type": "creating", "resource": {"urn": "pending"}}],
    }
    kept = seen.kept(state)
    assert kept is not None
    assert kept["pending_operations"][1:] == [
        {
            "type": "creating",
            "resource": {
                "urn": "failed",
                "custom": True,
                "type": "golden:index:Thing",
                "inputs": {"name": "failed"},
                "parent": "urn:stack",
                "provider": "urn:provider::id",
            },
        }
    ]
    assert Creations().kept(state) is None


def test_what_was_to_take_the_place_of_something_stays_unfinished_beside_it():
    seen = Creations()
    seen.feed(event("resourcePreEvent", "known", op=OpType.CREATE_REPLACEMENT.value, name="new"))
    seen.feed(event("resourcePreEvent", "done", op=OpType.CREATE_REPLACEMENT.value, name="new"))
    seen.feed(event("resOutputsEvent", "done"))
    kept = seen.kept({"resources": [{"urn": "known"}, {"urn": "done"}]})
    assert kept is not None
    assert kept["resources"] == [{"urn": "known"}, {"urn": "done"}]
    assert [one["resource"]["inputs"] for one in kept["pending_operations"]] == [{"name": "new"}]


def test_a_creation_whose_id_is_told_by_its_inputs_is_put_back_under_it():
    seen = Creations()
    row = event(
        "resourcePreEvent", "cluster", clusterIdentifier="orders", masterPassword="[secret]"
    )
    assert row.resource_pre_event is not None
    row.resource_pre_event.metadata.type = "aws:rds/cluster:Cluster"
    seen.feed(row)
    kept = seen.kept({"resources": [{"urn": "known"}]})
    assert kept is not None
    assert kept["pending_operations"] == []
    assert [(one["urn"], one.get("id")) for one in kept["resources"]] == [
        ("known", None),
        ("cluster", "orders"),
    ]
    assert kept["resources"][1]["outputs"] == {"clusterIdentifier": "orders"}


def test_a_creation_that_a_cancelled_update_forgot_is_found_and_kept(lab: Lab):
    stopping = Stopping()
    stacks = Stacks(lab.engine, lab.settings, stopping=stopping)
    lab.change_world(faults={"b": "create"})
    stopping.ask()
    assert not stacks.up(STACK, program("a", "b"), message="one").ok
    # the call had reached the provider
    late = {"type": "golden:index:Thing", "name": "b", "inputs": {"value": "1"}, "serial": 9}
    lab.change_world(faults={"b": "none"}, objects={"b-9": late})
    left = lab.stacks().export(STACK)["pending_operations"]
    assert [row["resource"]["urn"].rpartition("::")[2] for row in left] == ["b"]

    found = recover(lab.stacks(), STACK, identify=lambda _, __: "b-9", refresh=True)
    assert str(found) == "b had been created; the stack was refreshed"
    assert lab.stacks().up(STACK, program("a", "b"), message="two").ok


def test_an_update_that_nobody_stopped_keeps_no_unfinished_operations(lab: Lab):
    lab.change_world(faults={"b": "create"})
    assert not lab.stacks().up(STACK, program("a", "b"), message="one").ok
    assert not lab.stacks().export(STACK).get("pending_operations")
