"""What happens to the state when something dies, fills up, or is changed by others."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pulumi import automation as auto

from drstate.sandbox.engine import files, recording, steplog, store
from drstate.sandbox.engine.failure import FailedCommandError
from tests.sandbox.engine.front_harness import (
    Front,
    Script,
    fails,
    puts,
    resource,
    root,
    secret,
    stderr,
)


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs, not even handlers of exceptions."""


def kill_during_update(front):
    """A real process, really killed, after two durable steps."""
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("victim.py")), str(front.folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    reached = front.folder / "reached"
    waiting = threading.Event()
    for _ in range(300):
        if reached.exists():
            break
        waiting.wait(0.1)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert reached.exists()


@pytest.fixture(scope="module")
def killed_once(fresh, tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    shutil.copytree(fresh, folder, dirs_exist_ok=True)
    kill_during_update(Front(folder))
    return folder


@pytest.fixture
def killed(killed_once, tmp_path):
    shutil.copytree(killed_once, tmp_path, dirs_exist_ok=True)
    return Front(tmp_path)


def test_completed_steps_survive_a_kill_and_can_be_read_at_once(killed):
    assert killed.names() == ["shop-dev", "a"]
    shown = killed.run("stack", "output", "--json", "--show-secrets", "--stack", "dev").stdout
    assert json.loads(shown) == {"token": "hunter2"}


def test_reading_after_a_kill_writes_nothing(killed):
    before = killed.everything()
    killed.names()
    killed.run("stack", "ls", "--json")
    killed.script.act = None
    killed.run("preview", "--client=127.0.0.1:1", "--stack", "dev")
    assert killed.everything() == before
    assert [one["urn"] for one in killed.script.requests[-1].base["resources"]] != []


def test_a_dead_holders_lock_stays_until_cancel(killed):
    error = fails(killed.up)
    assert isinstance(error, auto.ConcurrentUpdateError)
    assert "the stack is currently locked by 1 lock(s)" in stderr(error)
    assert str(killed.locks()[0]) in stderr(error)


def test_cancel_of_a_dead_holder_brings_its_steps_into_the_state_file(killed):
    killed.run("cancel", "--yes", "--stack", "dev")
    assert killed.locks() == []
    assert killed.journals() == []
    resources = json.loads(killed.state_file.read_text())["checkpoint"]["latest"]["resources"]
    assert [one["applied"] for one in resources] == [1, 1]


def test_the_next_update_builds_on_what_a_killed_one_did(killed):
    for lock in killed.locks():
        lock.unlink()
    killed.up(puts(resource("b", value=2)))
    assert killed.names() == ["shop-dev", "a", "b"]
    assert killed.journals() == []


def test_a_state_with_left_over_steps_is_not_removed_without_force(killed):
    for lock in killed.locks():
        lock.unlink()
    error = fails(killed.run, "stack", "rm", "--yes", "dev")
    assert "still has resources" in stderr(error)


def test_no_secret_is_on_disk_in_the_clear_even_after_a_kill(killed):
    assert not [name for name, data in killed.everything().items() if b"hunter2" in data]


@pytest.mark.parametrize("moment", ["before the state file", "after the state file"])
def test_a_kill_around_the_commit_applies_each_step_once(front, monkeypatch, moment):
    def die(*_):
        raise Killed

    if moment == "before the state file":
        monkeypatch.setattr(store, "write_state", die)
    else:
        monkeypatch.setattr(steplog.SideJournalWriter, "discard", die)
    with pytest.raises(Killed):
        front.up(puts(root(), resource("a", value=1)))
    monkeypatch.undo()
    assert len(front.journals()) == 1
    assert [one["applied"] for one in front.export()["deployment"]["resources"]] == [1, 1]
    front.up()
    assert [one["applied"] for one in front.export()["deployment"]["resources"]] == [1, 1]
    assert front.journals() == []


def test_a_step_is_on_the_disk_before_the_next_one_begins(front, monkeypatch):
    synced = []
    flush = os.fdatasync
    monkeypatch.setattr(steplog.os, "fdatasync", lambda fd: (synced.append(fd), flush(fd)))

    def act(_request, log, _emit):
        for name in ("a", "b", "c"):
            log.append({"put": resource(name)})
            lines = front.journals()[0].read_text().splitlines()
            assert json.loads(lines[-1])["step"]["put"]["urn"].endswith(name)
            assert len(synced) == len(lines) - 1

    front.up(act)
    assert len(synced) >= 3


def test_the_state_file_is_written_once_however_many_steps_there_are(front, monkeypatch):
    written = []
    real = store.write_state
    monkeypatch.setattr(store, "write_state", lambda *args: (written.append(args), real(*args)))
    front.up(puts(root(), *(resource(f"r{number}") for number in range(50))))
    assert len(written) == 1
    assert len(front.names()) == 51


def test_steps_of_many_threads_are_all_kept(front):
    def act(_request, log, _emit):
        def work(number):
            log.append({"put": resource(f"r{number}")})

        threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    front.up(act)
    assert sorted(front.names()) == sorted(f"r{number}" for number in range(40))


def test_a_cut_off_last_line_was_never_promised(killed):
    journal = killed.journals()[0]
    journal.write_bytes(journal.read_bytes() + b'{"step":{"put":{"urn":"urn:pul')
    assert killed.names() == ["shop-dev", "a"]


def test_a_side_journal_damaged_in_the_middle_is_refused(killed):
    journal = killed.journals()[0]
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(lines[0] + b"garbage\n" + lines[2])
    before = killed.everything()
    assert str(journal) in stderr(fails(killed.export))
    assert killed.everything() == before


def test_a_side_journal_over_an_older_state_is_set_aside_not_applied(killed):
    for lock in killed.locks():
        lock.unlink()
    state = json.loads(killed.state_file.read_text())
    state["checkpoint"]["latest"]["resources"] = [root()]
    killed.state_file.write_text(json.dumps(state))
    killed.up(puts(resource("b")))
    assert killed.names() == ["shop-dev", "b"]
    assert killed.journals() == []
    assert len(list(killed.stacks.glob("*.orphaned"))) == 1


def test_a_state_file_cut_in_half_is_refused_with_the_copy_to_restore(front):
    front.up(puts(root(), resource("a", value=1)))
    whole = front.state_file.read_bytes()
    front.state_file.write_bytes(whole[: len(whole) // 2])
    before = front.everything()
    error = stderr(fails(front.up, puts(resource("b"))))
    assert f"the state file {front.state_file} of stack 'dev' is damaged" in error
    for command in (("stack", "export"), ("stack", "output"), ("refresh", "--yes")):
        fails(front.run, *command, "--stack", "dev")
    assert front.everything() == before
    restore = error.splitlines()[-1].strip()
    assert restore.startswith("cp ")
    subprocess.run(restore, shell=True, check=True)
    assert front.state_file.read_bytes() == whole
    assert front.names() == ["shop-dev", "a"]


def test_an_empty_state_file_without_a_backup_says_so(front):
    front.state_file.write_text("")
    (front.stacks / "dev.json.bak").unlink()
    assert "No readable backup was found" in stderr(fails(front.export))


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only")]
)
def test_a_disk_that_takes_no_more_leaves_the_state_as_it_was(front, monkeypatch, number, words):
    front.up(puts(root(), resource("a", value=1)))
    before = front.state_file.read_bytes()
    real = os.fsync

    def refuse(handle):
        if Path(f"/proc/self/fd/{handle}").readlink().suffix == ".tmp":
            raise OSError(number, os.strerror(number))
        real(handle)

    def act(request, log, emit):
        puts(resource("b"))(request, log, emit)
        monkeypatch.setattr(files.os, "fsync", refuse)

    error = stderr(fails(front.up, act))
    assert words in error
    assert str(front.state_file) in error
    assert front.state_file.read_bytes() == before
    monkeypatch.undo()
    # the step was kept, and is there as soon as there is room again
    assert front.names() == ["shop-dev", "a", "b"]
    assert not list(front.stacks.glob(".*.tmp"))


def test_a_full_disk_stops_the_update_at_the_step_that_could_not_be_kept(front, monkeypatch):
    real = os.write
    done = []

    def act(_request, log, _emit):
        log.append({"put": root()})

        def refuse(handle, data):
            if b'"step"' in data:
                raise OSError(errno.ENOSPC, "full")
            return real(handle, data)

        monkeypatch.setattr(steplog.os, "write", refuse)
        log.append({"put": resource("a")})
        done.append("went on")

    assert "the disk is full" in stderr(fails(front.up, act))
    assert done == []
    monkeypatch.undo()
    assert front.names() == ["shop-dev"]


def test_after_a_step_that_could_not_be_kept_none_is_and_no_half_line_is_left(front, monkeypatch):
    real = os.write

    def act(_request, log, _emit):
        log.append({"put": root()})

        def halfway(handle, data):
            if b'"step"' in data:
                real(handle, data[: len(data) // 2])
                raise OSError(errno.ENOSPC, "full")
            return real(handle, data)

        monkeypatch.setattr(steplog.os, "write", halfway)
        with pytest.raises(FailedCommandError, match="disk is full"):
            log.append({"put": resource("a")})
        monkeypatch.setattr(steplog.os, "write", real)
        # there is room again, but what comes later may build on what is missing
        with pytest.raises(FailedCommandError, match="disk is full"):
            log.append({"put": resource("b")})
        lines = front.journals()[0].read_bytes().splitlines(keepends=True)
        assert len(lines) == 2
        assert all(json.loads(line) for line in lines)

    front.up(act)
    assert front.names() == ["shop-dev"]


def test_a_state_written_by_somebody_else_meanwhile_is_kept(front):
    def act(request, log, emit):
        puts(root(), resource("mine"))(request, log, emit)
        for lock in front.locks():
            lock.unlink()
        Front(front.folder).up(puts(resource("theirs")))
        log.append({"put": resource("late")})

    error = stderr(fails(front.up, act))
    assert "was changed by somebody else" in error
    # what was done before the other one began is in the state, what came later is listed
    assert front.names() == ["shop-dev", "mine", "theirs"]
    aside = next(front.stacks.glob("*.orphaned"))
    assert str(aside) in error
    assert len(aside.read_text().splitlines()) == 4
    assert front.journals() == []


def test_a_bug_in_the_deployment_half_loses_no_completed_step(front):
    def act(_request, log, _emit):
        log.append({"put": root()})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        front.up(act)
    assert front.names() == ["shop-dev"]
    assert front.locks() == []


def test_the_lock_is_let_go_only_after_the_state_is_written(front, monkeypatch):
    real = recording._remember
    seen = []

    def remember(*args):
        seen.append((len(front.locks()), front.names()))
        real(*args)

    monkeypatch.setattr(recording, "_remember", remember)
    front.up(puts(root(), resource("a")))
    assert seen == [(1, ["shop-dev", "a"])]
    assert front.locks() == []


def test_only_one_of_many_updates_of_a_stack_runs_at_a_time(front):
    entered, leave = threading.Event(), threading.Event()

    def act(_request, _log, _emit):
        entered.set()
        leave.wait(30)

    first = threading.Thread(target=front.up, args=(act,))
    first.start()
    assert entered.wait(30)
    errors = [fails(Front(front.folder).up) for _ in range(3)]
    leave.set()
    first.join()
    assert {type(error) for error in errors} == {auto.ConcurrentUpdateError}
    front.up()


def test_many_stacks_are_updated_in_parallel_by_one_engine(tmp_path):
    front = Front(tmp_path, Script())
    meeting = threading.Barrier(6, timeout=60)

    def act(_request, _log, _emit):
        meeting.wait()  # all six are in their updates at once

    front.script.act = act
    results = {}

    def work(number):
        stack = front.stack(f"s{number}")
        stack.set_config("number", auto.ConfigValue(str(number), secret=True))
        results[number] = stack.up().summary.config["shop:number"].value

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert results == {number: str(number) for number in range(6)}


def test_cancel_tells_the_running_update(front):
    seen = []

    def act(request, _log, _emit):
        seen.append(request.cancelled())
        front.run("cancel", "--yes", "--stack", "dev")
        seen.append(request.cancelled())

    front.up(act)
    assert seen == [False, True]


def test_a_secret_that_did_not_change_keeps_its_ciphertext(front):
    def ciphertexts():
        latest = json.loads(front.state_file.read_text())["checkpoint"]["latest"]
        return [one["outputs"]["token"]["ciphertext"] for one in latest["resources"]]

    front.up(puts(root(token=secret("x")), resource("a", token=secret("x"))))
    before = ciphertexts()
    assert before[0] != before[1]
    front.up(puts(root(token=secret("x")), resource("a", token=secret("y"))))
    after = ciphertexts()
    assert after[0] == before[0]
    assert after[1] != before[1]
