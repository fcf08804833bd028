"""``drstate readiness``: could it be recovered now? Asked on a quiet day, and by a schedule."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit, say
from drstate_cli.scoping import optional_scope

if TYPE_CHECKING:
    from drstate.report.readiness import Readiness


class FailOn(StrEnum):
    """What counts as a failure of the command."""

    NOT_READY = "not-ready"
    AT_RISK = "at-risk"
    NEVER = "never"


FailOnOption = Annotated[
    FailOn, typer.Option("--fail-on", help="From which standing on the exit code is 1.")
]

Tell = Annotated[
    bool, typer.Option("--tell", help="Tell the scope's topics what is new since it was told last.")
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("readiness")(readiness)


@verb
def readiness(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    fail_on: FailOnOption = FailOn.NOT_READY,
    tell: Tell = False,
) -> int:
    """Say whether a scope could be recovered now, or every scope. Reads only."""
    from drstate.errors import ExitCode
    from drstate.execution.readiness import readiness as ask
    from drstate.execution.standing_news import tell as tell_people
    from drstate_cli.render.readiness import text
    from drstate_cli.render.recipients import trial_line

    wanted = optional_scope(customer, environment)
    with open_services(common) as services:
        scopes = [wanted] if wanted is not None else services.scopes()
        known = [services.scope(one.customer, one.environment) for one in scopes]
        found = [ask(services, one) for one in known]
        told = (
            [row for one, how in zip(known, found, strict=True)
             for row in tell_people(services, one, how)]
            if tell
            else []
        )  # fmt: skip
    for row in told:
        say(trial_line(row))
    emit(
        common,
        "drstate.readiness/1",
        {
            "scopes": [
                one.model_dump(mode="json", by_alias=True, exclude={"schema_"}) for one in found
            ],
            "told": [row.model_dump(mode="json") for row in told],
        },
        lambda: text(found),
    )
    return int(ExitCode.FAILED if any(_fails(one, fail_on) for one in found) else ExitCode.OK)


def _fails(found: Readiness, fail_on: FailOn) -> bool:
    from drstate.report.readiness import Standing

    bad = {
        FailOn.NOT_READY: {Standing.NOT_READY},
        FailOn.AT_RISK: {Standing.NOT_READY, Standing.AT_RISK},
        FailOn.NEVER: set(),
    }
    return found.standing in bad[fail_on]
