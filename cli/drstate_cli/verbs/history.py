"""``drstate history``: past executions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_readers, open_services
from drstate_cli.options import Common, Customer, Environment, Message, verb
from drstate_cli.payload import emit, say
from drstate_cli.scoping import optional_scope

if TYPE_CHECKING:
    from drstate.model.events import ExecutionStatus

_FORMS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
Status = Annotated[
    str | None, typer.Option("--status", metavar="STATUS", help="Only those in this state.")
]
Since = Annotated[
    datetime | None,
    typer.Option("--since", metavar="TIME", formats=_FORMS, help="Begun then or later; UTC."),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", metavar="TIME", formats=_FORMS, help="Begun before this time; UTC."),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="USER", help="Begun by this user, AWS identity or session's name."
    ),
]
All = Annotated[bool, typer.Option("--all", help="With those that are hidden.")]
Hide = Annotated[
    str | None,
    typer.Option("--hide", metavar="ID", help="Leave this execution out of lists; journaled."),
]
Show = Annotated[
    str | None, typer.Option("--unhide", metavar="ID", help="Show it in lists again; journaled.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("history")(history)


@verb
def history(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    status: Status = None,
    since: Since = None,
    until: Until = None,
    by: By = None,
    all_: All = False,
    hide: Hide = None,
    unhide: Show = None,
    message: Message = "",
    limit: Limit = 20,
) -> None:
    """List past executions, newest first. `drstate audit` tells who did what."""
    from drstate_cli.render.history import text

    if hide or unhide:
        _hide(common, hide or unhide or "", hidden=hide is not None, message=message)
        return
    wanted = None if status is None else _status(status)
    with open_readers(common) as readers:
        found = readers.history(
            scope=optional_scope(customer, environment),
            limit=limit,
            status=wanted,
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
            by=by,
            hidden=all_,
        )
    if not found.rows and (wanted or since or until or by):
        say("no execution fits; without --status, --since, --until and --by there may be some")
    emit(
        common,
        "drstate.history/1",
        found.model_dump(mode="json", by_alias=True, exclude={"schema_"}),
        lambda: text(found),
    )


def _hide(common: Common, execution: str, *, hidden: bool, message: str) -> None:
    from drstate.execution.hiding import hide

    with open_services(common) as services:
        hide(services, execution, hidden=hidden, reason=message)
    word = "is left out of lists; drstate history --all shows it" if hidden else "is listed again"
    document = {"execution": execution, "hidden": hidden}
    emit(common, "drstate.hidden/1", document, lambda: f"execution {execution} {word}")


def _status(text: str) -> ExecutionStatus:
    from drstate.errors import UsageError
    from drstate.model.events import ExecutionStatus

    try:
        return ExecutionStatus(text.upper())
    except ValueError as error:
        raise UsageError(
            f"--status: {text!r} is not a state of an execution",
            why="an execution is in one of a few states",
            hint=f"one of: {', '.join(one.lower() for one in ExecutionStatus)}",
        ) from error
