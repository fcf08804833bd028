"""The SQLite tables, their version, and the refusals around a file that is not a usable journal.

Refuses to guess: a journal of a newer drstate, a file of another program, a file that was cut or
emptied is reported with what to do, and is left exactly as it is.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

from drstate.errors import StateError
from drstate.journal.damage import damaged, gone_beside_backup, pages_are_missing

#: "drst": tells the file apart from other programs' databases
APPLICATION_ID = 0x64727374
#: raised by every change of TABLES; a journal of another version is refused or migrated
SCHEMA_VERSION = 1
#: how long a write waits for another process before it gives up
BUSY_TIMEOUT_MS = 10_000

TABLES = (
    """CREATE TABLE executions (
        execution TEXT PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        scope TEXT NOT NULL,
        status TEXT NOT NULL,
        header TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        last_seq INTEGER NOT NULL,
        last_hash TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX executions_by_scope ON executions (scope, number)",
    """CREATE TABLE events (
        execution TEXT NOT NULL,
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        at TEXT NOT NULL,
        payload TEXT NOT NULL,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (execution, seq)
    )""",
    """CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TABLE catalogs (
        scope TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        catalog TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE leases (
        scope TEXT PRIMARY KEY,
        fence INTEGER NOT NULL,
        lease TEXT
    ) WITHOUT ROWID""",
    """CREATE TABLE caches (
        key TEXT PRIMARY KEY,
        stored_at TEXT NOT NULL,
        value TEXT NOT NULL
    )""",
    """CREATE TABLE planned_shards (
        stack TEXT PRIMARY KEY,
        shard TEXT NOT NULL
    )""",
)


def connect(path: Path) -> sqlite3.Connection:
    """Open the journal at ``path``, made if there is none. Raises StateError, nothing changed."""
    if gone_beside_backup(path):
        raise damaged(path, "it is missing, but its backup is there")
    try:
        if not path.exists():
            _create(path)
        if path.stat().st_size == 0:
            raise damaged(path, "it is empty")
        connection = _connected(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise _unreachable(path, error) from error
    try:
        _check(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        raise _unreachable(path, error) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise damaged(path, str(error)) from error
    except StateError:
        connection.close()
        raise
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
    )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise _foreign(path)
    version = _pragma(connection, "user_version")
    if version != SCHEMA_VERSION:
        raise _other_version(path, version)
    if pages_are_missing(path, connection):
        raise damaged(path, "its end is missing")
    connection.execute("PRAGMA synchronous = FULL")


def _create(path: Path) -> None:
    """Put a finished empty journal in place, or leave the one that another process put there.

    It is made beside its place and linked into it in one step: nobody sees a half-made one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # plans and planned shards name accounts and external ids: for the owner's eyes, as mkstemp does
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    scratch = Path(name)
    try:
        connection = _connected(scratch)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")
        finally:
            connection.close()
        with suppress(FileExistsError):
            path.hardlink_to(scratch)
    finally:
        scratch.unlink()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _foreign(path: Path) -> StateError:
    return StateError(
        f"{path} is not a journal of drstate",
        why="it is a database of another program",
        hint=f"move {path} away, or point drstate to another project folder with -C",
    )


def _other_version(path: Path, version: int) -> StateError:
    if version > SCHEMA_VERSION:
        return StateError(
            f"the journal {path} was written by a newer drstate",
            why=f"its schema is {version}; this drstate knows {SCHEMA_VERSION}",
            hint="use the newer drstate (pip install --upgrade drstate); nothing was changed",
        )
    return StateError(
        f"the journal {path} was written by an older drstate",
        why=f"its schema is {version}; this drstate needs {SCHEMA_VERSION} and has no migration",
        hint="finish what is running with the older drstate; nothing was changed",
    )


def _unreachable(path: Path, error: Exception) -> StateError:
    return StateError(
        f"the journal {path} cannot be opened",
        why=str(error),
        hint=f"check that {path.parent} exists, is writable and has free space; "
        "try again if another drstate is busy with it. In a disaster: copy that folder to where "
        "there is room, and give its path as --home",
    )
