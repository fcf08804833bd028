"""``drstate preview``: both halves of what would happen, changing nothing."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import (
    ApprovalMode,
    Common,
    Customer,
    Environment,
    ExpectNoChanges,
    Force,
    Parallel,
    Phases,
    Targets,
    To,
    Waves,
    verb,
)
from drstate_cli.payload import emit
from drstate_cli.planned import Wish, make


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("preview")(preview)


@verb
def preview(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    phase: Phases = None,
    wave: Waves = None,
    target: Targets = None,
    approval: ApprovalMode = None,
    force: Force = False,
    to: To = None,
    parallel: Parallel = None,
    expect_no_changes: ExpectNoChanges = False,
) -> int:
    """Show what `up` would do. Pulumi's diff and the actions; changes nothing."""
    from drstate.errors import ExitCode
    from drstate.execution.previewing import preview as look
    from drstate_cli.render.plan import preview_text

    wish = Wish(customer, environment, phase, wave, target, approval, force, to)
    with open_services(common) as services:
        planned = make(common, services, wish)
        found = look(services, planned, parallel=parallel)
    emit(
        common,
        "drstate.preview/1",
        found.model_dump(mode="json", by_alias=True, exclude={"schema_"}),
        lambda: preview_text(found, planned.plan),
    )
    if found.refusals or found.errors:
        return int(ExitCode.FAILED)
    if expect_no_changes and not found.empty:
        return int(ExitCode.UNEXPECTED_CHANGES)
    return int(ExitCode.OK)
