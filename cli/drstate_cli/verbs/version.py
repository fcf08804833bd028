"""``drstate version``."""

from __future__ import annotations

import typer

from drstate_cli.options import Common, verb
from drstate_cli.payload import emit


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("version")(version)


@verb
def version(common: Common) -> None:
    """Show the versions of drstate and of what it stands on."""
    from importlib.metadata import version as installed

    names = ("drstate", "pulumi", "pulumi-aws", "boto3", "pydantic")
    found = {name: installed(name) for name in names}
    emit(
        common,
        "drstate.version/1",
        {"packages": found},
        lambda: "\n".join(f"{name} {number}" for name, number in found.items()),
    )
