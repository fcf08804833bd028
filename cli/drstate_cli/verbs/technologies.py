"""``drstate technologies``: what can be recovered, and what each phase does for it."""

from __future__ import annotations

import textwrap

import typer

from drstate_cli.options import Common, verb
from drstate_cli.payload import emit

#: columns of the text
_WIDTH = 100


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("technologies")(technologies)


@verb
def technologies(common: Common) -> None:
    """List what can be recovered, and what each phase does. Made from the code."""
    from drstate.execution.technologies import matrix

    rows = matrix()

    def text() -> str:
        lines: list[str] = []
        for row in rows:
            finds = ", ".join(row.finds) or "named in the scope file"
            declares = ", ".join(row.declares) or "nothing"
            lines += [f"{row.technology}  {row.summary}"]
            facts = {"finds": finds, "declares": declares, **row.phases}
            for name, told in facts.items():
                lines += textwrap.wrap(
                    told,
                    _WIDTH,
                    initial_indent=f"    {name:<12}",
                    subsequent_indent=" " * 16,
                    break_on_hyphens=False,
                )
            lines.append("")
        lines.append(f"{len(rows)} technologies. Permissions: drstate iam policy --technology NAME")
        return "\n".join(lines)

    emit(
        common,
        "drstate.technologies/1",
        {"technologies": [row.model_dump(mode="json") for row in rows]},
        text,
    )
