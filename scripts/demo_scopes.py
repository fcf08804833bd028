"""The scope file of initech/production, which has one resource of every technology.

``python scripts/demo_scopes.py`` writes it from the demo estate; with ``--check`` it changes
nothing and exits 1 where the file is not what the estate says.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

STACKS = Path(__file__).resolve().parent.parent / "stacks"


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    from drstate.sandbox import process

    with TemporaryDirectory() as home:
        process.start(Path(home), time_scale=0.0)
        try:
            scopes = process.scopes(Path(home))
        finally:
            process.stop(Path(home))
    stale = 0
    for path, text in scopes.items():
        file = STACKS / path
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale = 1
        if "--check" in arguments:
            print(f"{file} is stale: run python {sys.argv[0]}", file=sys.stderr)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return stale if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
