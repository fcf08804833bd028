"""``drstate plan``: the compiled plan, as data."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Wish, verb
from drstate_cli.payload import emit
from drstate_cli.planned import header, make


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("plan")(plan)


@verb
def plan(
    common: Common,
    wish: Wish,
) -> None:
    """Compile a plan and print it. Shows stages, shards, actions, estimate; looks at no site."""
    from drstate.execution.hindrances import hindrances
    from drstate.execution.verifying import verification
    from drstate_cli.render import hindrances as hindered
    from drstate_cli.render.plan import plan_text
    from drstate_cli.render.verification import verification_lines

    with open_services(common) as services:
        planned = make(common, services, wish, announce=common.machine)
        title = header(common, services, planned.plan)
        now = hindrances(services, planned.scope, urgent=planned.plan.force, planned=planned)
        verdict = verification(services, planned)
    told = "\n".join(["", "", *verification_lines(verdict)])
    document = planned.plan.model_dump(mode="json", exclude={"schema_"})
    emit(
        common,
        planned.plan.schema_,
        {**document, "digest": planned.plan.digest(), "notes": list(planned.notes)}
        | {"verification": verdict.model_dump(mode="json")}
        | hindered.document(now),
        lambda: plan_text(planned.plan, title) + told + hindered.text(now),
    )
