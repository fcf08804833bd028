"""Stacks as text: a line each, and under it whatever wants attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.words import many, table

if TYPE_CHECKING:
    from drstate.report.stacks import StackList, StackRow

_HEAD = ("STACK", "SITE", "WAVE", "STATE", "RESOURCES", "LAST UPDATE (UTC)", "RESULT", "EXECUTION")


def text(found: StackList) -> str:
    """All of them, scope by scope."""
    if not found.stacks:
        return "no stacks here; the first ones: drstate up --phase replicate -c … -e …"
    lines = table([_HEAD, *(_cells(row) for row in found.stacks)])
    notes = [note for row in found.stacks for note in _notes(row)]
    links = [f"  {row.stack}: {row.permalink}" for row in found.stacks if row.permalink]
    failed = sum(row.result == "failed" for row in found.stacks)
    told = f"{many(len(found.stacks), 'stack')} in {found.backend}"
    told += f", the last update of {failed} failed" if failed else ""
    told += "  SANDBOX" if found.sandbox else ""
    return "\n".join(
        [*lines, *(["", *notes] if notes else []), *(["", *links] if links else []), "", told]
    )


def _cells(row: StackRow) -> tuple[str, ...]:
    stage = f" {row.stage}" if row.stage else ""
    return (
        row.stack,
        f"{row.region} ({row.role})" if row.role not in ("", row.region) else row.region,
        row.wave,
        f"drill {row.drill}" if row.drill else row.site_state or "-",
        "-" if row.resources is None else str(row.resources),
        f"{row.last_update:%Y-%m-%d %H:%M:%S}" if row.last_update else "never",
        row.result or "-",
        (row.execution + stage) if row.execution else (row.message or "-"),
    )


def _notes(row: StackRow) -> list[str]:
    notes = []
    if row.locked_by:
        notes.append(f"{row.stack}: locked by {row.locked_by}")
    if row.pending_operations:
        what = f"{many(row.pending_operations, 'operation')} without an end"
        notes.append(f"{row.stack}: {what}; the next drstate up, or drstate resume, clears this up")
    if row.problem:
        notes.append(f"{row.stack}: NOT READ {row.problem}")
    return notes
