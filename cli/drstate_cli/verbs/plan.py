"""``drstate plan``: the compiled plan, as data."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import (
    ApprovalMode,
    Common,
    Customer,
    Environment,
    Force,
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
    app.command("plan")(plan)


@verb
def plan(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    phase: Phases = None,
    wave: Waves = None,
    target: Targets = None,
    approval: ApprovalMode = None,
    force: Force = False,
    to: To = None,
) -> None:
    """Compile a plan and print it. Shows stages, shards, actions, estimate; looks at no site."""
    from drstate_cli.render.plan import plan_text

    wish = Wish(customer, environment, phase, wave, target, approval, force, to)
    with open_services(common) as services:
        planned = make(common, services, wish)
    document = planned.plan.model_dump(mode="json", exclude={"schema_"})
    emit(
        common,
        planned.plan.schema_,
        {**document, "digest": planned.plan.digest(), "notes": list(planned.notes)},
        lambda: plan_text(planned.plan),
    )
