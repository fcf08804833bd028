"""``drstate audit``: who did what, when, over all executions, with the proof."""

from __future__ import annotations

import difflib
from datetime import UTC
from typing import Annotated

import typer

from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, Output, verb
from drstate_cli.payload import emit, emit_line
from drstate_cli.scoping import optional_scope
from drstate_cli.verbs.history import Since, Until

Execution = Annotated[
    str | None, typer.Argument(help="Only this execution; all if left out.", show_default=False)
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="USER", help="Only of this user, AWS identity or session's name."),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only events of this kind, say gate_decided (repeatable); all: every kind.",
        show_default="what people did, and ends",
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Walk the hash chains of what is listed; exit 1 if broken.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10000, help="How many, the newest.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("audit")(audit)


@verb
def audit(
    common: Common,
    execution: Execution = None,
    customer: Customer = None,
    environment: Environment = None,
    by: By = None,
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    verify: Verify = False,
    limit: Limit = 200,
) -> int:
    """Tell who did what, over all executions, hidden ones too. Reads the journal only."""
    from drstate.errors import ExitCode
    from drstate.execution.auditing import audit as ask
    from drstate.report.audit import PEOPLE
    from drstate_cli.render.audit import text

    kinds = _kinds(kind) if kind else PEOPLE
    with open_readers(common) as readers:
        found = ask(
            readers,
            execution=execution,
            scope=optional_scope(customer, environment),
            by=by,
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
            kinds=kinds,
            limit=limit,
            verify=verify,
        )
    document = found.model_dump(mode="json", by_alias=True, exclude={"schema_"})
    if common.output is Output.NDJSON:
        for row in document.pop("rows"):
            emit_line({"schema": "drstate.audit-row/1", **row})
        emit_line({"schema": found.schema_, "summary": document})
    else:
        emit(common, found.schema_, document, lambda: text(found, verify=verify))
    return int(ExitCode.FAILED if found.broken else ExitCode.OK)


def _kinds(named: list[str]) -> tuple[str, ...] | None:
    """The kinds that were named; None: all. Raises UsageError for one that there is not."""
    from typing import get_args

    from drstate.errors import UsageError
    from drstate.model.events import Payload

    if named == ["all"]:
        return None
    union = get_args(Payload)[0]
    known = sorted(one.model_fields["type"].default for one in get_args(union))
    for name in named:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"--kind {name!r} is no kind of event",
                why="the journal knows a fixed set of kinds",
                hint=f"did you mean {close[0]}?" if close else f"one of: all, {', '.join(known)}",
            )
    return tuple(named)
