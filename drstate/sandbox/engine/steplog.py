"""The side journal of a running update: each completed step, on the disk before the next one.

One file per run beside the state file, one JSON object a line: a header that names the state it
builds on, the steps, and, once they are folded into a state file, that state's digest. A line is
durable when ``append`` returns; lines of several threads share one flush. A last line that is cut
off was never promised to anybody and is dropped. It refuses to be read over another state than
the one it builds on.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drstate.sandbox.engine.contract import SIG_KEY, StepRecord
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import remove, sync_folder, write_durably, write_failure

FORMAT = 1
#: suffix of a side journal whose steps could not be brought into the state
ORPHANED = ".orphaned"
_MARK = SIG_KEY.encode()


@dataclass(frozen=True)
class Header:
    """Who wrote a side journal, and over which state."""

    base: str
    salt: str
    holder: str
    pid: int
    host: str


@dataclass(frozen=True)
class SideJournal:
    """A side journal as found on disk; records have their secrets as ciphertexts."""

    path: Path
    header: Header
    records: list[StepRecord]
    folded: str | None


class SideJournalWriter:
    """The StepLog of one run. Use as a context manager; ``discard`` once it is folded."""

    def __init__(self, path: Path, header: Header, seal: Callable[[Any], Any]) -> None:
        self.path = path
        self._header = header
        self._seal = seal
        self._write_lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._written = 0
        self._synced = 0
        self._size = 0
        self._broken: FailedCommandError | None = None
        self._handle: int | None = None
        self.records: list[StepRecord] = []

    def append(self, record: StepRecord) -> None:
        """Keep a step; returns when it is on the disk. Raises FailedCommandError.

        After a step that could not be kept none is: a later one may build on it.
        """
        line = self._step(record)
        with self._write_lock:
            if self._broken is not None:
                raise FailedCommandError(self._broken.message)
            handle = self._open()
            self._put(handle, line)
            self._written += 1
            mine = self._written
            self.records.append(record)
        with self._sync_lock:
            if self._synced >= mine:
                return
            upto = self._written
            self._flush(handle)
            self._synced = upto

    def mark_folded(self, digest: str) -> None:
        """Say that all steps are in the state file of that digest, which is about to be written."""
        with self._write_lock:
            if self._handle is not None:
                self._put(self._handle, _line({"folded": digest}))
                self._flush(self._handle)

    def set_aside(self) -> Path:
        """Keep all steps in a file of another name, which no command folds; gives the file."""
        lines = [_line(self._head()), *(self._step(one) for one in self.records)]
        target = self.path.with_suffix(ORPHANED)
        write_durably(target, b"".join(lines))
        self.discard()
        return target

    def discard(self) -> None:
        """Remove the file: its steps are in the state file now."""
        self.close()
        remove(self.path)

    def close(self) -> None:
        """Let go of the file, leaving it where it is."""
        with self._write_lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def _step(self, record: StepRecord) -> bytes:
        line = _line({"step": record})
        # what has no mark of a secret in it needs no search for secrets
        return _line({"step": self._seal(record)}) if _MARK in line else line

    def _open(self) -> int:
        if self._handle is None:
            try:
                self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                sync_folder(self.path.parent)
            except OSError as error:
                raise self._fails(error) from error
            self._put(self._handle, _line(self._head()))
        return self._handle

    def _head(self) -> dict[str, Any]:
        return {"journal": FORMAT, **asdict(self._header)}

    def _put(self, handle: int, line: bytes) -> None:
        try:
            rest = line
            while rest:
                rest = rest[os.write(handle, rest) :]
        except OSError as error:
            # a line that is cut off may only be the last one
            with contextlib.suppress(OSError):
                os.ftruncate(handle, self._size)
                os.lseek(handle, self._size, os.SEEK_SET)
            raise self._fails(error) from error
        self._size += len(line)

    def _flush(self, handle: int) -> None:
        try:
            os.fdatasync(handle)
        except OSError as error:
            raise self._fails(error) from error

    def _fails(self, error: OSError) -> FailedCommandError:
        self._broken = write_failure(self.path, error)
        return self._broken


#: made once: building an encoder takes longer than encoding a short value
_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _line(value: dict[str, Any]) -> bytes:
    return _text(value).encode() + b"\n"


def read_side_journal(path: Path) -> SideJournal | None:
    """A side journal as it is; None for one that ended before it promised anything."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FailedCommandError(f"could not read {path}: {error.strerror}") from error
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.splitlines()
    if not lines:
        return None
    try:
        return _parse(path, lines)
    except (ValueError, KeyError, TypeError) as error:
        raise FailedCommandError(
            f"the side journal {path} of an interrupted update is damaged ({error}); nothing was "
            "changed. Keep a copy of it, remove it, and run `pulumi refresh` to learn what exists"
        ) from error


def _parse(path: Path, lines: list[bytes]) -> SideJournal:
    head, *rest = [json.loads(line) for line in lines]
    if head["journal"] != FORMAT:
        raise ValueError(f"format {head['journal']}, not {FORMAT}")
    header = Header(head["base"], head["salt"], head["holder"], head["pid"], head["host"])
    records = [one["step"] for one in rest if "step" in one]
    folded = next((one["folded"] for one in rest if "folded" in one), None)
    return SideJournal(path, header, records, folded)
