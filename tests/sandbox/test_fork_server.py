"""Processes in the fork server are as fresh ones are, and nothing of them is left behind."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drstate.sandbox.engine.deploy.spawning import spawn
from drstate.sandbox.forkserver.client import Forked, ForkServer, named
from drstate.sandbox.forkserver.wire import VARIABLE
from drstate.sandbox.provider.folder import EXECUTABLE, is_own, plugin_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no fork server here")
ROOT = Path(__file__).resolve().parents[2]
TARGETS = "tests.sandbox.fork_targets"
SECONDS = 20.0


@pytest.fixture(scope="module")
def server():
    started = ForkServer([], cwd=ROOT)
    yield started
    started.close()


@pytest.fixture
def begin(server):
    begun: list[Forked] = []

    def begin(target: str, *argv: str, **more) -> Forked:
        begun.append(Forked(server.address, f"{TARGETS}:{target}", argv=argv, **more))
        return begun[-1]

    yield begin
    for one in begun:
        one.kill()
        one.wait(SECONDS)
        for stream in (one.stdin, one.stdout, one.stderr):
            stream.close()


def gone(pid: int) -> bool:
    """Wait for the end of a process that is nobody's child here."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(descriptor):
        return bool(select.select([descriptor], [], [], SECONDS)[0])


def test_it_has_its_own_arguments_environment_folder_session_and_streams(begin, tmp_path):
    one = begin("show", "a", "b c", env={"ONLY": "this"}, cwd=tmp_path)
    told = json.loads(one.stdout.read())
    assert one.wait(SECONDS) == 0
    assert told["argv"] == ["a", "b c"]
    assert (told["env"], told["cwd"], told["leads"]) == ({"ONLY": "this"}, str(tmp_path), True)
    assert one.stderr.read() == "told"
    # its three streams, and the listing itself
    assert told["open"] == ["0", "1", "2", "3"]


def test_two_at_once_share_nothing_random(begin):
    drawn = {json.loads(one.stdout.read())["drawn"] for one in [begin("show"), begin("show")]}
    assert len(drawn) == 2


@pytest.mark.parametrize(
    ("target", "given", "code"), [("code", "0", 0), ("code", "11", 11), ("leave", "no", 1)]
)
def test_exit_codes_are_those_of_a_script(begin, target, given, code):
    one = begin(target, given)
    assert one.wait(SECONDS) == code
    assert one.stderr.read() == ("no\n" if target == "leave" else "")


def test_what_nobody_catches_is_told(begin):
    one = begin("fail")
    assert one.wait(SECONDS) == 1
    assert one.stderr.read().rstrip().endswith("RuntimeError: on purpose")


def test_threads_and_exit_functions_are_waited_for(begin):
    one = begin("late")
    assert one.stdout.read() == "thread exit"
    assert one.wait(SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_and_are_told(begin, number):
    one = begin("sleep")
    assert one.stdout.readline() == "ready\n"
    assert one.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.01)
    one.send_signal(number)
    assert one.wait(SECONDS) == -number
    one.send_signal(number)  # nobody is there any more


def test_a_process_whose_client_is_gone_gets_the_signal_it_asked_for(server, tmp_path):
    # the client is a process of its own, and is killed
    code = (
        "import signal, sys\nfrom pathlib import Path\n"
        "from drstate.sandbox.forkserver.client import Forked\n"
        f"one = Forked(Path(sys.argv[1]), '{TARGETS}:wait', argv=[sys.argv[2]], "
        "orphaned=signal.SIGTERM)\n"
        "one.stdout.readline()\nprint(one.pid, flush=True)\nsys.stdin.read()"
    )
    file = tmp_path / "told"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(server.address), str(file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as client:  # fmt: skip
        pid = int(client.stdout.readline())
        client.kill()
    assert gone(pid)
    assert file.read_text() == "SIGTERM"


def test_with_its_owner_the_server_and_all_processes_end():
    code = (
        "import sys\nfrom drstate.sandbox.forkserver.client import Forked, ForkServer\n"
        "server = ForkServer([])\n"
        f"one = Forked(server.address, '{TARGETS}:sleep')\none.stdout.readline()\n"
        "print(one.pid, server._process.pid, server.folder, flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as owner:  # fmt: skip
        *pids, folder = owner.stdout.readline().split()
        owner.kill()
    assert [gone(int(pid)) for pid in pids] == [True, True]
    assert not Path(folder).exists()


def test_a_server_whose_modules_have_started_threads_does_not_begin(capfd):
    with pytest.raises(OSError, match="did not start"):
        ForkServer([f"{TARGETS}:threads"], cwd=ROOT)
    assert "loitering" in capfd.readouterr().err


def test_the_sandboxs_own_plugin_is_forked_and_no_other(server, tmp_path):
    env = {**os.environ, VARIABLE: str(server.address)}
    own = plugin_folder(tmp_path) / EXECUTABLE
    other = tmp_path / EXECUTABLE
    other.write_text("#!/bin/sh\necho 1; read line\n")
    other.chmod(0o755)
    assert (is_own(own), is_own(other)) == (True, False)
    forked = spawn([str(own), "127.0.0.1:1"], env, detached=False)
    plain = spawn([str(other), "127.0.0.1:1"], env, detached=True)
    for one, kind in ((forked, Forked), (plain, subprocess.Popen)):
        assert isinstance(one, kind)
        assert one.stdout.readline().strip().isdigit()
        one.send_signal(signal.SIGTERM)
        one.wait(SECONDS)
        for stream in (one.stdin, one.stdout, one.stderr):
            stream.close()


def test_without_a_server_that_answers_the_plugin_is_a_plain_process(tmp_path):
    env = {**os.environ, VARIABLE: str(tmp_path / "gone")}
    assert named({}) is None
    plugin = spawn([str(plugin_folder(tmp_path) / EXECUTABLE), "127.0.0.1:1"], env, detached=True)
    assert isinstance(plugin, subprocess.Popen)
    assert plugin.stdout.readline().strip().isdigit()
    plugin.terminate()
    plugin.wait(SECONDS)
    for stream in (plugin.stdin, plugin.stdout, plugin.stderr):
        stream.close()
