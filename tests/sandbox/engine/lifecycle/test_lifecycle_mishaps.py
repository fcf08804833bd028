"""What breaks around an update: callbacks that raise, plugins that do not work, full disks."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pulumi
import pytest

from drstate.sandbox.engine.deploy import plugin
from tests.golden.golden_notation import Group, O, Thing
from tests.sandbox.engine.lifecycle.lifecycle_harness import EMBEDDED, SOON

HERE = Path(__file__).resolve().parent
embedded_only = pytest.mark.skipif(not EMBEDDED, reason="the CLI has its own way here")


def broken(*_):
    raise LookupError("this callback is broken")


def in_the_program():
    Thing("a", value="1")
    broken()


def in_an_apply():
    Thing("b", value=Thing("a", value="1").label.apply(broken))


def in_an_apply_that_nothing_uses():
    Thing("a", value="1").label.apply(broken)


def in_an_output_of_the_stack():
    pulumi.export("x", Thing("a", value="1").label.apply(broken))


class Box(Group):
    def __init__(self):
        super().__init__("box")
        Thing("inside", value="1", opts=O(parent=self))
        broken()


def in_a_constructor():
    Thing("a", value="1")
    Box()


def old():
    Thing("old", value="1")
    Thing("a", value="0")


def mended():
    Thing("a", value="1")


@pytest.mark.parametrize(
    "program",
    [
        in_the_program,
        in_an_apply,
        in_an_apply_that_nothing_uses,
        in_an_output_of_the_stack,
        in_a_constructor,
    ],
)
def test_an_exception_in_the_program_ends_the_update_and_the_next_one_goes_on(life, program):
    life.up(old)
    failed = life.try_up(program)
    assert not failed.ok
    assert "this callback is broken" in failed.said("error")
    assert failed.called("Delete") == []
    assert {"old", "a"} <= set(life.resources())
    assert not life.state().get("pending_operations")
    done = life.up(mended)
    assert done.called("Create") == []
    assert set(life.resources()) == {"a"}
    assert life.resources()["a"]["inputs"]["value"] == "1"
    assert len(life.cloud.objects()) == 1


def test_an_invoke_whose_handler_raises_fails_the_program(life):
    life.up(old)
    failed = life.try_up(lambda: pulumi.runtime.invoke("golden:index:crash", {}) and None)
    assert not failed.ok
    assert "this callback is broken" in failed.said("error") + str(failed.error)
    assert set(life.resources()) == {"old", "a"}
    life.up(mended)


def test_an_event_callback_that_raises_does_not_touch_the_update(life):
    seen = []
    life.stack.workspace.program = old
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK makes a warning of it
        life.stack.up(on_event=lambda event: seen.append(event) or broken())
    assert seen[-1].cancel_event
    assert set(life.resources()) == {"old", "a"}


@embedded_only
def test_an_output_callback_that_raises_is_told_when_the_update_is_done(life):
    seen = []
    life.stack.workspace.program = old
    with pytest.raises(LookupError, match="this callback is broken"):
        life.stack.up(on_output=lambda line: seen.append(line) or broken())
    assert len(seen) == 1
    assert set(life.resources()) == {"old", "a"}
    assert life.up(old).changes == {"same": 3}


def install(life, text, mode=0o755):
    """Another plugin in the place of the golden one; what it replaces."""
    file = life.folder / "plugin" / "pulumi-resource-golden"
    before = file.read_text() if file.exists() else None
    file.unlink(missing_ok=True)
    if text is not None:
        file.write_text(text)
        file.chmod(mode)
    return before


DEAD = "#!/bin/sh\necho {line}\necho it cannot work >&2\nexit 3\n"


@pytest.mark.parametrize(
    ("text", "mode", "embedded", "cli"),
    [
        (None, 0, "pulumi-resource-golden does not exist", "PulumiPlugin.yaml: no such file"),
        ("#!/bin/sh\n", 0o644, "Check that the file is executable", "permission denied"),
        (
            DEAD.format(line=">&2"),
            0o755,
            "ended unexpectedly (exit code 3): it cannot work",
            "exit status 3",
        ),
        (DEAD.format(line="hello"), 0o755, "got 'hello': it cannot work", "invalid port"),
        (
            DEAD.format(line="1"),
            0o755,
            "ended unexpectedly (exit code 3): it cannot work",
            "did not begin responding",
        ),
    ],
    ids=["missing", "not executable", "dies at start", "prints no port", "dies after its port"],
)
def test_a_plugin_that_does_not_start_is_told_and_the_next_update_goes_on(
    life, text, mode, embedded, cli
):
    life.up(old)
    before, objects = life.state()["resources"], life.cloud.objects()
    good = install(life, text, mode)
    failed = life.try_up(mended)
    assert not failed.ok
    assert (embedded if EMBEDDED else cli) in failed.said("error")
    assert "golden" in failed.said("error")
    assert life.state()["resources"] == before
    assert life.cloud.objects() == objects
    install(life, good)
    assert life.up(mended).called("Create", "Update", "Delete") == ["Update a", "Delete old"]


def test_a_package_without_any_plugin_is_named(life):
    class Foreign(pulumi.CustomResource):
        def __init__(self):
            super().__init__("nowhere:index:Thing", "foreign", {})

    failed = life.try_up(lambda: Foreign() and None)
    assert not failed.ok
    assert "nowhere" in failed.said("error")
    assert "foreign" not in life.resources()
    life.up(mended)


@embedded_only
@pytest.mark.parametrize(
    ("line", "deadline", "words"),
    [
        ("", "START_SECONDS", "after 0.3 s it has said nothing; it was ended"),
        ("echo 1\n", "ANSWER_SECONDS", "did not answer on its port within 0.3 s"),
    ],
    ids=["at start", "after its port"],
)
def test_a_plugin_that_hangs_is_ended_at_its_deadline(life, monkeypatch, line, deadline, words):
    monkeypatch.setattr(plugin, deadline, 0.3)
    pid = life.folder / "pid"
    install(life, f"#!/bin/sh\necho $$ > '{pid}'\n{line}exec sleep 600\n")
    failed = life.try_up(old)
    assert not failed.ok
    assert words in failed.said("error")
    assert life.resources() == {}
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def hindered(life, mode, *prefix):
    """An update of twenty things in a process of its own that is short of something."""
    env = {**os.environ, "LIFECYCLE_PATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [*prefix, sys.executable, str(HERE / "lifecycle_short.py"), mode, str(life.folder),
         str(life.cloud.port)],
        env=env, capture_output=True, text=True, timeout=4 * SOON, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    return json.loads(ended.stdout)


def made(count):
    return {f"n{number}" for number in range(count)}


def may_mount():
    line = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    found = shutil.which("unshare")
    return bool(found) and not subprocess.run(line, capture_output=True, check=False).returncode


needs_mounts = pytest.mark.skipif(not may_mount(), reason="this machine lets nobody mount")


@embedded_only
def test_files_that_may_not_grow_end_the_update_and_what_was_done_is_kept(life):
    told = hindered(life, "limit")
    assert "what was done could not be recorded: could not write" in told["error"]
    assert "(ulimit -f)" in told["error"]
    assert "Traceback" not in told["error"]
    state, kept = life.state(), set(life.resources())
    assert 1 < len(kept) < 20
    unsure = [one["resource"]["urn"] for one in state.get("pending_operations", [])]
    assert len(life.cloud.objects()) == len(kept) + len(unsure)
    assert len(unsure) <= 1

    def twenty():
        for name in made(20):
            Thing(name, value="1")

    life.up(twenty)
    assert set(life.resources()) == made(20)


@embedded_only
@needs_mounts
@pytest.mark.parametrize(
    ("mode", "words"),
    [("full", "the disk is full"), ("readonly", "the file system is read-only")],
)
def test_a_disk_that_takes_no_more_ends_the_update_and_the_state_is_whole(life, mode, words):
    told = hindered(life, mode, "unshare", "-rm")
    assert words in told["error"]
    assert told["before"] == told["after"]
    assert (1 < len(told["kept"]) < 20) if mode == "full" else len(told["kept"]) == 1
    assert set(told["at_last"]) == made(20)
