"""What only the SQLite store promises: durability, several processes, damage, versions, speed."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drstate.errors import JournalError, StateError
from drstate.journal import SqliteJournal, open_journal
from drstate.journal.backup import back_up
from drstate.journal.schema import SCHEMA_VERSION
from drstate.model.events import Warned
from tests.journal.values import ACME, attached, created, finished, progress

ROOT = Path(__file__).parents[2]


def started(path: Path, events: int = 1) -> tuple[SqliteJournal, int]:
    journal = open_journal(path)
    fence = journal.acquire(ACME, runner="r1", host="h", pid=1, ttl_seconds=60).fence
    journal.append("e1", created(), fence)
    for number in range(events - 1):
        journal.append("e1", progress(f"resource-{number}"), fence)
    return journal, fence


def run(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_process_loses_no_acknowledged_event(tmp_path: Path) -> None:
    child = run(
        """
        import sys
        from pathlib import Path
        from drstate.journal import open_journal
        from tests.journal.values import ACME, created, progress
        journal = open_journal(Path(sys.argv[1]))
        fence = journal.acquire(ACME, runner="r", host="h", pid=1, ttl_seconds=60).fence
        print(journal.append("e1", created(), fence).seq, flush=True)
        while True:
            print(journal.append("e1", progress("x"), fence).seq, flush=True)
        """,
        str(tmp_path / "journal.db"),
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().split("\n") if line]
    child.stdout.close()
    child.wait()
    with open_journal(tmp_path / "journal.db") as journal:
        assert journal.verify("e1") >= max(acknowledged)


def test_processes_that_open_a_new_journal_at_once_all_append(tmp_path: Path) -> None:
    children = [
        run(
            """
            import sys
            from pathlib import Path
            from drstate.journal import open_journal
            from drstate.model.scope import ScopeKey
            from tests.journal.values import created, progress
            scope = ScopeKey(customer=sys.argv[2], environment="production")
            journal = open_journal(Path(sys.argv[1]))
            fence = journal.acquire(scope, runner="r", host="h", pid=1, ttl_seconds=60).fence
            journal.append(sys.argv[2], created(scope), fence)
            for _ in range(10):
                journal.append(sys.argv[2], progress("x"), fence)
            """,
            str(tmp_path / "journal.db"),
            f"customer-{number}",
        )
        for number in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.close()
        assert child.wait() == 0
    with open_journal(tmp_path / "journal.db") as journal:
        assert [journal.verify(header.execution) for header in journal.executions()] == [11] * 4


def test_a_new_journal_is_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    failed: list[Exception] = []

    def work(path: Path, together: threading.Barrier) -> None:
        together.wait()
        try:
            with open_journal(path) as journal:
                journal.cache_put("k", 1)
        except (StateError, JournalError) as error:
            failed.append(error)

    for number in range(15):
        path, together = tmp_path / str(number) / "journal.db", threading.Barrier(6)
        threads = [threading.Thread(target=work, args=(path, together)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [entry.name for entry in path.parent.iterdir()] == ["journal.db"]
    assert failed == []


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.db") as journal:
        connection = journal._database._connection
        assert connection is not None
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    journal, fence = started(tmp_path / "journal.db")
    journal.append("e1", finished(), fence)
    journal.close()
    for name in ("journal.db", "journal.db.bak"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_events_cannot_be_changed_or_deleted(tmp_path: Path) -> None:
    started(tmp_path / "journal.db")[0].close()
    connection = sqlite3.connect(tmp_path / "journal.db")
    for statement in ("UPDATE events SET payload = ''", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("tampering", "event"),
    [
        ("UPDATE events SET payload = replace(payload, 'resource-1', 'resource-9')", 3),
        ("UPDATE events SET at = replace(at, '20', '19') WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 3", 3),
        ("DELETE FROM events WHERE seq >= 4", 4),
        ("UPDATE events SET seq = seq + 100 WHERE seq = 4; ", 4),
        ("UPDATE events SET prev = hash WHERE seq = 2", 2),
    ],
)
def test_tampering_is_found_and_named(tmp_path: Path, tampering: str, event: int) -> None:
    started(tmp_path / "journal.db", events=4)[0].close()
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.executescript(
        "DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_not_deleted;" + tampering
    )
    connection.close()
    with (
        open_journal(tmp_path / "journal.db") as journal,
        pytest.raises(JournalError, match=f"broken at event {event}$"),
    ):
        journal.verify("e1")


@pytest.mark.parametrize("part", [0.9, 0.5, 0.1, 0.001])
def test_a_cut_file_is_refused_with_its_backup_and_left_alone(tmp_path: Path, part: float) -> None:
    path = tmp_path / "journal.db"
    journal, fence = started(path, events=300)
    journal.append("e1", finished(), fence)
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    before = path.read_bytes()
    with pytest.raises(StateError, match=r"journal\.db is damaged") as caught:
        open_journal(path)
    assert path.read_bytes() == before
    assert f"cp {tmp_path / 'journal.db.bak'} {path}" in caught.value.hint
    subprocess.run(caught.value.hint.split(": ", 1)[1].split(" (")[0], shell=True, check=True)
    with open_journal(path) as journal:
        assert journal.verify("e1") == 301


def test_a_file_cut_beside_its_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    started(path, events=300)[0].close()
    journal = open_journal(path)
    journal.cache_put("k", 1)
    for name in ("journal.db", "journal.db-wal"):
        (tmp_path / "copy").mkdir(exist_ok=True)
        (tmp_path / "copy" / name).write_bytes((tmp_path / name).read_bytes())
    journal.close()
    copy = tmp_path / "copy" / "journal.db"
    with open_journal(copy) as whole:
        assert whole.verify("e1") == 300
    for name in ("journal.db-wal", "journal.db-shm"):
        (tmp_path / "copy" / name).unlink(missing_ok=True)
    copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    with pytest.raises(StateError, match="is damaged") as caught:
        open_journal(copy)
    assert "there is no backup" in caught.value.hint


def test_a_journal_whose_pages_are_still_in_the_log_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal, _ = started(path, events=200)
    assert path.stat().st_size < (tmp_path / "journal.db-wal").stat().st_size
    with open_journal(path) as second:
        assert second.verify("e1") == 200
    journal.close()


def test_an_emptied_or_missing_file_beside_a_backup_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal, fence = started(path)
    journal.append("e1", finished(), fence)
    journal.close()
    path.write_bytes(b"")
    with pytest.raises(StateError, match="damaged"):
        open_journal(path)
    assert path.read_bytes() == b""
    path.unlink()
    with pytest.raises(StateError, match="damaged") as caught:
        open_journal(path)
    assert caught.value.hint == f"go back to the backup: cp {path}.bak {path}"
    assert not path.exists()


def test_garbage_and_other_databases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StateError, match="damaged"):
        open_journal(path)
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StateError, match="not a journal of drstate"):
        open_journal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "words"), [(SCHEMA_VERSION + 1, "newer drstate"), (-1, "older drstate")]
)
def test_another_schema_version_is_refused(tmp_path: Path, version: int, words: str) -> None:
    path = tmp_path / "journal.db"
    started(path)[0].close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StateError, match=words):
        open_journal(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be opened"):
        open_journal(tmp_path / "file" / "journal.db")
    with pytest.raises(StateError, match="cannot be opened"):
        open_journal(tmp_path)


def test_the_end_of_an_execution_makes_a_backup_and_keeps_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal, fence = started(path)
    journal.append("e1", finished(), fence)
    journal.append("e2", created(), fence)
    journal.append("e2", attached(fence), fence)
    journal.append("e2", finished(), fence)
    journal.close()
    counts = []
    for name in ("journal.db.bak", "journal.db.bak.1"):
        connection = sqlite3.connect(tmp_path / name)
        counts.append(connection.execute("SELECT count(*) FROM events").fetchone()[0])
        connection.close()
    assert counts == [5, 2]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "journal.db",
        "journal.db.bak",
        "journal.db.bak.1",
    ]


def test_a_backup_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, other = (tmp_path / f"journal.db.bak.new-{pid}" for pid in (gone.pid, os.getppid()))
    left.write_text("half")
    other.write_text("in progress")
    journal, fence = started(path)
    journal.append("e1", finished(), fence)
    journal.close()
    assert not left.exists()
    assert other.exists()


def test_a_backup_that_cannot_be_made_does_not_fail_the_execution(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.db"
    (tmp_path / f"journal.db.bak.new-{os.getpid()}").mkdir()
    journal, fence = started(path)
    assert journal.append("e1", finished(), fence).seq == 2
    journal.close()
    assert "backup" in caplog.text


def test_a_write_that_waits_too_long_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drstate.journal.schema.BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr("drstate.journal.database.PATIENCE", 0.1)
    path = tmp_path / "journal.db"
    journal, fence = started(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="is busy"):
        journal.append("e1", progress("x"), fence)
    assert len(journal.events("e1")) == 1  # readers are not held up
    other.execute("ROLLBACK")
    other.close()
    assert journal.append("e1", progress("x"), fence).seq == 2
    journal.close()


def test_a_runner_outlives_a_process_that_hangs_in_a_write_and_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drstate.journal.schema.BUSY_TIMEOUT_MS", 20)
    path = tmp_path / "journal.db"
    journal, fence = started(path)
    hung = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    hung.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="is busy") as told:
        journal.append("e1", Warned(text="a person"), None)
    assert f"fuser {path}" in told.value.hint
    end = threading.Timer(0.2, lambda: hung.execute("ROLLBACK"))
    end.start()
    assert journal.append("e1", progress("x"), fence).seq == 2
    end.join()
    hung.close()
    journal.close()


def test_a_long_journal_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal, fence = started(path)
    connection = journal._database._connection
    assert connection is not None
    connection.execute("PRAGMA synchronous = OFF")  # what is measured is reading
    for number in range(10_000):
        journal.append("e1", progress(f"resource-{number}"), fence)
    journal.append("e1", attached(fence), fence)
    journal.close()
    with open_journal(path) as journal:
        assert journal.executions(ACME, limit=1)[0].events == 10_002
        assert len(journal.events("e1", after=9_990)) == 12
        assert len(journal.events("e1", kinds={"runner_attached"})) == 1


def test_backups_that_threads_make_in_the_same_moment_are_all_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    started(path, events=200)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(back_up, [path] * 40))
    for name in ("journal.db.bak", "journal.db.bak.1"):
        (tmp_path / name).replace(tmp_path / "alone.db")
        assert len(open_journal(tmp_path / "alone.db").events("e1")) == 200


@pytest.mark.parametrize("replaced", [False, True])
def test_a_journal_that_is_taken_away_in_use_loses_nothing(tmp_path: Path, replaced: bool) -> None:
    path = tmp_path / "journal.db"
    journal, fence = started(path, events=3)
    journal.append("e1", finished(), fence)
    fence = journal.acquire(ACME, runner="r1", host="h", pid=1, ttl_seconds=60).fence
    journal.append("e2", created(), fence)
    backup = (tmp_path / "journal.db.bak").read_bytes()
    for part in ("", "-wal", "-shm"):
        path.with_name(path.name + part).unlink()
    if replaced:
        path.write_bytes(backup)
    word = "replaced" if replaced else "removed"
    with pytest.raises(StateError, match=f"was {word} while it was in use") as refused:
        journal.append("e2", progress("x"), fence)
    assert not back_up(path) or replaced
    saved = tmp_path / f"journal.db.rescued-{os.getpid()}"
    assert f"mv -f {saved} {path}" in refused.value.hint
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    journal.close()

    if not replaced:
        with pytest.raises(StateError) as missing:
            open_journal(path)
        assert missing.value.hint == f"put back what was saved of it: mv {saved} {path}"
    saved.replace(path)
    with open_journal(path) as again:
        assert (again.verify("e1"), again.verify("e2")) == (4, 1)
        again.append("e2", progress("y"), fence)


@pytest.mark.parametrize("damage", ["missing", "zeroes"])
def test_a_backup_is_never_replaced_by_what_is_not_whole(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "journal.db"
    journal, fence = started(path, events=200)
    journal.append("e1", finished(), fence)
    journal.close()
    good = (tmp_path / "journal.db.bak").read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        size = path.stat().st_size
        with path.open("r+b") as stream:
            stream.seek(size // 2)
            stream.write(b"\0" * (size // 4))
    assert not back_up(path)
    assert (tmp_path / "journal.db.bak").read_bytes() == good
    assert sorted(one.name for one in tmp_path.glob("*.new-*")) == []
    assert path.exists() == (damage != "missing")
