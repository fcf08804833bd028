"""``drstate discover``: what is protected, and what is wrong with the tags."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit
from drstate_cli.scoping import scope_names

Refresh = Annotated[bool, typer.Option("--refresh", help="Do not use the five-minute cache.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("discover")(discover)


@verb
def discover(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    refresh: Refresh = False,
) -> int:
    """Find the tagged resources of a scope. Asks all its accounts, changes nothing."""
    from drstate.errors import ExitCode
    from drstate.execution.discovering import discover as find
    from drstate_cli.render.inventory import text

    names = scope_names(common, customer, environment)
    with open_services(common) as services:
        inventory = find(services, services.scope(*names), refresh=refresh)
    emit(
        common,
        "drstate.inventory/1",
        inventory.model_dump(mode="json", by_alias=True),
        lambda: text(inventory),
    )
    if inventory.account_errors:
        return int(ExitCode.FAILED)
    return int(ExitCode.OK if inventory.resources else ExitCode.UNKNOWN_NAME)
