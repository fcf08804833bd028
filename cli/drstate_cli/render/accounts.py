"""How each account fares in an execution, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.words import table

if TYPE_CHECKING:
    from drstate.report.accounts import AccountStatus
    from drstate.report.view import ExecutionView


def text(view: ExecutionView, rows: tuple[AccountStatus, ...]) -> str:
    """A line an account, under the execution's own."""
    head = ("ACCOUNT", "REGIONS", "STATE", "RESOURCE STEPS", "DONE", "FAILED", "RUNNING", "IN")
    cells = [
        (
            row.account,
            ", ".join(row.regions),
            str(row.state),
            str(row.resources),
            str(row.done),
            str(row.failed or ""),
            str(row.running or ""),
            ", ".join(row.failed_stages),
        )
        for row in rows
    ]
    first = f"{view.status}  {view.scope}  {view.meant}  execution {view.execution}"
    return "\n".join([first, "", *table([head, *cells], indent="  ")])
