"""Durable files: whole or not at all.

Every write of state goes through here: a temporary file in the same folder, flushed to the disk,
then renamed. It refuses to leave a half-written file behind under the real name, and turns the
operating system's complaint (disk full, read-only) into an error that names the file.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from drstate.sandbox.engine.failure import FailedCommandError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EFBIG: "the file would be larger than this process may write (ulimit -f)",
    errno.EIO: "the disk reports an error",
}


def write_failure(path: Path, error: OSError) -> FailedCommandError:
    """What to say when ``path`` cannot be written; what it held before is untouched."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return FailedCommandError(
        f"could not write {path}: {reason}. What was there before is unchanged; "
        "make room or make the folder writable, then run the command again"
    )


def sync_folder(folder: Path) -> None:
    """Make a rename or removal inside ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``, atomically and durably. Raises FailedCommandError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise write_failure(path, error) from error


def copy_durably(source: Path, target: Path) -> None:
    """Copy a small file, atomically and durably. Does nothing if there is no source."""
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        return
    write_durably(target, data)


def remove(path: Path) -> None:
    """Remove a file that may be gone already. Raises FailedCommandError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise write_failure(path, error) from error
