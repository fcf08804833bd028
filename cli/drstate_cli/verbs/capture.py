"""``drstate capture``: bring the catalog up to date with the source, without touching any site."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit
from drstate_cli.scoping import scope_names


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("capture")(capture)


@verb
def capture(common: Common, customer: Customer = None, environment: Environment = None) -> int:
    """Keep the source's configuration in the catalog. Discovers first; changes no site."""
    from drstate.errors import ExitCode
    from drstate.execution.protecting import protect
    from drstate_cli.render.inventory import protection_document, protection_text

    names = scope_names(common, customer, environment)
    with open_services(common) as services:
        result = protect(services, services.scope(*names), refresh=True)
    emit(
        common,
        "drstate.capture/1",
        protection_document(result),
        lambda: protection_text(result),
    )
    return int(ExitCode.FAILED if result.failures else ExitCode.OK)
