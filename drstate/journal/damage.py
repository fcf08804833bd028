"""Whether a journal's file is whole, and what to say where it is not.

SQLite notices a cut file only when it happens to need a page of the missing part, or when there is
no write-ahead log beside it. A recovery must know before it begins, so the sizes are compared at
every open. Nothing here writes or repairs.
"""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

from drstate.errors import StateError

_WAL_HEADER = 32
_FRAME_HEADER = 24


def backup_path(path: Path) -> Path:
    """Where the backup of the journal at ``path`` is."""
    return path.with_name(path.name + ".bak")


def gone_beside_backup(path: Path) -> bool:
    """Whether the journal is gone although a backup says that it was in use."""
    return backup_path(path).exists() and not path.exists()


def pages_are_missing(path: Path, connection: sqlite3.Connection) -> bool:
    """Whether pages are neither in the file nor in its write-ahead log."""
    connection.execute("BEGIN")  # a reader keeps the log from being started over
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
        size = int(connection.execute("PRAGMA page_size").fetchone()[0])
        present = path.stat().st_size // size
        if present >= pages:
            return False
        logged = _logged_pages(path.with_name(path.name + "-wal"), size)
        present = path.stat().st_size // size
    finally:
        connection.execute("ROLLBACK")
    return not logged.issuperset(range(present + 1, pages + 1))


def _logged_pages(wal: Path, page_size: int) -> set[int]:
    """Numbers of the pages that have a frame in the log."""
    found: set[int] = set()
    try:
        with wal.open("rb") as stream:
            stream.seek(_WAL_HEADER)
            while len(header := stream.read(_FRAME_HEADER)) == _FRAME_HEADER:
                found.add(struct.unpack(">I", header[:4])[0])
                stream.seek(page_size, 1)
    except FileNotFoundError:
        return set()
    return found


def _changed(path: Path) -> float:
    return path.stat().st_mtime


def damaged(path: Path, why: str) -> StateError:
    """The refusal, with the backup to go back to."""
    backup = backup_path(path)
    # what a process saved that had the file open, where it is not of an earlier accident
    saved = max(path.parent.glob(f"{path.name}.rescued-*"), key=_changed, default=None)
    newer = saved is not None and not (backup.exists() and _changed(backup) > _changed(saved))
    if newer and not path.exists():
        hint = f"put back what was saved of it: mv {saved} {path}"
    elif backup.exists():
        aside = path.with_name(path.name + ".broken")
        hint = (
            f"go back to the backup: mv -f {path} {aside}; rm -f {path}-wal {path}-shm; "
            f"cp {backup} {path} (executions that began after it are not in it)"
        )
        if not path.exists():
            hint = f"go back to the backup: cp {backup} {path}"
    else:
        hint = (
            f"there is no backup {backup.name} beside it; restore {path} from your own backups, "
            "or move it away and begin again with 'drstate up --phase replicate'"
        )
    return StateError(f"the journal {path} is damaged and was left as it is", why=why, hint=hint)
