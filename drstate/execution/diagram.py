"""Draws the state tables as a page of docs. ``python -m drstate.execution.diagram`` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from drstate.execution.states import EXECUTION_TRANSITIONS, STEP_TRANSITIONS, StateT, Transition

#: where the page is kept in the repository
PAGE = "docs/execution-states.md"

_HEAD = """\
# States of an execution

Drawn from the tables in `drstate/execution/states.py` by `python -m drstate.execution.diagram`; a
test draws it again and compares. A transition that is not listed here is refused.
"""
_RESUMING = (
    "PAUSED and FAILED executions go on with `drstate resume`, or back with `drstate rollback`.\n"
    "Once a rollback has begun, it can only be repeated. COMPLETED and CANCELLED are final; an\n"
    "execution that was rolled back as a whole is CANCELLED.\n"
)


def page() -> str:
    """The whole page, ending in a newline."""
    parts = [
        _HEAD,
        _section("Execution", EXECUTION_TRANSITIONS),
        _RESUMING,
        _section("Step (a stack update or an action)", STEP_TRANSITIONS),
    ]
    return "\n".join(parts)


def _section(title: str, rows: Iterable[Transition[StateT]]) -> str:
    known = sorted(rows, key=_rank)
    lines = [f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {known[0].before}"]
    lines += [f"    {row.before} --> {row.after}: {row.reason}" for row in known]
    lines += ["```", "", "| from | to | because |", "|---|---|---|"]
    lines += [f"| {row.before} | {row.after} | {row.reason} |" for row in known]
    return "\n".join([*lines, ""])


def _rank(row: Transition[StateT]) -> tuple[int, int]:
    members = list(type(row.before))
    return members.index(row.before), members.index(row.after)


if __name__ == "__main__":
    sys.stdout.write(page())
