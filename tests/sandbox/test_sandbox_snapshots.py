"""A sandbox in a file: everything comes back in a fresh process, and nothing foreign is read."""

from __future__ import annotations

import os
import pickle
import shutil
import stat

import pytest

from drstate.errors import ConfigError, OperationError
from drstate.sandbox import process, snapshots
from tests.sandbox.emulated_clients import Emulated

DATA, APP = "211111111101", "211111111102"


@pytest.fixture
def home(tmp_path):
    yield tmp_path / "second"
    process.stop(tmp_path / "second")


@pytest.fixture
def frozen(sandbox, home, tmp_path):
    """Writes the sandbox into a file that `home` may read: it has got the same key."""

    def write():
        file = tmp_path / "state.snapshot"
        process.snapshot(sandbox.home, file)
        home.mkdir(exist_ok=True)
        shutil.copy(sandbox.home / snapshots.KEY_FILE, home)
        return file

    return write


def test_work_in_progress_ends_in_the_new_process_as_it_would_have_in_the_old_one(
    sandbox, frozen, home
):
    sandbox.client("rds", account=DATA).create_global_cluster(
        GlobalClusterIdentifier="moved",
        SourceDBClusterIdentifier=f"arn:aws:rds:us-east-1:{DATA}:cluster:acme-production-orders",
    )
    ecs = sandbox.client("ecs", account=APP)
    for count in (1, 7):
        ecs.update_service(
            cluster="acme-production", service="acme-production-web", desiredCount=count
        )
    before = process.digest(sandbox.home)
    last = process.calls(sandbox.home)[-1]["number"]

    there = Emulated(home, process.start(home, snapshot=frozen()))

    assert there.status.pid != sandbox.status.pid
    assert process.digest(home) == before
    calls = process.calls(home)
    assert calls == process.calls(sandbox.home)
    for one in (sandbox, there):
        one.settle()
    assert process.digest(home) == process.digest(sandbox.home) != before
    groups = there.client("rds", account=DATA).describe_global_clusters()["GlobalClusters"]
    assert [group["Status"] for group in groups] == ["available"]
    assert process.calls(home)[len(calls)]["number"] == last + 1
    assert there.wrong == []


def test_sessions_options_faults_and_time_come_back(sandbox, frozen, home):
    process.busy_zones(sandbox.home)
    process.advance(sandbox.home, 100)
    rule = {"effect": "throttle", "service": "kms", "calls": "2-"}
    process.add_fault(sandbox.home, rule)
    session = sandbox.assumed(DATA)

    there = Emulated(home, process.start(home, snapshot=frozen()))

    # the old session's keys are known in the new process
    identity = there.checked(session, "sts", "us-east-1").get_caller_identity()
    assert identity["Arn"].startswith(f"arn:aws:sts::{DATA}:assumed-role/drstate-target/")
    assert process._control(there.status, "POST", "options")["busy_zones"] is True
    assert process.faults(home) == process.faults(sandbox.home) != []
    assert process.advance(home) == pytest.approx(process.advance(sandbox.home), abs=5)


def test_queues_and_parameters_come_back(sandbox, frozen, home):
    url = sandbox.client("sqs", account=APP).create_queue(QueueName="kept")["QueueUrl"]
    sandbox.client("sqs", account=APP).send_message(QueueUrl=url, MessageBody="kept too")
    sandbox.client("ssm", account=APP).put_parameter(Name="kept", Value="1", Type="String")

    there = Emulated(home, process.start(home, snapshot=frozen()))

    queue = there.client("sqs", account=APP).get_queue_url(QueueName="kept")["QueueUrl"]
    messages = there.client("sqs", account=APP).receive_message(QueueUrl=queue)["Messages"]
    assert [one["Body"] for one in messages] == ["kept too"]
    found = there.client("ssm", account=APP).get_parameter(Name="kept")["Parameter"]
    assert found["Value"] == "1"


def test_a_running_sandbox_goes_back_under_the_same_address(sandbox, tmp_path):
    before = process.digest(sandbox.home)
    process.snapshot(sandbox.home, tmp_path / "before")
    sandbox.client("ecs", account=APP).update_service(
        cluster="acme-production", service="acme-production-web", desiredCount=9
    )
    sandbox.settle()
    assert process.digest(sandbox.home) != before

    assert process.restore(sandbox.home, tmp_path / "before") == sandbox.status

    assert process.digest(sandbox.home) == before
    process.reset(sandbox.home)
    assert process.digest(sandbox.home) == before, "a reset after it is a reset to the estate"


def test_what_drstate_remembers_goes_with_it(sandbox, frozen, home):
    (sandbox.home / "state" / "deep").mkdir(parents=True)
    (sandbox.home / "state" / "deep" / "stack.json").write_text("{}")
    (sandbox.home / "own.txt").write_text("nobody's business")
    file = frozen()
    (home / "state").mkdir()
    (home / "state" / "stale.json").write_text("{}")

    process.start(home, snapshot=file)

    kept = {one.relative_to(home).as_posix() for one in (home / "state").rglob("*.json")}
    assert kept == {"state/deep/stack.json"}
    assert not (home / "own.txt").exists()


def test_files_are_for_their_owner_only(sandbox, frozen):
    for file in (frozen(), sandbox.home / snapshots.KEY_FILE):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


class _Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def _swapped(file, content):
    """The file with another zip under the old seal."""
    magic, seal, _ = file.read_bytes().split(b"\n", 2)
    file.write_bytes(magic + b"\n" + seal + b"\n" + content)


def test_a_file_that_was_changed_is_refused_before_any_of_it_runs(frozen, home, tmp_path):
    file, marker = frozen(), tmp_path / "it-ran"
    _swapped(file, pickle.dumps(_Trap(marker)))
    with pytest.raises(ConfigError) as caught:
        process.start(home, snapshot=file)
    assert "seal does not fit" in caught.value.why
    assert snapshots.KEY_FILE in caught.value.hint
    assert not marker.exists()
    assert process.status(home) is None


def test_the_server_checks_the_seal_itself(sandbox, frozen, tmp_path):
    file, marker = frozen(), tmp_path / "it-ran"
    before = process.digest(sandbox.home)
    _swapped(file, pickle.dumps(_Trap(marker)))
    with pytest.raises(OperationError) as caught:
        process._control(sandbox.status, "POST", f"restore?file={file}")
    assert "seal does not fit" in caught.value.why
    assert not marker.exists()
    assert process.digest(sandbox.home) == before


def test_a_file_of_another_home_is_refused_with_the_way_to_trust_it(sandbox, tmp_path):
    process.snapshot(sandbox.home, tmp_path / "theirs")
    home = tmp_path / "third"
    with pytest.raises(ConfigError) as caught:
        process.start(home, snapshot=tmp_path / "theirs")
    assert "another home's key" in caught.value.why
    assert str(home / snapshots.KEY_FILE) in caught.value.hint


@pytest.mark.parametrize("program", ["drstate", "moto", "python"])
def test_a_file_of_another_version_is_refused(frozen, home, monkeypatch, program):
    file = frozen()
    here = snapshots.versions()
    monkeypatch.setattr(snapshots, "versions", lambda: {**here, program: "99.1"})
    with pytest.raises(ConfigError) as caught:
        process.start(home, snapshot=file)
    assert f"{program} {here[program]} (here: 99.1)" in caught.value.why
    assert "install the versions" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"drstate-sandbox-snapshot/2\nx\n"])
def test_what_is_no_snapshot_is_refused(home, tmp_path, content):
    file = tmp_path / "other"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        process.start(home, snapshot=file)
    assert "does not begin with" in caught.value.why


def test_a_file_that_is_not_there_is_refused(home, tmp_path):
    with pytest.raises(ConfigError) as caught:
        process.restore(home, tmp_path / "nowhere")
    assert "No such file" in caught.value.why
    assert process.status(home) is None
