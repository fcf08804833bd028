"""A rollback as text: what it will undo, how far it has come, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drstate_cli.render.words import bare, duration, many, remedy

if TYPE_CHECKING:
    from drstate.journal.port import ExecutionHeader
    from drstate.model.events import Left, UndoStep
    from drstate.report.view import ExecutionView, RollbackView


def way_text(
    header: ExecutionHeader,
    waves: tuple[int, ...],
    steps: tuple[UndoStep, ...],
    left: Iterable[Left],
    later: tuple[str, ...] = (),
) -> str:
    """What a rollback will do, in its order. ``later``: stages that stay and came after."""
    chosen = f", waves {', '.join(map(str, waves))} only" if waves else ""
    phases = " + ".join(header.phases)
    lines = [
        f"{header.scope}  {phases}  execution {header.execution}  {header.status}",
        f"Rollback of {many(len(steps), 'step')}{chosen}, in this order:",
    ]
    lines += [f"  undo  {step.stage}  {step.title}" for step in steps] or ["  nothing"]
    if later:
        lines.append(f"  warning: {', '.join(later)} came after it, may rely on it, and stays")
    return "\n".join([*lines, *_left(left, "Cannot be undone, and stays:")])


def decisions_text(view: ExecutionView) -> list[str]:
    """Lines about overridden waves and the rollback; none where there were none."""
    lines = [
        f"  override: {row.stage} was UNHEALTHY; {row.by} went on at "
        f"{row.at:%H:%M:%S}: {row.reason}"
        for row in view.overrides
    ]
    return lines + (_rollback(view.rollback) if view.rollback else [])


def _rollback(found: RollbackView) -> list[str]:
    done = sum(str(row.state) == "done" for row in found.steps)
    chosen = f", waves {', '.join(map(str, found.waves))} only" if found.waves else ""
    reason = f": {found.reason}" if found.reason else ""
    count = many(len(found.steps), "step")
    lines = [f"  rollback by {found.by}{chosen}: {done} of {count} undone{reason}"]
    for row in found.steps:
        took = f"  {duration(row.seconds)}" if row.seconds is not None else ""
        state = "undone" if str(row.state) == "done" else str(row.state)
        lines.append(f"    {state}: {row.title}{took}")
        if row.error is not None:
            lines.append(f"      {row.error.what}")
            lines += remedy(row.error.why, row.error.hint, indent="      ")
    return lines + [f"    {line}" for line in _left(found.left, "left as it is:")]


def _left(left: Iterable[Left], title: str) -> list[str]:
    lines: list[str] = []
    for row in left:
        lines += [f"  {bare(row.what)}: {row.reason}", *remedy("", row.hint, indent="    ")]
    return [title, *lines] if lines else []
