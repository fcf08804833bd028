"""The generated parts of docs/technologies.md and of docs/technologies/<technology>.md.

``python scripts/technologies.py`` writes them between their markers; with ``--check`` it changes
nothing and exits 1 where a page is not what the code says. Prose is left alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from drstate.adapters.base import Adapter
from drstate.adapters.registry import built_in
from drstate.execution.technologies import told
from drstate.model.grant import Grant
from drstate.model.phases import Phase
from drstate.programs.owners import Owner, Owners
from drstate.programs.registry import program_for

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "technologies.md"
FOLDER = DOCS / "technologies"
#: in the order in which they follow each other
PHASES = (Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE, Phase.CLEANUP)
END = "<!-- end -->"


def pages() -> dict[Path, str]:
    """Every page as the code has it. Raises ValueError for a page or a marker too few."""
    made = {PAGE: _filled(PAGE, {"matrix": _matrix()})}
    for adapter in built_in():
        path = FOLDER / f"{adapter.technology}.md"
        if not path.is_file():
            raise ValueError(f"{path.relative_to(DOCS.parent)} is missing")
        program = program_for(adapter.technology)
        blocks = {f"permissions {adapter.technology}": _permissions(adapter)}
        if program is not None and program.owners:
            blocks[f"ownership {adapter.technology}"] = _ownership(program.owners)
        made[path] = _filled(path, blocks)
    return made


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = [path for path, text in pages().items() if path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is stale: run python {sys.argv[0]}", file=sys.stderr)
        return int(bool(stale))
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


def _filled(path: Path, blocks: Mapping[str, str]) -> str:
    page = path.read_text(encoding="utf-8")
    for name, text in blocks.items():
        start = f"<!-- generated: {name} -->"
        pattern = re.compile(re.escape(start) + r".*?" + re.escape(END), re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"{path.name} has no marker {start}")
        head, tail = pattern.split(page, maxsplit=1)
        page = f"{head}{start}\n{text}{END}{tail}"
    return page


def _matrix() -> str:
    lines = [
        f"| technology | {' | '.join(PHASES)} |",
        "|---" * (len(PHASES) + 1) + "|",
    ]
    for adapter in built_in():
        name = adapter.technology
        cells = " | ".join(_cell(told(adapter, phase)) for phase in PHASES)
        lines.append(f"| [{name}](technologies/{name}.md) | {cells} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", r"\|")


def _ownership(tables: Mapping[str, Owners]) -> str:
    lines = ["| resource | property | owner | why |", "|---|---|---|---|"]
    for heading, owners in tables.items():
        for token, items in owners.items():
            kind = token.rpartition(":")[2] + (f" ({heading})" if heading else "")
            ours = ", ".join(i.name for i in items if i.owner is Owner.PROGRAM)
            if ours:
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
    lines += _rows(adapter.drill_grants, "drills")
    return "\n".join(lines) + "\n"


def _rows(grants: tuple[Grant, ...], by: str) -> Iterator[str]:
    for grant in grants:
        yield f"| {grant.why} | {', '.join(sorted(set(grant.actions)))} | {by} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
