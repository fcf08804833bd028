"""Small words that several renderers share."""

from __future__ import annotations

import textwrap
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
#: narrower than this no line is broken: it would only get worse
_NARROWEST = 40


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 10 min``. Whole numbers are estimates: ``5 s``."""
    if seconds is None:
        return ""
    if isinstance(seconds, int) and seconds < 60:
        return f"{seconds} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def many(count: int, noun: str) -> str:
    """``1 action``, ``2 actions``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def counts(by_op: Mapping[str, int]) -> str:
    """``3 create, 1 update, 4 same``; what changes comes first."""
    order = list(MARKS)
    order.remove("same")
    known = [op for op in [*order, "same"] if by_op.get(op)]
    return ", ".join(f"{by_op[op]} {op}" for op in known) or "no resources"


def table(rows: Iterable[tuple[str, ...]], indent: str = "") -> list[str]:
    """Left-aligned columns, two spaces apart, no trailing blanks, no column that is all empty."""
    listed = list(rows)
    if not listed:
        return []
    widths = [max(len(row[column]) for row in listed) for column in range(len(listed[0]))]
    return [
        (
            indent
            + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        ).rstrip()
        for row in listed
    ]


def bare(key: str) -> str:
    """A resource key without its account: what fits a line and a person knows."""
    if key.startswith("arn:") or key.count("/") < 2:
        return key
    technology, _, rest = key.partition("/")
    return f"{technology}/{rest.partition('/')[2] or rest}"


def remedy(why: str, hint: str, indent: str = "  ") -> list[str]:
    """The lines under an error: its cause and what helps, as far as they are known."""
    lines = [f"{indent}why:  {hanging(why, indent)}"] if why else []
    return lines + ([f"{indent}help: {hanging(hint, indent)}"] if hint else [])


def hanging(text: str, indent: str = "  ") -> str:
    """A text of several lines, each under the first one, behind ``why:  `` or ``help: ``."""
    return text.replace("\n", f"\n{indent}{' ' * len('help: ')}")


def waits(needs: tuple[str, ...] | None) -> str:
    """What a stage waits for, where waves overlap; else the order says it."""
    if needs is None:
        return ""
    return f"  waits for {', '.join(needs)}" if needs else "  waits for nothing"


def conditional(when: str | None) -> list[str]:
    """The line of a wave that is run on a condition only."""
    return [f"  only if {when}"] if when else []


def placed(place: str | None) -> str:
    """Where hooks of a whole wave stand."""
    return f"  {place} the wave" if place in ("before", "after") else ""


def left_out(resource: str, reason: str, mend: str) -> list[str]:
    """A resource that a plan leaves out. Its name is said once, however long it is."""
    return [
        f"  {bare(resource)}",
        *remedy(
            reason.removeprefix(f"{resource}: "), mend.replace(f" on {resource}", ""), indent="    "
        ),
    ]


def folded(text: str, width: int) -> str:
    """The text with lines of at most ``width`` columns, continued four columns further in."""
    if width < _NARROWEST:
        return text
    return "\n".join(part for line in text.split("\n") for part in _fold(line, width))


def _fold(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
