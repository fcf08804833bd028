import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from drstate.errors import ConfigError, OperationError
from drstate.sandbox import process, status


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
