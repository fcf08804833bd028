"""A journal whose file was taken away while it is open: what is in it is saved beside its place.

A process that has the file open can go on writing into it, and nobody would ever read that again.
So whoever writes looks first whether the file is still where it was opened. Where it is not, the
content that only this process still has becomes a file again. It is never put into the journal's
place: what is there now may be somebody's decision.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from drstate.errors import StateError

#: device and number of a file
Identity = tuple[int, int]


def identity(path: Path) -> Identity | None:
    """Which file is at ``path``; None: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def rescued_path(path: Path) -> Path:
    """Where this process saves the content of the journal at ``path``."""
    return path.with_name(f"{path.name}.rescued-{os.getpid()}")


def taken_away(path: Path, connection: sqlite3.Connection) -> StateError:
    """Save what ``connection`` still reads; the refusal, with the way back."""
    saved = rescued_path(path)
    there = path.exists()
    what = f"the journal {path} was {'replaced' if there else 'removed'} while it was in use"
    try:
        _save(connection, saved)
    except (sqlite3.Error, OSError) as error:
        return StateError(
            what,
            why=f"nothing more is written, and what it held could not be saved: {error}",
            hint=f"go back to a backup of {path}; what AWS holds is shown by 'drstate discover'",
        )
    mend = f"put it back: mv -f {saved} {path}; rm -f {path}-wal {path}-shm"
    if there:
        mend = f"look which of the two is the right one; {mend}"
    return StateError(
        what,
        why=f"nothing more is written; all that was acknowledged is in {saved}",
        hint=f"{mend}; then go on with drstate resume",
    )


def _save(connection: sqlite3.Connection, target: Path) -> None:
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = WAL")
    with target.open("rb") as stream:
        os.fsync(stream.fileno())
