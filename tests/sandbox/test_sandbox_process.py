import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from drstate.errors import ConfigError, OperationError
from drstate.sandbox import launching, process, status
from drstate.sandbox.distance import Distance


@pytest.fixture
def home(tmp_path):
    yield tmp_path / "home"
    process.stop(tmp_path / "home")


def test_starting_again_finds_the_same_process(home):
    first = process.start(home)
    assert process.start(home, port=1) == first
    assert process.status(home) == first
    assert os.getsid(first.pid) == first.pid
    assert process.stop(home) is True
    assert process.status(home) is None
    assert process.stop(home) is False
    assert not (home / status.STATUS_FILE).exists()


def test_files_are_for_their_owner_only(sandbox):
    for name in (status.STATUS_FILE, status.PID_FILE, status.LOG_FILE):
        mode = stat.S_IMODE((sandbox.home / name).stat().st_mode)
        assert mode == 0o600, name


def test_it_listens_on_loopback_only(sandbox):
    assert sandbox.status.endpoint == f"http://127.0.0.1:{sandbox.status.port}"
    table = Path(f"/proc/{sandbox.status.pid}/net/tcp").read_text().splitlines()
    listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    port = f"{sandbox.status.port:04X}"
    assert [one for one in listening if one.endswith(f":{port}")] == [f"0100007F:{port}"]


def test_status_of_a_killed_process_is_nothing(original, tmp_path):
    home = tmp_path / "copy"
    found = process.fork(original.home, home)
    os.kill(found.pid, signal.SIGKILL)
    descriptor = os.pidfd_open(found.pid) if process._alive(found.pid) else None
    if descriptor is not None:
        process._wait_for_end(found.pid, 10)
        os.close(descriptor)
    assert process.status(home) is None
    assert process.stop(home) is False


def test_another_process_under_the_same_pid_is_not_taken_for_the_sandbox(sandbox, tmp_path):
    stale = tmp_path / "stale"
    stale.mkdir()
    status.save(stale, sandbox.status.model_copy(update={"start_token": "of-an-earlier-one"}))
    assert process.status(stale) is None
    assert process.stop(stale) is False
    assert process.status(sandbox.home) == sandbox.status


def test_damaged_status_file_counts_as_none(sandbox, tmp_path):
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    text = (sandbox.home / status.STATUS_FILE).read_text()
    (damaged / status.STATUS_FILE).write_text(text[: len(text) // 2])
    assert process.status(damaged) is None


def test_unknown_estate_is_refused_with_the_known_ones(home):
    with pytest.raises(ConfigError) as caught:
        process.start(home, estate="nowhere")
    assert "'nowhere'" in caught.value.why
    assert "demo" in caught.value.why
    assert process.status(home) is None


def test_port_that_is_taken_is_refused(home, sandbox):
    with pytest.raises(ConfigError) as caught:
        process.start(home, port=sandbox.status.port)
    assert caught.value.why
    assert process.status(home) is None


def test_commands_without_a_sandbox_name_the_remedy(tmp_path):
    with pytest.raises(OperationError) as caught:
        process.reset(tmp_path)
    assert "drstate sandbox start" in caught.value.hint


def test_environment_reaches_the_sandbox_from_a_process_of_its_own(sandbox):
    script = (
        "import boto3, json; print(json.dumps(boto3.client('sts').get_caller_identity()['Arn']))"
    )
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env=inherited | process.environment(sandbox.status),
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(answer.stdout) == "arn:aws:iam::100000000001:user/drstate-operator"


def test_status_as_json_has_what_is_promised(sandbox):
    shown = json.loads(sandbox.status.model_dump_json())
    assert {"endpoint", "accounts", "regions", "pid", "estate"} <= shown.keys()
    assert shown["regions"] == ["us-east-1", "us-west-2"]
    by_name = {one["name"]: one for one in shown["accounts"]}
    assert by_name["acme-data"]["role_arn"] == "arn:aws:iam::211111111101:role/drstate-target"
    assert by_name["acme-data"]["external_id"] == "acme-dr-7c1f"


def test_asking_a_region_for_the_first_time_is_no_change(sandbox):
    before = process.digest(sandbox.home)
    sandbox.client("cloudwatch", "us-west-2", "322222222202").describe_alarms()
    assert process.digest(sandbox.home) == before


def test_reset_brings_the_estate_back_under_the_same_address(sandbox):
    before = process.digest(sandbox.home)
    ecs = sandbox.client("ecs", account="211111111102")
    ecs.update_service(cluster="acme-production", service="acme-production-web", desiredCount=1)
    sandbox.settle()
    assert process.digest(sandbox.home) != before
    assert process.reset(sandbox.home) == sandbox.status
    assert process.digest(sandbox.home) == before
    assert process.calls(sandbox.home) == []


def test_copy_has_the_state_and_goes_its_own_way(sandbox, tmp_path):
    rds = sandbox.client("rds", account="211111111101")
    rds.create_global_cluster(
        GlobalClusterIdentifier="copied",
        SourceDBClusterIdentifier="arn:aws:rds:us-east-1:211111111101:cluster:"
        "acme-production-orders",
    )
    home = tmp_path / "second"
    copy = process.fork(sandbox.home, home)
    try:
        assert copy.port != sandbox.status.port
        assert copy.pid != sandbox.status.pid
        assert process.digest(home) == process.digest(sandbox.home)
        process.advance(home, settle=True)
        assert process.digest(home) != process.digest(sandbox.home), "only the copy moved on"
        sandbox.settle()
        assert process.digest(home) == process.digest(sandbox.home)
    finally:
        assert process.stop(home) is True
    assert process.status(sandbox.home) == sandbox.status


def test_copy_of_a_copy_survives_its_parents(original, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    process.fork(original.home, first)
    copy = process.fork(first, second)
    process.stop(first)
    assert process.status(second) == copy
    assert process.stop(second) is True


def test_copy_into_a_used_home_is_refused(sandbox, original):
    with pytest.raises(OperationError) as caught:
        process.fork(original.home, sandbox.home)
    assert "already runs" in caught.value.what
    assert process.status(sandbox.home) == sandbox.status


def test_control_endpoints_need_the_token(sandbox):
    forged = sandbox.status.model_copy(update={"control_token": "guessed"})
    with pytest.raises(OperationError) as caught:
        process._control(forged, "POST", "reset")
    assert "token" in caught.value.why


def _cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _gone(pid, port):
    """No process, and nobody at its port."""
    with socket.socket() as knocking:
        return not process._alive(pid) and knocking.connect_ex(("127.0.0.1", port)) != 0


def test_a_start_costs_less_than_three_seconds(home):
    # of CPU: what the machine does besides is not the sandbox's
    assert _cpu_seconds(process.start(home).pid) < 3


def test_several_run_side_by_side_and_know_nothing_of_each_other(tmp_path):
    homes = [tmp_path / name for name in ("one", "two")]
    try:
        with ThreadPoolExecutor() as pool:
            running = list(pool.map(process.start, homes))
        assert len({one.port for one in running}) == len({one.pid for one in running}) == 2
        fresh = [process.digest(one) for one in homes]
        assert fresh[0] == fresh[1]
        _change(running[0])
        assert process.digest(homes[0]) != fresh[0]
        assert process.digest(homes[1]) == fresh[1]
        assert process.calls(homes[1]) == []
        assert process.stop(homes[0]) is True
        assert process.status(homes[1]) == running[1]
    finally:
        for one in homes:
            process.stop(one)


def _change(running):
    keys = running.credentials
    iam = boto3.Session(keys.access_key_id, keys.secret_access_key).client(
        "iam", region_name="us-east-1", endpoint_url=running.endpoint
    )
    iam.create_user(UserName="somebody")


def test_two_starts_at_once_in_one_home_make_one_sandbox(home):
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(process.start, [home, home])
    assert first == second
    assert len(_servers_of(home)) == 1


def _servers_of(home):
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"drstate.sandbox.serve" in words and str(home).encode() in words:
            found.append(int(folder.name))
    return found


def test_nothing_is_left_outside_its_home(home, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(elsewhere))
    monkeypatch.chdir(elsewhere)
    running = process.start(home)
    _change(running)
    process.stop(home)
    assert _gone(running.pid, running.port)
    assert list(elsewhere.rglob("*")) == []
    assert {one.name for one in home.iterdir()} == {status.LOG_FILE, process.LOCK_FILE}


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_process_that_was_ended(home, signal_number):
    running = process.start(home)
    descriptor = os.pidfd_open(running.pid)
    os.kill(running.pid, signal_number)
    select.select([descriptor], [], [], 10)
    os.close(descriptor)
    process._reap(running.pid)
    assert process.stop(home) is False
    assert _gone(running.pid, running.port)
    assert not (home / status.STATUS_FILE).exists()
    assert not (home / status.PID_FILE).exists()
    assert process.start(home).pid != running.pid


def test_a_sandbox_that_nobody_waits_for_any_more_ends_and_leaves_nothing(home):
    home.mkdir()
    reader, writer = os.pipe()
    os.close(reader)  # whoever started it was killed
    server = subprocess.Popen(
        [sys.executable, "-m", "drstate.sandbox.serve", "--home", home, "--ready", str(writer)],
        pass_fds=(writer,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    assert server.wait(timeout=60) != 0
    assert list(home.iterdir()) == []


def test_a_sandbox_whose_home_was_deleted_ends_by_itself(home):
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "drstate.sandbox.serve", "--home", str(home)]
    running = subprocess.Popen([*command, "--look-seconds", "0.2"], stdout=subprocess.PIPE)
    try:
        found = json.loads(running.stdout.readline() or b"{}")
        assert process.status(home).pid == found["pid"]
        shutil.rmtree(home)
        assert running.wait(timeout=30) == 0
        assert _gone(found["pid"], found["port"])
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def test_an_interrupted_start_leaves_nothing(home, monkeypatch):
    def interrupted(descriptor, seconds):
        select.select([descriptor], [], [], seconds)  # it is up, or as good as
        os.close(descriptor)
        raise KeyboardInterrupt

    monkeypatch.setattr(launching, "_read_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        process.start(home)
    assert _servers_of(home) == []
    assert process.status(home) is None
    assert not (home / status.STATUS_FILE).exists()


def test_a_start_that_is_late_says_so_and_leaves_nothing(home, monkeypatch):
    monkeypatch.setattr(launching, "START_SECONDS", 0.05)
    with pytest.raises(OperationError) as caught:
        process.start(home)
    assert "not ready within" in caught.value.why
    assert status.LOG_FILE in caught.value.hint
    assert _servers_of(home) == []
    assert not (home / status.STATUS_FILE).exists()


def test_a_start_that_breaks_shows_its_last_words_and_leaves_nothing(home, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "not a number")  # no Python starts with that
    with pytest.raises(OperationError) as caught:
        process.start(home)
    assert "PYTHONHASHSEED" in caught.value.why
    assert _servers_of(home) == []
    assert not (home / status.STATUS_FILE).exists()


def test_answers_come_later_where_a_latency_is_asked_for(sandbox):
    process.latency(sandbox.home, 150)
    begun = time.monotonic()
    sandbox.client("sts").get_caller_identity()
    assert time.monotonic() - begun >= 0.15
    with pytest.raises(OperationError) as caught:
        process.latency(sandbox.home, -1)
    assert "not between 0 and 60 s" in caught.value.why


def test_calls_wait_out_a_latency_beside_each_other():
    waiting = threading.Barrier(2, timeout=10)  # broken if one has to wait for the other
    served = []

    def answer(environ, _start_response):
        served.append(environ["PATH_INFO"])
        return []

    far = Distance(answer, wait=lambda _seconds: waiting.wait())
    far.set(1.0)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda path: far({"PATH_INFO": path}, None), ["/a", "/b"]))
    far({"PATH_INFO": "/_sandbox/status"}, None)  # its own endpoints answer at once
    assert sorted(served) == ["/_sandbox/status", "/a", "/b"]


def test_loading_every_service_changes_nothing_but_what_its_copies_still_have_to_load(
    original, tmp_path
):
    home, copy = tmp_path / "home", tmp_path / "copy"
    process.fork(original.home, home)
    try:
        before = process.digest(home)
        process.load(home)
        assert process.digest(home) == before
        assert process.calls(home) == []
        process.fork(home, copy)
        assert process.digest(copy) == before
    finally:
        process.stop(copy)
        process.stop(home)
