"""``drstate preview``: both halves of what would happen, changing nothing."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, ExpectNoChanges, Parallel, Wish, verb
from drstate_cli.payload import emit
from drstate_cli.planned import header, make


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("preview")(preview)


@verb
def preview(
    common: Common,
    wish: Wish,
    parallel: Parallel = None,
    expect_no_changes: ExpectNoChanges = False,
) -> int:
    """Show what `up` would do. Pulumi's diff and the actions; changes nothing."""
    from drstate.errors import ExitCode
    from drstate.execution.previewing import preview as look
    from drstate_cli.render.plan import preview_text

    with open_services(common) as services:
        planned = make(common, services, wish, announce=common.machine)
        title = header(common, services, planned.plan)
        found = look(services, planned, parallel=parallel)
    emit(
        common,
        "drstate.preview/1",
        found.model_dump(mode="json", by_alias=True, exclude={"schema_"}),
        lambda: preview_text(found, planned.plan, title),
    )
    if found.refusals or found.errors or planned.plan.unreached:
        return int(ExitCode.FAILED)
    if expect_no_changes and not found.empty:
        return int(ExitCode.UNEXPECTED_CHANGES)
    return int(ExitCode.OK)
