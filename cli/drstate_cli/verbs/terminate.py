"""``drstate terminate``: end the instances that an execution launched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Message, Output, Parallel, Yes, verb
from drstate_cli.payload import SANDBOX_NOTICE, emit, emit_line, say

if TYPE_CHECKING:
    from drstate.report.terminated import Terminated
    from drstate.report.view import ExecutionView

Launched = Annotated[
    str, typer.Argument(metavar="execution", help="The execution whose instances are to go.")
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("terminate")(terminate)


@verb
def terminate(
    common: Common,
    execution: Launched,
    yes: Yes = False,
    message: Message = "",
    parallel: Parallel = None,
) -> int:
    """Terminate recovery instances of an execution. Those that serve production are refused."""
    from drstate.execution.executing import execute, exit_code
    from drstate.execution.previewing import preview
    from drstate.execution.terminating import make_termination, terminated
    from drstate_cli.asking import asker, confirm, require_yes
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.render.plan import preview_text
    from drstate_cli.render.progress import following

    require_yes(common, yes)
    with open_services(common) as services:
        planned = make_termination(services, execution)
        plan = planned.plan
        regions = ", ".join(sorted({stage.region for stage in plan.stages}))
        say(f"{plan.scope}  terminate what {execution} launched  in {regions}")
        say(f"(serving: {plan.serving}, untouched)")
        if common.sandbox:
            say(SANDBOX_NOTICE)
        found = preview(services, planned, parallel=parallel)
        say(preview_text(found, plan))
        confirm(common, yes, found, plan)
        with following(common) as follower:
            view = execute(
                services,
                planned,
                message=message,
                preview=found,
                ask=asker(common, yes, services.operator, follower.paused),
                parallel=parallel,
                on_event=follower,
                interrupts=interrupt_policy(common),
            )
        rows = terminated(services.readers.logs(view.execution))
    _show(common, view, rows)
    return int(exit_code(view))


def _show(common: Common, view: ExecutionView, rows: tuple[Terminated, ...]) -> None:
    document = {
        "execution": view.execution,
        "status": view.status,
        "instances": [row.model_dump(mode="json") for row in rows],
    }
    if common.output is Output.NDJSON:
        emit_line({"schema": "drstate.terminated/1", "summary": document})
        return
    emit(common, "drstate.terminated/1", document, lambda: _text(view, rows))


def _text(view: ExecutionView, rows: tuple[Terminated, ...]) -> str:
    from drstate_cli.render.words import bare

    lines = [f"{view.execution}  {view.status}"]
    for row in rows:
        told = f"{row.instance} by {row.job}" if row.job else row.error or "it was gone already"
        lines.append(f"  {bare(row.resource)}  {row.status}  {told}".rstrip())
        lines += [f"    {line}" for line in row.log]
    return "\n".join(lines)
