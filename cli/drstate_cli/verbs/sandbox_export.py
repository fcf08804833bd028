"""``drstate sandbox export``: a scope as a file that a sandbox can be started from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drstate.errors import UsageError
from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit, say
from drstate_cli.scoping import scope_names

if TYPE_CHECKING:
    from drstate.execution.exporting import Exported

SCHEMA = "drstate.sandbox.export/1"
#: masked values that a text names
SHOWN = 10

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("export")(export)


@verb
def export(
    common: Common, file: File, customer: Customer = None, environment: Environment = None
) -> None:
    """Write a scope and its catalog into a file, without secrets. AWS is not asked."""
    from drstate.execution.exporting import export as exported

    names = scope_names(common, customer, environment)
    if not file.parent.is_dir():
        raise UsageError(
            f"{file} cannot be written",
            why=f"{file.parent} is not a folder",
            hint="make it, or name another file",
        )
    with open_readers(common) as readers:
        found = exported(readers, common.cwd, *names)
    text = found.file.model_dump_json(by_alias=True) + "\n"
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written",
            why=error.strerror or str(error),
            hint="name another file",
        ) from None
    for line in found.masked[:SHOWN]:
        say(f"masked    {line}")
    if len(found.masked) > SHOWN:
        say(f"masked    … and {len(found.masked) - SHOWN} more: -o json names all")
    emit(
        common,
        SCHEMA,
        {
            "file": str(file),
            "scope": "/".join(names),
            "resources": found.resources,
            "bytes": len(text.encode()),
            "masked": list(found.masked),
        },
        lambda: _text(file, "/".join(names), found),
    )


def _text(file: Path, scope: str, found: Exported) -> str:
    return "\n".join(
        [
            f"export    {scope}: {found.resources} resources in {file}",
            f"next      drstate sandbox start --estate captured:{file}",
        ]
    )
