"""Pins for running drstate without its tests: the parts of requirements/dev.txt that it needs.

A part is what the metadata of the installed packages asks for, in the versions and with the
hashes of dev.txt; nothing is resolved anew. With the extras that an estate may need; run.txt is
without the sandbox, rehearse.txt with it. ``--check`` changes nothing and exits 1 on a difference.
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
#: file -> the project's extras that it is for
TARGETS = {"run.txt": ("ontap",), "rehearse.txt": ("ontap", "sandbox")}
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def main() -> int:
    """Write the files, or with ``--check`` compare them."""
    pins = _pins(SOURCE.read_text(encoding="utf-8"))
    code = 0
    for name, extras in TARGETS.items():
        wanted = _closure(_own(extras))
        missing = sorted(wanted - pins.keys())
        if missing:
            print(f"requirements/dev.txt does not pin {', '.join(missing)}", file=sys.stderr)
            return 1
        text = "".join(pins[one] for one in sorted(wanted))
        target = SOURCE.with_name(name)
        if "--check" not in sys.argv[1:]:
            target.write_text(text, encoding="utf-8")
        elif not target.is_file() or target.read_text(encoding="utf-8") != text:
            print(f"requirements/{name} is old: run scripts/lock_run.py", file=sys.stderr)
            code = 1
    return code


def _pins(text: str) -> dict[str, str]:
    """Each package's lines, by its name."""
    starts = [(found.start(), found[1]) for found in _NAME.finditer(text)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return {
        canonicalize_name(name): text[start:end].rstrip() + "\n"
        for (start, name), end in zip(starts, ends, strict=True)
    }


def _own(extras: tuple[str, ...]) -> list[Requirement]:
    """What the project and its build ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in extras:
        asked += project["project"]["optional-dependencies"][extra]
    return [Requirement(one) for one in asked]


def _closure(asked: list[Requirement]) -> set[str]:
    """These packages and all that they ask for on any system that dev.txt was made for."""
    found: set[tuple[str, str]] = set()
    left = [(canonicalize_name(one.name), extra) for one in asked for extra in ("", *one.extras)]
    while left:
        name, extra = left.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        try:
            needed = [Requirement(one) for one in requires(name) or ()]
        except PackageNotFoundError:
            continue  # of another system; it is pinned all the same
        left += [
            (canonicalize_name(one.name), more)
            for one in needed
            if one.marker is None or one.marker.evaluate({"extra": extra})
            for more in ("", *one.extras)
        ]
    return {name for name, _ in found}


if __name__ == "__main__":
    sys.exit(main())
