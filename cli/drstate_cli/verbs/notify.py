"""``drstate notify``: who is told of executions, whether they are reached, and a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit
from drstate_cli.scoping import optional_scope, scope_names

if TYPE_CHECKING:
    from drstate.execution.services import Services
    from drstate.model.scope import Scope
    from drstate.report.recipients import Standing

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RECIPIENT]...", help="Only these recipients.", show_default=False),
]
Strays = Annotated[
    bool, typer.Option("--strays", help="Those whose recipient is declared no more.")
]

app = typer.Typer(help="Who is told of executions.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def notify() -> None:
    """Who is told of executions."""


@app.command("list")
@verb
def list_(common: Common, customer: Customer = None, environment: Environment = None) -> None:
    """List topics, recipients and rules. Whether each recipient is reached, and the last trials."""
    from drstate.execution.trying import standing
    from drstate_cli.render.recipients import listed

    with open_services(common) as services:
        key = optional_scope(customer, environment)
        keys = [key] if key is not None else services.scopes()
        scopes = [services.scope(one.customer, str(one.environment)) for one in keys]
        found = [(scope, standing(services, scope)) for scope in scopes]
    document = {
        "scopes": [
            {
                **one.model_dump(mode="json", by_alias=True, exclude={"schema_"}),
                "topics": [row.model_dump(mode="json") for row in scope.notifications.topics],
                "rules": [row.model_dump(mode="json") for row in scope.notifications.rules],
            }
            for scope, one in found
        ]
    }
    emit(common, "drstate.recipients/1", document, lambda: listed(found))


@app.command("subscribe")
@verb
def subscribe(
    common: Common,
    recipient: Names = None,
    customer: Customer = None,
    environment: Environment = None,
) -> int:
    """Subscribe a scope's recipients. Those who have not agreed are asked once more."""
    from drstate.execution.subscribing import Subscriptions

    with open_services(common) as services:
        scope = _scope(services, common, customer, environment)
        found = Subscriptions(services, scope).subscribe(recipient or ())
    return _told(common, scope, found)


@app.command("unsubscribe")
@verb
def unsubscribe(
    common: Common,
    recipient: Names = None,
    customer: Customer = None,
    environment: Environment = None,
    strays: Strays = False,
) -> int:
    """Take back subscriptions. Of the recipients named, or of those declared no more."""
    from drstate.errors import ExitCode, UsageError
    from drstate.execution.subscribing import Subscriptions

    if bool(recipient) == strays:
        raise UsageError(
            "whose subscriptions are to end?",
            why="either recipients are named, or --strays is",
            hint="drstate notify unsubscribe NAME, or drstate notify unsubscribe --strays",
        )
    with open_services(common) as services:
        scope = _scope(services, common, customer, environment)
        found = Subscriptions(services, scope).unsubscribe(recipient or (), strays=strays)
    _told(common, scope, found)
    refused = any(row.why for row in (*found.rows, *found.strays))
    return int(ExitCode.FAILED if refused else ExitCode.OK)


@app.command("test")
@verb
def try_(
    common: Common,
    recipient: Names = None,
    customer: Customer = None,
    environment: Environment = None,
) -> int:
    """Send a trial to a scope's topics. Says who took it, and how long that took."""
    from drstate.errors import ExitCode
    from drstate.execution.trying import attempt
    from drstate_cli.render.recipients import tried

    with open_services(common) as services:
        scope = _scope(services, common, customer, environment)
        made = attempt(services, scope, recipient or ())
    document = {"scope": str(scope.key), "trials": [row.model_dump(mode="json") for row in made]}
    emit(common, "drstate.trial/1", document, lambda: tried(made))
    return int(ExitCode.OK if all(row.message for row in made) else ExitCode.FAILED)


def _scope(
    services: Services, common: Common, customer: str | None, environment: str | None
) -> Scope:
    return services.scope(*scope_names(common, customer, environment))


def _told(common: Common, scope: Scope, found: Standing) -> int:
    from drstate.errors import ExitCode
    from drstate.report.recipients import State
    from drstate_cli.render.recipients import listed

    document = found.model_dump(mode="json", by_alias=True, exclude={"schema_"})
    emit(common, "drstate.recipients/1", document, lambda: listed([(scope, found)]))
    if found.sound:
        return int(ExitCode.OK)
    waits = all(row.state in (State.CONFIRMED, State.PENDING) for row in found.rows)
    return int(ExitCode.WAITING if waits else ExitCode.FAILED)
