"""Snapshot files: the whole sandbox in one file, and what drstate remembers of it.

    drstate-sandbox-snapshot/1
    <hmac-sha256 of the rest, as hex>
    <zip: header.json, aws.pickle, memory/...>

Reading a pickle runs what it names, so a file is only read if its seal fits: an HMAC with a key
that is in the sandbox's home, for its owner only. A file from elsewhere is refused before a byte
of it is interpreted, and so is one that another version of drstate, moto or Python has written.
"""

from __future__ import annotations

import hmac
import io
import json
import os
import secrets
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from drstate.errors import ConfigError
from drstate.journal.address import JOURNAL_FILE
from drstate.version import VERSION

KEY_FILE = "snapshot.key"
_MAGIC = b"drstate-sandbox-snapshot/1\n"
_HEADER, _AWS, _MEMORY = "header.json", "aws.pickle", "memory/"
#: what drstate keeps about this sandbox beside its journal: stacks, and the project made for them
_FOLDERS = ("state", "project")
_KEY_BYTES = 32


@dataclass(frozen=True)
class Snapshot:
    """A file's content, once its seal has been found good."""

    header: dict[str, Any]
    #: what freezing.freeze wrote
    aws: bytes
    #: path relative to the home -> content
    memory: dict[str, bytes]


def versions() -> dict[str, str]:
    """What must be the same for a snapshot to be understood."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"drstate": VERSION, "moto": installed("moto"), "python": python}


def write(file: Path, home: Path, aws: bytes, facts: dict[str, Any]) -> int:
    """Write a sealed snapshot, readable by its owner only. Returns its size in bytes.

    `facts` are shown in the header beside the versions. Raises OSError.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_HEADER, json.dumps({**facts, "versions": versions()}, sort_keys=True))
        archive.writestr(_AWS, aws)
        for name, content in _remembered(home):
            archive.writestr(_MEMORY + name, content)
    content = stream.getvalue()
    sealed = _MAGIC + _seal(_key(home, make=True), content) + b"\n" + content
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(sealed)
        scratch.replace(file)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
    return len(sealed)


def read(file: Path, home: Path) -> Snapshot:
    """Check seal and versions, and take the file apart. Nothing of it has been run.

    Raises ConfigError naming what is wrong and what helps.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _refused(
            file,
            f"it cannot be read: {error.strerror}",
            "give the file that `drstate sandbox snapshot FILE` wrote",
        ) from error
    if not content.startswith(_MAGIC):
        raise _refused(
            file,
            f"it does not begin with {_MAGIC.decode().strip()!r}",
            "give the file that `drstate sandbox snapshot FILE` wrote",
        )
    seal, _, rest = content[len(_MAGIC) :].partition(b"\n")
    key = _key(home, make=False)
    if key is None or not hmac.compare_digest(seal, _seal(key, rest)):
        raise _refused(
            file,
            "its seal does not fit: it was changed, or written under another home's key; reading "
            "it could run anything, so it is not read",
            f"make it again here; or, if you trust the home that wrote it, copy that home's "
            f"{KEY_FILE} to {home / KEY_FILE}",
        )
    with zipfile.ZipFile(io.BytesIO(rest)) as archive:
        header = json.loads(archive.read(_HEADER))
        _same_versions(file, header["versions"])
        memory = {
            name.removeprefix(_MEMORY): archive.read(name)
            for name in archive.namelist()
            if name.startswith(_MEMORY)
        }
        return Snapshot(header, archive.read(_AWS), memory)


def forget(home: Path) -> bool:
    """Remove what drstate itself remembers of the sandbox: its journal, its stacks.

    Whether there was anything.
    """
    journals = list(home.glob(f"{JOURNAL_FILE}*"))  # with its log and its backups
    for file in journals:
        file.unlink(missing_ok=True)
    for name in _FOLDERS:
        shutil.rmtree(home / name, ignore_errors=True)
    return bool(journals)


def remember(home: Path, memory: dict[str, bytes]) -> None:
    """Put back what a snapshot holds of drstate's memory, in place of what is there."""
    forget(home)
    for name, content in memory.items():
        target = home / name
        if not target.resolve().is_relative_to(home.resolve()):
            raise ConfigError(
                "The snapshot is refused.",
                why=f"it holds {name!r}, which is outside the home",
                hint="make it again with: drstate sandbox snapshot FILE",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)


def _remembered(home: Path) -> Iterator[tuple[str, bytes]]:
    journal = home / JOURNAL_FILE
    if journal.exists():
        # a copy by SQLite itself: what is only in its log yet is part of it
        with (
            closing(sqlite3.connect(journal)) as source,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            source.backup(copy)
            yield JOURNAL_FILE, copy.serialize()
    for folder in _FOLDERS:
        for path in sorted((home / folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(home).as_posix(), path.read_bytes()


def _key(home: Path, *, make: bool) -> bytes | None:
    """The home's key; made on first use, for its owner only."""
    path = home / KEY_FILE
    if not path.exists():
        if not make:
            return None
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_hex(_KEY_BYTES))
    return path.read_bytes()


def _seal(key: bytes | None, content: bytes) -> bytes:
    return hmac.new(key or b"", content, sha256).hexdigest().encode("ascii")


def _same_versions(file: Path, written: dict[str, str]) -> None:
    here = versions()
    other = [
        f"{name} {written.get(name, 'unknown')} (here: {number})"
        for name, number in here.items()
        if written.get(name) != number
    ]
    if other:
        raise _refused(
            file,
            f"it was written by {', '.join(other)}; a snapshot holds objects of these programs",
            "install the versions that wrote it, or make it again with these",
        )


def _refused(file: Path, why: str, hint: str) -> ConfigError:
    return ConfigError(f"The snapshot {file} is refused.", why=why, hint=hint)
