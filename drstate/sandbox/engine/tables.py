"""Plain-text tables and JSON as the CLI prints them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def pretty(value: Any) -> str:
    """JSON, indented by two."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, two spaces between columns; a cell of several lines makes several."""
    split = [[cell.split("\n") for cell in row] for row in rows]
    count = max((len(row) for row in rows), default=0)
    widths = [max(len(line) for row in split for line in row[index]) for index in range(count)]
    lines = []
    for row in split:
        for depth in range(max(len(cell) for cell in row)):
            parts = [cell[depth] if depth < len(cell) else "" for cell in row]
            padded = [part.ljust(width) for part, width in zip(parts, widths, strict=True)]
            lines.append("  ".join(padded).rstrip())
    return lines
