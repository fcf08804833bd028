"""Journals that older versions wrote, as they wrote them. See stored/README.md."""

from __future__ import annotations

import gzip
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import StateError
from drstate.execution.progress import RunState
from drstate.execution.readers import Readers
from drstate.execution.reducer import reduce
from drstate.journal.dynamodb import DynamoJournal
from drstate.journal.dynamodb_copy import copy_into
from drstate.journal.dynamodb_table import Table
from drstate.journal.export import export
from drstate.journal.sqlite import open_journal
from drstate.model.events import PAYLOADS, ExecutionStatus
from tests.journal.tables import calls_of
from tests.journal.values import ACME, Opener, created

STORED = Path(__file__).parent / "stored"
#: newest first
KNOWN = {
    "first": ["RUNNING", "PAUSED", "COMPLETED"],
    "second": ["RUNNING", "COMPLETED", "CANCELLED", "COMPLETED"],
}


def unpacked(name: str, folder: Path) -> Path:
    path = folder / "journal.db"
    path.write_bytes(gzip.decompress((STORED / f"{name}.db.gz").read_bytes()))
    return path


@pytest.mark.parametrize("name", KNOWN)
def test_an_old_journal_is_read_proved_folded_and_shown(name: str, tmp_path: Path) -> None:
    journal = open_journal(unpacked(name, tmp_path), now=lambda: datetime.now(UTC))
    with Readers(journal, SystemClock()) as readers:
        rows = readers.history().rows
        assert [str(row.status) for row in rows] == KNOWN[name]
        for row in rows:
            assert journal.verify(row.execution) == row.events
            state = RunState()
            for event in readers.logs(row.execution):
                state, _ = reduce(state, event.payload)
            view = readers.status(row.execution)
            assert view.status is row.status is state.status
            assert view.stages
            assert len(readers.timeline(row.execution)) > 1
            catalog = journal.load_catalog(row.scope)
            assert catalog is not None
            assert catalog.entries


def test_every_kind_of_old_event_means_what_it_meant() -> None:
    lines = (STORED / "events.ndjson").read_text(encoding="utf-8").splitlines()
    kinds = set()
    for line in lines:
        old, now = json.loads(line), json.loads(PAYLOADS.validate_json(line).model_dump_json())
        kinds.add(old["type"])
        assert _kept(old, now) == []
    assert len(kinds) > 20


def _kept(old: object, now: object, where: str = "") -> list[str]:
    """What is lost or different now; what was added since is not."""
    if isinstance(old, dict) and isinstance(now, dict):
        return [row for name in old for row in _kept(old[name], now.get(name), f"{where}.{name}")]
    if isinstance(old, list) and isinstance(now, list) and len(old) == len(now):
        pairs = enumerate(zip(old, now, strict=True))
        return [row for at, pair in pairs for row in _kept(*pair, f"{where}[{at}]")]
    return [] if old == now else [f"{where}: {old} -> {now}"]


def test_an_old_file_is_copied_into_a_table(emulated: Path, table: str, tmp_path: Path) -> None:
    calls = calls_of(emulated, table, SystemClock())
    with export(unpacked("second", tmp_path)) as source:
        copy_into(Table(calls), source, datetime.now(UTC))
    journal = DynamoJournal(Table(calls), SystemClock().now)
    with Readers(journal, SystemClock()) as readers:
        rows = readers.history().rows
        assert [str(row.status) for row in rows] == KNOWN["second"]
        for row in rows:
            assert journal.verify(row.execution) == row.events
            assert readers.status(row.execution).status is row.status


@pytest.mark.parametrize(
    "change",
    [
        ('"type":"execution_created"', '"type":"execution_dreamt"'),
        ('"operator":"ops"', '"operator":"ops","mood":"good"'),
    ],
    ids=["kind", "field"],
)
def test_what_a_newer_drstate_wrote_is_not_guessed(
    opener: Opener, change: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opener()
    fence = journal.acquire(ACME, runner="r", host="h", pid=1, ttl_seconds=60).fence
    payload = created()
    text = payload.model_dump_json()
    assert change[0] in text
    with monkeypatch.context() as newer:
        newer.setattr(
            type(payload), "model_dump_json", lambda *_, **more: _dumped(text, change, more)
        )
        journal.append("e1", payload, fence)
    with pytest.raises(StateError, match="event 1 of execution e1 is not understood") as caught:
        journal.events("e1")
    assert "use the newer one" in caught.value.hint
    assert journal.verify("e1") == 1
    assert journal.header("e1").status is ExecutionStatus.PENDING


def _dumped(text: str, change: tuple[str, str], more: dict[str, object]) -> str:
    if more.get("include"):
        return json.dumps({name: json.loads(text)[name] for name in more["include"]})
    return text.replace(*change)


def test_a_file_of_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = unpacked("second", tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StateError, match="newer drstate") as caught:
        open_journal(path)
    assert "pip install --upgrade" in caught.value.hint
    assert path.read_bytes() == before
