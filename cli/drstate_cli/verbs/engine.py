"""``drstate engine``: what carries stack updates here, and its installation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, verb
from drstate_cli.payload import emit

app = typer.Typer(
    help="Show or install what carries stack updates.", no_args_is_help=True, rich_markup_mode=None
)
SCHEMA = "drstate.engine/1"

Version = Annotated[
    str | None,
    typer.Option("--version", metavar="X.Y.Z", help="Of the CLI.", show_default="the SDK's"),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", help="Where to.", show_default="~/.pulumi/versions/…"),
]
PluginFile = Annotated[
    Path | None,
    typer.Option(
        "--plugin-file",
        metavar="FILE",
        help="Archive of the aws plugin, brought by hand.",
        show_default=False,
    ),
]


@app.command("show")
@verb
def show(common: Common) -> None:
    """Show which engine is used here and where it came from."""
    with open_services(common) as services:
        found = services.engine()
    document = {"engine": found.name, "version": found.version, "origin": found.origin}
    emit(common, SCHEMA, document, lambda: str(found))


@app.command("install")
@verb
def install(
    common: Common, version: Version = None, root: Root = None, plugin_file: PluginFile = None
) -> None:
    """Install the Pulumi CLI and the aws plugin. Do it in a recovery region before it is needed."""
    from drstate.execution.engine_setup import set_up

    found = set_up(version, root, plugin_file)
    emit(
        common,
        SCHEMA,
        asdict(found),
        lambda: f"{found.engine} {found.version} ({found.origin})\nplugin {found.plugin}",
    )
