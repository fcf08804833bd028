"""A consistent copy of the journal beside it, made whenever an execution ends.

``journal.db.bak`` is replaced in one step, the copy before it stays as ``journal.db.bak.1``. A copy
that cannot be made is logged and never fails the execution: its events are already durable.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from drstate.errors import StateError
from drstate.journal.damage import backup_path, damaged
from drstate.journal.schema import connect

_LOG = logging.getLogger(__name__)
#: executions of one process may end in the same moment; they copy to the same place
_MAKING = threading.Lock()


def back_up(path: Path) -> bool:
    """Copy the journal at ``path``; whether it worked."""
    target = backup_path(path)
    scratch = target.with_name(f"{target.name}.new-{os.getpid()}")
    try:
        with _MAKING:
            _clear_leftovers(target)
            _copy(path, scratch)
            _keep_previous(target)
            scratch.replace(target)
    except (sqlite3.Error, OSError, StateError) as error:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        _LOG.warning("the journal's backup %s could not be made: %s", target, error)
        return False
    return True


def _clear_leftovers(target: Path) -> None:
    """Remove scratch files of processes that were killed while they copied."""
    for left in target.parent.glob(f"{target.name}.new-*"):
        pid = left.name.rpartition("-")[2]
        if not (pid.isdigit() and _alive(int(pid))):
            left.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _keep_previous(target: Path) -> None:
    """A second name for the copy that is about to be replaced; there is one at every moment."""
    previous = target.with_name(target.name + ".1")
    if target.exists():
        previous.unlink(missing_ok=True)
        previous.hardlink_to(target)


def _copy(path: Path, scratch: Path) -> None:
    """A whole copy of ``path`` in ``scratch``, on disk. Raises OSError, StateError, sqlite3.Error.

    What is damaged, or is no journal, must never take the place of a good copy.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing")
    scratch.unlink(missing_ok=True)
    scratch.touch(mode=0o600)
    source = connect(path)
    try:
        copy = sqlite3.connect(scratch)
        try:
            source.backup(copy)
            # one file without a log: it must be whole when it is copied back alone
            copy.execute("PRAGMA journal_mode = DELETE")
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise damaged(path, str(found))
        finally:
            copy.close()
    finally:
        source.close()
    with scratch.open("rb") as stream:
        os.fsync(stream.fileno())
