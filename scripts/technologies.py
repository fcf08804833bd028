"""The generated parts of docs/technologies.md: what each technology calls, declares and ignores.

``python scripts/technologies.py`` writes them into the page between their markers; with ``--check``
it changes nothing and exits 1 where the page is not what the code says. Prose is left alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from drstate.adapters.base import Adapter, Grant
from drstate.adapters.registry import built_in
from drstate.programs.owners import Owner, Owners
from drstate.programs.registry import program_for

PAGE = Path(__file__).resolve().parent.parent / "docs" / "technologies.md"


def blocks() -> dict[str, str]:
    """Marker -> Markdown."""
    made: dict[str, str] = {}
    for adapter in built_in():
        program = program_for(adapter.technology)
        if program is not None and program.owners:
            made[f"ownership {adapter.technology}"] = _ownership(program.owners)
        made[f"permissions {adapter.technology}"] = _permissions(adapter)
    return made


def rendered(page: str) -> str:
    """The page with its blocks as the code has them. Raises ValueError for a marker too few."""
    for name, text in blocks().items():
        start, end = f"<!-- generated: {name} -->", "<!-- end -->"
        pattern = re.compile(re.escape(start) + r".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"{PAGE.name} has no marker {start}")
        head, tail = pattern.split(page, maxsplit=1)
        page = f"{head}{start}\n{text}{end}{tail}"
    return page


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    page = PAGE.read_text(encoding="utf-8")
    fresh = rendered(page)
    if "--check" in arguments:
        if page != fresh:
            print(f"{PAGE} is stale: run python {sys.argv[0]}", file=sys.stderr)
        return int(page != fresh)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


def _ownership(tables: Mapping[str, Owners]) -> str:
    lines = ["| resource | property | owner | why |", "|---|---|---|---|"]
    for heading, owners in tables.items():
        for token, items in owners.items():
            kind = token.rpartition(":")[2] + (f" ({heading})" if heading else "")
            ours = ", ".join(i.name for i in items if i.owner is Owner.PROGRAM)
            lines.append(f"| {kind} | {ours} | program | |")
            lines += [
                f"| {kind} | {item.name} | {item.owner} | {item.why} |"
                for item in items
                if item.owner is not Owner.PROGRAM
            ]
    return "\n".join(lines) + "\n"


def _permissions(adapter: Adapter) -> str:
    lines = ["| for | actions | made by |", "|---|---|---|"]
    lines += _rows(adapter.grants, "actions, capture, health")
    lines += _rows(adapter.stack_grants, "stack updates")
    return "\n".join(lines) + "\n"


def _rows(grants: tuple[Grant, ...], by: str) -> Iterator[str]:
    for grant in grants:
        yield f"| {grant.why} | {', '.join(sorted(grant.actions))} | {by} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
