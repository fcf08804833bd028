"""A digest of the code that would run a plan: drstate's own, and that of installed adapters.

Reading every module takes longer than a plan may wait for; so the digest is kept in a file beside
the journal with the sizes and times of the modules it was made of, and made anew when one differs.
A file that cannot be read or written costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import drstate

FILE = "code-digest.json"
#: entry points by which packages bring code that plans run
_GROUP = "drstate.adapters"


def code_digest(home: Path) -> str:
    """sha256 over the modules, hexadecimal. ``home``: the journal's folder."""
    return digest_of(roots(), home / FILE)


def roots() -> list[Path]:
    """Folders (or single modules) of drstate and of the packages that bring adapters."""
    found = [Path(next(iter(drstate.__path__)))]
    for point in sorted(entry_points(group=_GROUP), key=lambda one: one.name):
        with suppress(ImportError, ValueError):
            spec = find_spec(point.module.partition(".")[0])
            if spec is not None:
                places = list(spec.submodule_search_locations or ())
                found += [Path(one) for one in places or ([spec.origin] if spec.origin else [])]
    return list(dict.fromkeys(found))


def digest_of(places: Iterable[Path], cache: Path) -> str:
    """The digest of all modules below ``places``; remembered in the file ``cache``."""
    files = [(root, *row) for root in places for row in sorted(_modules(root))]
    shown = [f"{path} {size} {changed}" for _, path, size, changed in files]
    signature = hashlib.sha256("\n".join(shown).encode()).hexdigest()
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(cache.read_text(encoding="utf-8"))
        if known["signature"] == signature:
            return str(known["digest"])
    found = hashlib.sha256()
    for root, path, _, _ in files:
        # named from its root: the same code in another folder is the same
        found.update(f"{Path(path).relative_to(root)}\0".encode())
        found.update(hashlib.sha256(Path(path).read_bytes()).digest())
    digest = found.hexdigest()
    with suppress(OSError):
        _replace(cache, json.dumps({"signature": signature, "digest": digest}))
    return digest


def _modules(place: Path) -> Iterator[tuple[str, int, int]]:
    """Path, size in bytes and time of change in nanoseconds of each module."""
    if place.is_file():
        known = place.stat()
        yield str(place), known.st_size, known.st_mtime_ns
        return
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _modules(Path(entry.path))
            elif entry.name.endswith(".py"):
                known = entry.stat()
                yield entry.path, known.st_size, known.st_mtime_ns


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
