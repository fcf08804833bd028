"""``drstate capacity``: how near the accounts are to what AWS allows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit, painted, say
from drstate_cli.scoping import optional_scope

if TYPE_CHECKING:
    from drstate.execution.services import Services
    from drstate.model.capacity import Level
    from drstate.model.scope import Scope

Accounts = Annotated[
    list[str] | None,
    typer.Option(
        "--account", metavar="ID", help="Only this account (repeatable).", show_default=False
    ),
]
Technologies = Annotated[
    list[str] | None,
    typer.Option(
        "--technology",
        metavar="NAME",
        help="Only limits of this technology (repeatable).",
        show_default=False,
    ),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Do not use the five-minute cache.")]
#: the value of ``--alert`` that alerts of nothing
_NEVER = "never"
Alert = Annotated[
    str,
    typer.Option(
        "--alert", metavar="info|warning|critical|never", help="Exit 1 from this level on."
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.1,
        max=60.0,
        help="How long each account and region may take to answer.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("capacity")(capacity)


@verb
def capacity(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    account: Accounts = None,
    technology: Technologies = None,
    alert: Alert = "warning",
    refresh: Refresh = False,
    timeout: Timeout = 1.5,
) -> int:
    """Show how near accounts are to their quotas. Those of a scope, or of the whole project."""
    from drstate.errors import ExitCode
    from drstate.execution.capacity import capacity as figures
    from drstate_cli.render.capacity import alerts, text

    alarming = _level(alert)
    with open_services(common) as services:
        report = figures(
            services,
            _scopes(services, customer, environment),
            accounts=account or (),
            technologies=technology or (),
            refresh=refresh,
            seconds=timeout,
        )
    emit(
        common,
        "drstate.capacity/1",
        report.model_dump(mode="json", by_alias=True, exclude={"schema_"}),
        lambda: text(report),
    )
    told = alerts(report, alarming)
    for line in told:
        say(painted(common, "warning", line))
    # of nothing that is known, nothing can be said to be well
    if told or (report.figures and all(one.used is None for one in report.figures)):
        return int(ExitCode.FAILED)
    return int(ExitCode.SKIPS if report.unknown else ExitCode.OK)


def _level(name: str) -> Level | None:
    """The level to alert from; None: never. Raises UsageError."""
    from drstate.errors import UsageError
    from drstate.model.capacity import Level

    known = [str(one).lower() for one in Level if one is not Level.OK]
    if name.lower() == _NEVER:
        return None
    if name.lower() not in known:
        raise UsageError(
            f"--alert {name!r} is no level",
            why=f"the levels are {', '.join(known)}",
            hint=f"name one of them, or {_NEVER}",
        )
    return Level(name.upper())


def _scopes(services: Services, customer: str | None, environment: str | None) -> list[Scope]:
    """The named scope, or all that the project describes. Raises ConfigError where it has none."""
    from drstate.errors import ConfigError

    key = optional_scope(customer, environment)
    keys = [key] if key is not None else services.scopes()
    if not keys:
        raise ConfigError(
            "no scope is described in this project",
            why="accounts and regions are taken from scope files",
            hint="write stacks/<customer>/<environment>.yaml; the README shows one",
        )
    return [services.scope(one.customer, str(one.environment)) for one in keys]
