"""What came of each stroke, kept in a file as it is found, so that nothing is struck twice.

One document a line: first the head, which says of what the strokes are (plan, inventory, code),
then a line for each session that worked on it and for each stroke. A line that a killed process
left half is dropped; a file that is damaged otherwise, of another form, or being written by
somebody else is refused. It claims nothing: what strokes prove is said by the record made of them.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from drstate.errors import ConfigError, OperationError
from drstate.model.base import Value
from drstate.model.rehearsed import Faults, Fingerprint
from drstate.model.scope import ScopeKey
from drstate.rehearsal.strokes import KINDS, Course, Stroke
from drstate.rehearsal.struck import Struck
from drstate.rehearsal.wish import Shard, Wish

FORMAT: Literal["drstate.strokes/1"] = "drstate.strokes/1"
#: a file that is replaced is kept beside, once
PREVIOUS = ".previous"
#: what a file may have; lines of differences are cut long before
MOST_BYTES = 512 * 1024 * 1024
#: lines of what differs that are kept of a stroke, and characters of each
_LINES, _CHARACTERS = 50, 1000
_AGAIN = "begin anew: leave out --resume, or name another file with --results"


class Head(Value):
    """Of what the strokes are. Strokes with the same ``of_what`` can be put together."""

    format: Literal["drstate.strokes/1"] = FORMAT
    scope: ScopeKey
    #: words of ``drstate rehearse`` that ask for the plan
    command: tuple[str, ...]
    subject: str
    fingerprint: Fingerprint
    faults: Faults
    kinds: tuple[str, ...] = ()
    #: ``2/4``; "": all strokes
    shard: str = ""
    #: the undisturbed run: what there was to strike, and a digest of how it ended
    calls: tuple[str, ...]
    commands: int = Field(ge=0)
    events: tuple[str, ...]
    end: str
    #: phases, serving and recovery
    plan: dict[str, Any]
    deviation: str = ""
    notes: tuple[str, ...] = ()
    #: the catalog came from a file, so that no journal may remember it
    from_file: bool = False

    @property
    def course(self) -> Course:
        """What there was to strike."""
        return Course(self.calls, self.commands, self.events)

    @property
    def wish(self) -> Wish:
        """Which strokes were wished for."""
        shard = Shard.parse(self.shard) if self.shard else None
        return Wish(faults=self.faults, kinds=self.kinds, shard=shard)

    def strokes(self) -> list[Stroke]:
        """The strokes that belong here."""
        return self.wish.strokes(self.course)


class _Line(Value):
    kind: str
    number: int = Field(ge=1)
    met: str = ""
    took_place: bool
    differs: tuple[str, ...] = ()
    said: str = ""
    at: datetime


class _Session(Value):
    by: str
    at: datetime


@dataclass(frozen=True)
class Contents:
    """A file as it was read."""

    path: Path
    head: Head
    #: strokes that took place; what met nothing is tried again
    done: dict[Stroke, Struck]
    #: seconds of all sessions, up to the last stroke of each
    seconds: float
    #: bytes up to the end of the last whole line
    length: int

    @property
    def missing(self) -> list[Stroke]:
        """Strokes that belong here and did not take place yet."""
        return [one for one in self.head.strokes() if one not in self.done]


def read(path: Path) -> Contents:
    """The file's contents. Raises ConfigError where it is none, or is damaged."""
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read",
            why=error.strerror or str(error),
            hint="name a file that `drstate rehearse --faults all` wrote",
        ) from error
    if size > MOST_BYTES:
        raise _not_one(path, f"it is larger than {MOST_BYTES // 1024**2} MiB")
    length = raw.rfind(b"\n") + 1
    lines = raw[:length].splitlines()
    if not lines:
        raise _not_one(path, "it has no line")
    head = _head(path, lines[0])
    reading = _Reading()
    for number, line in enumerate(lines[1:], 2):
        try:
            reading.line(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"line {number}: {str(error).splitlines()[0]}"
            raise ConfigError(f"{path} is damaged", why=why, hint=_AGAIN) from error
    return Contents(path, head, reading.done, reading.seconds, length)


@dataclass
class _Reading:
    """Lines become strokes and seconds."""

    done: dict[Stroke, Struck] = field(default_factory=dict)
    seconds: float = 0.0
    _last: datetime | None = None

    def line(self, document: dict[str, Any]) -> None:
        """Raises ValueError or KeyError for what is no line."""
        if "session" in document:
            self._last = _Session.model_validate(document["session"]).at
            return
        one = _Line.model_validate(document["stroke"])
        if one.kind not in KINDS:
            raise ValueError(f"kind {one.kind!r} does not exist")
        if self._last is not None:
            self.seconds += max(0.0, (one.at - self._last).total_seconds())
            self._last = one.at
        stroke = Stroke(one.kind, one.number)
        if one.took_place:
            found = Struck(stroke, one.took_place, one.met, one.differs, one.said)
            known = self.done.get(stroke)
            # of two that tell of one stroke, the one that speaks against the plan counts
            self.done[stroke] = known if known is not None and known.differs else found


def _head(path: Path, line: bytes) -> Head:
    try:
        document = json.loads(line)["head"]
    except (ValueError, KeyError, TypeError) as error:
        raise _not_one(path, "its first line is no head") from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise _not_one(path, f"its format is {found!r}, not {FORMAT!r}")
    try:
        return Head.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field_ = ".".join(str(part) for part in first["loc"])
        raise _not_one(path, f"{field_} of its head: {first['msg']}") from error


def _not_one(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path} holds no strokes of a rehearsal",
        why=why,
        hint="name a file that `drstate rehearse --faults all` wrote",
    )


class Ledger:
    """An open file that strokes are added to. Close it, or use it as a context."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def begin(cls, path: Path, head: Head, by: str) -> Self:
        """A new file. One that is there is kept beside it, as ``….previous``.

        Raises OperationError where somebody else is writing to that, or where it cannot be made.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                os.close(_locked(path, os.O_RDWR))
                path.replace(previous(path))
            made = cls(path, _locked(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        except OSError as error:
            raise _unwritable(path, error) from error
        made._append({"head": head.model_dump(mode="json")})
        made._append_session(by)
        return made

    @classmethod
    def resume(cls, found: Contents, by: str) -> Self:
        """Go on with a file; half a line at its end is cut off. Raises OperationError."""
        try:
            descriptor = _locked(found.path, os.O_RDWR)
            os.ftruncate(descriptor, found.length)
            os.lseek(descriptor, 0, os.SEEK_END)
        except OSError as error:
            raise _unwritable(found.path, error) from error
        again = cls(found.path, descriptor)
        again._append_session(by)
        return again

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def add(self, one: Struck) -> None:
        """Durable once it returns. Raises OSError where there is no room."""
        told = _Line(
            kind=one.stroke.kind,
            number=one.stroke.number,
            met=one.met,
            took_place=one.took_place,
            differs=tuple(line[:_CHARACTERS] for line in one.differs[:_LINES]),
            said=one.said,
            at=datetime.now(UTC),
        )
        self._append({"stroke": told.model_dump(mode="json")})

    def _append_session(self, by: str) -> None:
        session = _Session(by=by, at=datetime.now(UTC))
        self._append({"session": session.model_dump(mode="json")})

    def _append(self, document: dict[str, Any]) -> None:
        left = memoryview(json.dumps(document).encode() + b"\n")
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fsync(self._descriptor)


def previous(path: Path) -> Path:
    """Where a file is kept that another one took the place of."""
    return path.with_name(path.name + PREVIOUS)


def _locked(path: Path, flags: int) -> int:
    """Raises OperationError where another process has it, OSError where it cannot be opened."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise OperationError(
            f"another rehearsal is writing to {path}",
            why="two that strike the same plan would do everything twice",
            hint="wait for its end, or name another file with --results",
        ) from error
    return descriptor


def _unwritable(path: Path, error: OSError) -> OperationError:
    return OperationError(
        f"{path} cannot be written",
        why=error.strerror or str(error),
        hint="make room there, or name another file with --results",
    )


def file_name(command: Iterable[str], wish: Wish) -> str:
    """A file's name for what is asked: the same for the same plan and strokes, else another."""
    words = [word.lstrip("-") for word in command if word not in ("-c", "-e", "--phase")]
    parts = ["_".join(words), *([] if not wish.kinds else ["_".join(wish.chosen_kinds)])]
    if wish.shard is not None:
        parts.append(f"{wish.shard.number}-of-{wish.shard.of}")
    return ".".join([*parts, "ndjson"])
