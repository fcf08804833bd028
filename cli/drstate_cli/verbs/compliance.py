"""``drstate compliance``: past recoveries against what was promised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit
from drstate_cli.scoping import optional_scope
from drstate_cli.verbs.history import Since, Until

Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many.")]
Drills = Annotated[bool, typer.Option("--drills/--no-drills", help="Whether drills count.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("compliance")(compliance)


@verb
def compliance(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    since: Since = None,
    until: Until = None,
    drills: Drills = True,
    limit: Limit = 100,
) -> None:
    """Show how past recoveries kept their targets. By wave, priority and account."""
    from drstate.execution.complying import complying
    from drstate_cli.render.compliance import text

    with open_readers(common) as readers:
        found = complying(
            readers,
            optional_scope(customer, environment),
            limit=limit,
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
            drills=drills,
            now=datetime.now(UTC),
        )
    document = found.model_dump(mode="json", by_alias=True, exclude={"schema_"})
    emit(common, "drstate.compliance/1", document, lambda: text(found))
