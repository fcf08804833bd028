"""``drstate sandbox snapshot``, ``restore`` and ``scopes``: its state as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drstate.errors import ConfigError, OperationError, UsageError
from drstate_cli.opening import running_sandbox, sandbox_home
from drstate_cli.options import Common, verb
from drstate_cli.payload import emit, say

SNAPSHOT_SCHEMA = "drstate.sandbox.snapshot/1"
SCOPES_SCHEMA = "drstate.sandbox.scopes/1"

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]
Write = Annotated[
    Path | None,
    typer.Option(
        "--write", metavar="DIR", help="Write them below this folder.", show_default=False
    ),
]
Replace = Annotated[bool, typer.Option("--replace", help="Overwrite files that differ.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("snapshot")(snapshot)
    app.command("restore")(restore)
    app.command("scopes")(scopes)


@verb
def snapshot(common: Common, file: File) -> None:
    """Write the whole sandbox into a file: its AWS, and drstate's journal and stacks of it."""
    from drstate.sandbox import process

    running_sandbox(common)
    if not file.parent.is_dir():
        raise UsageError(
            f"{file} cannot be written",
            why=f"{file.parent} is not a folder",
            hint="make it, or name another file",
        )
    size = process.snapshot(sandbox_home(common), file)
    emit(
        common,
        SNAPSHOT_SCHEMA,
        {"file": str(file), "bytes": size},
        lambda: f"sandbox: {size / 1024:.0f} KiB written to {file}",
    )


@verb
def restore(common: Common, file: File) -> None:
    """Make the sandbox, and drstate's journal and stacks of it, what a snapshot says."""
    from drstate.sandbox import process

    found = process.restore(sandbox_home(common), file)
    say("sandbox: restored; journal and stacks are those of the snapshot")
    document = found.model_dump(mode="json", exclude={"control_token", "start_token"})
    emit(
        common,
        SNAPSHOT_SCHEMA,
        {"file": str(file), "status": document},
        lambda: f"endpoint  {found.endpoint}\nestate    {found.estate}",
    )


@verb
def scopes(common: Common, write: Write = None, replace: Replace = False) -> None:
    """Show or write the scope files that a generated estate comes with."""
    from drstate.sandbox import process

    status = running_sandbox(common)
    found = process.scopes(sandbox_home(common))
    if not found:
        raise OperationError(
            f"the estate {status.estate} comes with no scope files",
            why="those of the demo are in stacks/ of the project",
            hint="a generated estate has some: drstate sandbox start --estate generated",
        )
    if write is not None:
        _write(found, write, replace)
    emit(
        common,
        SCOPES_SCHEMA,
        {"scopes": found, "folder": None if write is None else str(write)},
        lambda: "\n".join(
            str(write / name) if write else f"# {name}\n{text}" for name, text in found.items()
        ),
    )


def _write(found: dict[str, str], folder: Path, replace: bool) -> None:
    others = [
        folder / name
        for name, text in found.items()
        if (folder / name).exists() and (folder / name).read_text(encoding="utf-8") != text
    ]
    if others and not replace:
        raise ConfigError(
            f"{len(others)} scope files would be overwritten",
            why=", ".join(str(one) for one in others[:3]),
            hint="give another folder, or --replace",
        )
    for name, text in found.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
