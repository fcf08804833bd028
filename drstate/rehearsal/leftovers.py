"""The folder in which a rehearsal works, and the certain end of everything in it.

It carries the id of its process and when that began. Whatever ends the process, what it left is
ended and removed: by itself, or by the next rehearsal of the same user, which finds folders whose
process is gone. A folder of a process that lives, or of another user, is never touched.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from drstate.errors import OperationError
from drstate.execution.readers import SANDBOX_FOLDER
from drstate.sandbox import process

PREFIX = "drstate-rehearsal-"
MARKER = "rehearsal.json"
#: a folder without a marker is given up after so many seconds: its process was killed at once
_UNMARKED_SECONDS = 3600.0


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for the copies of this process. All that is left in it is ended in the end.

    Raises OperationError where there is no room for it.
    """
    sweep()
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        marker = {"pid": os.getpid(), "began": _began(os.getpid())}
        (folder / MARKER).write_text(json.dumps(marker), encoding="utf-8")
    except OSError as error:
        raise OperationError(
            "a rehearsal has no place to work in",
            why=f"{error.filename or tempfile.gettempdir()}: {error.strerror or error}",
            hint="make room there, or name another folder with TMPDIR",
        ) from error
    try:
        yield folder
    finally:
        remove(folder)


def sweep(place: Path | None = None) -> list[Path]:
    """End and remove what rehearsals left whose process is gone; the folders that were removed."""
    found = []
    for folder in sorted((place or Path(tempfile.gettempdir())).glob(f"{PREFIX}*")):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            if _abandoned(folder):
                remove(folder)
                found.append(folder)
    return found


def remove(folder: Path) -> None:
    """End the sandboxes whose homes are below the folder, and remove it."""
    # where they are is known: a run's state holds many files that are not asked
    for home in sorted(folder.glob(f"*/{SANDBOX_FOLDER}")):
        with suppress(OSError):
            process.stop(home)
    shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        pid, began = int(marker["pid"]), str(marker["began"])
    except (OSError, ValueError, KeyError, TypeError):
        return time.time() - folder.stat().st_mtime > _UNMARKED_SECONDS
    return _began(pid) != began


def _began(pid: int) -> str:
    """When the process began, as its system counts; "" where there is no such process."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            pass
        # no such files here: that a process has the id is all that is known
        return "" if Path("/proc/self/stat").exists() else "alive"
    fields = told.rsplit(")", 1)[-1].split()
    return "" if fields[0] == "Z" else fields[19]
