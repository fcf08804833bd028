"""``drstate technologies``: what can be recovered."""

from __future__ import annotations

import typer

from drstate_cli.options import Common, verb
from drstate_cli.payload import emit


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("technologies")(technologies)


@verb
def technologies(common: Common) -> None:
    """List what can be recovered. With the IAM permissions that it needs."""
    from drstate.adapters.registry import load_adapters

    rows = [
        {
            "technology": adapter.technology,
            "summary": adapter.summary,
            "finds": [claim.explorer_type for claim in adapter.claims],
            "services": list(adapter.services),
            "permissions": list(adapter.permissions()),
        }
        for adapter in load_adapters()
    ]

    def text() -> str:
        lines = []
        for row in rows:
            finds = ", ".join(row["finds"]) or "named in the scope file"
            lines += [
                f"{row['technology']:<10} {row['summary']}",
                f"{'':<10} finds: {finds}",
                f"{'':<10} {len(row['permissions'])} IAM permissions (all with -o json)",
            ]
        return "\n".join(lines)

    emit(common, "drstate.technologies/1", {"technologies": rows}, text)
