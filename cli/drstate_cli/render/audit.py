"""The audit as text: one line an event, oldest first, then what was proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.words import many, table

if TYPE_CHECKING:
    from drstate.report.audit import Audit


def text(found: Audit, *, verify: bool) -> str:
    """Rows with whole dates: they are of many days."""
    rows = [("TIME (UTC)", "EXECUTION", "SCOPE", "BY", "IDENTITY", "WHAT")]
    rows += [
        (
            f"{row.at:%Y-%m-%d %H:%M:%S}",
            f"{row.execution}#{row.seq}",
            str(row.scope),
            row.by,
            row.identity.rpartition(":")[2],
            row.what,
        )
        for row in found.rows
    ]
    lines = table(rows) if found.rows else ["nothing fits"]
    if found.more:
        lines += ["", "there are older ones: --limit, --since and --until choose"]
    if verify:
        lines += ["", f"the hash chains of {many(len(found.verified), 'execution')} are whole"]
        lines += [f"BROKEN {name}: {what}" for name, what in found.broken.items()]
    return "\n".join(lines)
