"""``drstate doctor``: what this machine and project have, what is missing, and what mends it."""

from __future__ import annotations

from dataclasses import asdict

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, verb
from drstate_cli.payload import emit


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor")(doctor)


@verb
def doctor(common: Common) -> int:
    """Check this machine and project. Engine, backend, scope files and credentials."""
    from drstate.errors import ExitCode
    from drstate.execution.checkup import checkup

    with open_services(common) as services:
        found = checkup(services)

    def text() -> str:
        lines = [f"{fact.name:<12} {fact.value}" for fact in found.facts]
        for trouble in found.troubles:
            lines += ["", f"PROBLEM {trouble.what}", f"  mend: {trouble.mend}"]
        lines += ["", "everything is in place" if not found.troubles else ""]
        return "\n".join(lines).rstrip()

    emit(
        common,
        "drstate.doctor/1",
        {
            "facts": {fact.name: fact.value for fact in found.facts},
            "troubles": [asdict(trouble) for trouble in found.troubles],
        },
        text,
    )
    return int(ExitCode.FAILED if found.troubles else ExitCode.OK)
