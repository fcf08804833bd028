"""Pins for running drstate without its tests: the part of requirements/dev.txt that it needs.

The part is what the metadata of the installed packages asks for, in the versions and with the
hashes of dev.txt; nothing is resolved anew. With the extras that an estate may need, without the
sandbox. ``--check`` changes nothing and exits 1 on a difference.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "requirements" / "dev.txt"
TARGET = ROOT / "requirements" / "run.txt"
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def main() -> int:
    """Write the file, or with ``--check`` compare it."""
    pins = _pins(SOURCE.read_text(encoding="utf-8"))
    wanted = _closure(_own())
    missing = sorted(wanted - pins.keys())
    if missing:
        print(f"requirements/dev.txt does not pin {', '.join(missing)}", file=sys.stderr)
        return 1
    text = "".join(pins[name] for name in sorted(wanted))
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != text:
        print("requirements/run.txt is old: run scripts/lock_run.py", file=sys.stderr)
        return 1
    return 0


def _pins(text: str) -> dict[str, str]:
    """Each package's lines, by its name."""
    starts = [(found.start(), found[1]) for found in _NAME.finditer(text)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return {
        canonicalize_name(name): text[start:end].rstrip() + "\n"
        for (start, name), end in zip(starts, ends, strict=True)
    }


def _own() -> set[str]:
    """What the project and its build ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    asked += project["project"]["optional-dependencies"]["ontap"]
    return {canonicalize_name(Requirement(one).name) for one in asked}


def _closure(names: set[str]) -> set[str]:
    """These packages and all that they ask for on any system that dev.txt was made for."""
    found: set[str] = set()
    while names - found:
        name = (names - found).pop()
        found.add(name)
        try:
            asked = [Requirement(one) for one in requires(name) or ()]
        except PackageNotFoundError:
            continue  # of another system; it is pinned all the same
        names |= {
            canonicalize_name(one.name)
            for one in asked
            if one.marker is None or one.marker.evaluate({"extra": ""})
        }
    return found


if __name__ == "__main__":
    sys.exit(main())
