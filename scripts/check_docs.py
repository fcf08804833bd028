"""Check the documentation: links that lead nowhere, commands that do not exist, stale numbers.

Refuses (exit 1) and lists everything it found; changes nothing.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
COMMAND = re.compile(r"`drstate ([a-z][a-z-]*)")
MAKE = re.compile(r"`make ([a-z]+)")


def main() -> int:
    """Print every problem. 0 where there is none."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    verbs = _verbs()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    problems = []
    for page in sorted(pages):
        text = page.read_text(encoding="utf-8")
        name = page.relative_to(ROOT)
        problems += [
            f"{name}: link to {link}, which does not exist"
            for link in LINK.findall(text)
            if not (page.parent / link).exists()
        ]
        problems += [
            f"{name}: `drstate {verb}` is not a command"
            for verb in COMMAND.findall(text)
            if verb not in verbs
        ]
        problems += [
            f"{name}: `make {target}` is not a target"
            for target in MAKE.findall(text)
            if target not in targets
        ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _verbs() -> set[str]:
    import typer

    from drstate_cli.main import app, command_paths

    return set(command_paths(typer.main.get_command(app)))


if __name__ == "__main__":
    sys.exit(main())
