"""``drstate preview``: both halves of what would happen, changing nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, ExpectNoChanges, Output, Parallel, Wish, verb
from drstate_cli.payload import emit, say
from drstate_cli.planned import header, make
from drstate_cli.scoping import scope_names

if TYPE_CHECKING:
    from drstate.execution.services import Services

Every = Annotated[bool, typer.Option("--all", help="Every scope of the project.")]
Changed = Annotated[
    str | None,
    typer.Option(
        "--changed",
        metavar="BASE",
        help="Every scope that a change touches: files that differ from where this left BASE.",
        show_default=False,
    ),
]
BaseName = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="BASE",
        help="Compare the predicted recovery time with this branch or commit.",
        show_default=False,
    ),
]
WriteTo = Annotated[
    Path | None,
    typer.Option(
        "--write-to",
        metavar="DIR",
        help="Write a comment (.md) and the whole (.json) of each scope there, and index.json.",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="N",
        help="Characters of a comment; what does not fit is cut in its details.",
        show_default="64000",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("preview")(preview)


@verb
def preview(
    common: Common,
    wish: Wish,
    parallel: Parallel = None,
    expect_no_changes: ExpectNoChanges = False,
    every: Every = False,
    changed: Changed = None,
    base: BaseName = None,
    write_to: WriteTo = None,
    limit: Limit = None,
) -> int:
    """Show what `up` would do. Pulumi's diff and the actions; changes nothing."""
    from drstate.errors import ExitCode
    from drstate_cli.reviewing import Many, review

    many = Many(every=every, changed=changed, base=base, write_to=write_to, limit=limit)
    if many.asked or common.output is Output.MD:
        code, empty = review(common, wish, many, parallel)
        if code == ExitCode.OK and expect_no_changes and not empty:
            return int(ExitCode.UNEXPECTED_CHANGES)
        return code
    return _one(common, wish, parallel, expect_no_changes)


def _one(common: Common, wish: Wish, parallel: int | None, expect_no_changes: bool) -> int:
    from drstate.errors import ExitCode
    from drstate.execution.hindrances import hindrances
    from drstate.execution.previewing import preview as look
    from drstate_cli.render import hindrances as hindered
    from drstate_cli.render.plan import preview_text

    with open_services(common) as services:
        planned = make(common, services, _due(common, services, wish), announce=common.machine)
        title = header(common, services, planned.plan)
        found = look(services, planned, parallel=parallel)
        now = hindrances(services, planned.scope, urgent=planned.plan.force, planned=planned)
    emit(
        common,
        "drstate.preview/1",
        found.model_dump(mode="json", by_alias=True, exclude={"schema_"}) | hindered.document(now),
        lambda: preview_text(found, planned.plan, title) + hindered.text(now),
    )
    if found.refusals or found.errors or planned.plan.unreached:
        return int(ExitCode.FAILED)
    if expect_no_changes and not found.empty:
        return int(ExitCode.UNEXPECTED_CHANGES)
    return int(ExitCode.OK)


def _due(common: Common, services: Services, wish: Wish) -> Wish:
    """The wish; where it names no phase, with the one that the scope is due for."""
    if wish.phase:
        return wish
    from drstate.execution.next_phase import next_phase

    scope = services.scope(*scope_names(common, wish.customer, wish.environment))
    due = next_phase(services.journal.load_catalog(scope.key))
    say(f"phase {due.phase}: {due.why}")
    return replace(wish, phase=[str(due.phase)])
