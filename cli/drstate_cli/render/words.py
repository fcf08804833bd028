"""Small words that several renderers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: order and marks of stack operations, as Pulumi's users know them
MARKS = {
    "create": "+",
    "update": "~",
    "replace": "+-",
    "delete": "-",
    "same": " ",
    "read": ">",
    "refresh": "~",
    "import": "=",
    "discard": "<",
}


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def counts(by_op: Mapping[str, int]) -> str:
    """``3 create, 1 update, 4 same``; what changes comes first."""
    order = list(MARKS)
    order.remove("same")
    known = [op for op in [*order, "same"] if by_op.get(op)]
    return ", ".join(f"{by_op[op]} {op}" for op in known) or "no resources"


def table(rows: Iterable[tuple[str, ...]], indent: str = "") -> list[str]:
    """Left-aligned columns, two spaces apart, no trailing blanks."""
    listed = list(rows)
    if not listed:
        return []
    widths = [max(len(row[column]) for row in listed) for column in range(len(listed[0]))]
    return [
        (
            indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ).rstrip()
        for row in listed
    ]


def bare(key: str) -> str:
    """A resource key without its account: what fits a line and a person knows."""
    if key.startswith("arn:") or key.count("/") < 2:
        return key
    technology, _, rest = key.partition("/")
    return f"{technology}/{rest.partition('/')[2] or rest}"
