"""One connection to the journal's file: transactions, and SQLite's errors in our words.

Every access goes through ``reading`` or ``writing``. A write takes SQLite's write lock at its begin
(``BEGIN IMMEDIATE``), so what was read inside it is still true when it commits.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from drstate.errors import JournalError, Retry, StateError
from drstate.journal.damage import damaged
from drstate.journal.rescue import identity, taken_away
from drstate.journal.schema import connect

T = TypeVar("T")
#: seconds for which a runner's write is tried again while another process writes
PATIENCE = 60.0
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Database:
    """A journal file, open. Safe between threads (one at a time) and between processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = connect(path)
        self._identity = identity(path)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent view, never blocked by a writer. Raises StateError."""
        with self._transaction("BEGIN", "ROLLBACK") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable at the end. Raises StateError, or JournalError when busy."""
        with self._transaction("BEGIN IMMEDIATE", "COMMIT") as connection:
            if identity(self.path) != self._identity:
                # what is stored where nobody finds it again is not durable
                connection.execute("ROLLBACK")
                raise taken_away(self.path, connection)
            yield connection

    @staticmethod
    def patiently(work: Callable[[], T], *, fenced: bool) -> T:
        """What ``work`` gives, asked again for a minute while another process writes.

        For what a runner writes: a recovery is not broken off for a process that hangs. People
        (``fenced`` is false) are told at once. What is busy has stored nothing.
        """
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return work()
            except JournalError as error:
                if not fenced or error.retry is not Retry.TRANSIENT or time.monotonic() >= until:
                    raise

    def close(self) -> None:
        """Close the connection; the last one of all processes folds the log into the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _transaction(self, begin: str, end: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None:
                raise StateError(
                    f"the journal {self.path} is closed", hint="this is a bug in drstate: report it"
                )
            connection = self._connection
            try:
                connection.execute(begin)
                try:
                    yield connection
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                self._end(connection, end)
            except sqlite3.Error as error:
                raise self._refusal(error) from error

    @staticmethod
    def _end(connection: sqlite3.Connection, end: str) -> None:
        try:
            connection.execute(end)
        except sqlite3.Error:
            # a commit that failed (disk full) must not leave its transaction to the next writer
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _refusal(self, error: sqlite3.Error) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            return JournalError(
                f"the journal {self.path} is busy",
                why="another drstate process has been writing to it for too long",
                hint="try again; 'drstate status' names who runs what. A process that hangs in the "
                f"middle of a write has to be ended: fuser {self.path} names them",
                retry=Retry.TRANSIENT,
            )
        if code in _BROKEN:
            return damaged(self.path, str(error))
        return StateError(
            f"the journal {self.path} refused a read or a write",
            why=str(error),
            hint=f"check the free space and the permissions of {self.path.parent}; "
            "what was not acknowledged is not stored. What ran is looked at and gone on with by "
            "drstate resume",
        )
