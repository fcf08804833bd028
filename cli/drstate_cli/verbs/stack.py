"""``drstate stack``: the state of every stack, whatever backend keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_readers, open_services
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit

if TYPE_CHECKING:
    from pathlib import Path

    from drstate.execution.readers import Readers
    from drstate.execution.stacklist import Wanted
    from drstate.report.stacks import StackList

app = typer.Typer(
    help="Stacks: one for each account, region and wave.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Waves = Annotated[
    list[int] | None,
    typer.Option("--wave", min=1, metavar="N", help="Only this wave (repeatable)."),
]
Sites = Annotated[
    list[str] | None,
    typer.Option("--site", metavar="REGION", help="Only this region, or global (repeatable)."),
]


@app.callback()
def stack() -> None:
    """Stacks: one for each account, region and wave."""


@app.command("ls")
@verb
def ls(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    wave: Waves = None,
    site: Sites = None,
) -> None:
    """List stacks with their state. By customer, environment, site and wave."""
    from drstate.execution.stacklist import Wanted
    from drstate_cli.render.stacks import text

    wanted = Wanted(customer, environment, tuple(wave or ()), tuple(site or ()))
    with open_readers(common) as readers:
        found = _read(common, readers, wanted).model_copy(update={"sandbox": common.sandbox})
    document = found.model_dump(mode="json", by_alias=True, exclude={"schema_"})
    emit(common, "drstate.stacks/1", document, lambda: text(found))


def _read(common: Common, readers: Readers, wanted: Wanted) -> StackList:
    from drstate.execution.stacklist import stacks_in_folder, stacks_of_backend

    folder, project, backend = _place(common)
    if folder is not None:
        return stacks_in_folder(folder, project, readers.journal, wanted, backend)
    with open_services(common) as services:
        return stacks_of_backend(services.stacks, readers.journal, wanted, backend)


def _place(common: Common) -> tuple[Path | None, str, str]:
    """The folder of the backend, if it is one; the project's name; the backend's address."""
    import os
    from dataclasses import replace

    from drstate.engine.places import chosen
    from drstate.engine.settings import PROJECT, EngineSettings
    from drstate.execution.readers import STATE_FOLDER

    if common.sandbox:
        state = (common.home / "sandbox" / STATE_FOLDER).resolve()
        return state, PROJECT, state.as_uri()
    plain = EngineSettings(work_dir=common.cwd)
    settings = replace(plain, backend_url=chosen(plain, os.environ)[0])
    backend = settings.backend(os.environ)
    if not backend:
        from drstate.engine.backends import backend_of

        backend = backend_of(settings, os.environ)
    folder = replace(settings, backend_url=backend or None).backend_folder(os.environ)
    return folder, str(settings.project()["name"]), backend
