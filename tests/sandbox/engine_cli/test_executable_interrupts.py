"""Ctrl-C: the first ends an update in good order, the second at once; the state is always whole."""

import os
import signal

import pytest

from tests.sandbox.engine_cli.cli_harness import GATE

PROGRAM = """
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, name, gate, after):
        super().__init__("gate:index:Thing", name, {"gate": gate},
                         pulumi.ResourceOptions(depends_on=after))

first = Thing("first", None, [])
second = Thing("second", pulumi.Config().get("gate"), [first])
third = Thing("third", None, [second])
"""


@pytest.fixture
def gate(shell):
    shell.write(PROGRAM, plugins={"providers": [{"name": "gate", "path": str(GATE)}]})
    gate = shell.folder / "gate"
    shell.run("config", "set", "gate", str(gate)).expect(0)
    return gate


def begin(shell, gate, **env):
    """An update in the middle of the second resource's creation."""
    running = shell.start("up", "--yes", "--skip-preview", **env)
    for line in running.stdout:
        if "Thing second creating" in line:
            break
    return running


def interrupt(running):
    os.killpg(running.pid, signal.SIGINT)


def until(running, text):
    for line in running.stdout:
        if text in line:
            return
    raise AssertionError(f"never said {text!r}: {running.stderr.read()}")


def test_the_first_lets_what_is_under_way_finish(shell, gate):
    running = begin(shell, gate, GATE_STUBBORN="1")
    interrupt(running)
    until(running, "^C received; cancelling.")
    gate.touch()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1, err
    assert "error: update canceled" in out
    assert "Thing second created" in out
    assert shell.names() == ["first", "second"]
    # the lock is gone and the rest can be done
    shell.run("up", "--yes", "--skip-preview").expect(0)
    assert shell.names() == ["first", "second", "third"]


def test_a_plugin_that_gives_up_fails_its_step_only(shell, gate):
    running = begin(shell, gate)
    interrupt(running)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "error: gave up on second" in out
    assert shell.names() == ["first"]
    assert "pending_operations" not in shell.deployment()


def test_the_second_ends_it_at_once_and_what_was_under_way_stays_pending(shell, gate):
    running = begin(shell, gate, GATE_STUBBORN="1")
    interrupt(running)
    until(running, "^C received; cancelling.")
    interrupt(running)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 8
    assert err == "error: update cancelled\n"
    deployment = shell.deployment()
    assert shell.names() == ["first"]
    (pending,) = deployment["pending_operations"]
    assert pending["type"] == "creating"
    assert pending["resource"]["urn"].endswith("::second")
    # no lock is left, nor a journal that only this engine could read
    assert not list(shell.state.rglob("locks/**/*.json"))
    assert not list(shell.state.rglob("*.journal"))


def test_a_program_that_does_not_end_by_itself_is_interrupted(shell):
    ready = shell.folder / "ready"
    os.mkfifo(ready)
    shell.write(f"import threading\nopen({str(ready)!r}, 'w').close()\nthreading.Event().wait()\n")
    running = shell.start("preview")
    ready.read_text()  # until the program has opened it
    interrupt(running)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "error: preview canceled" in out
