"""``drstate test``: a drill. Recovery is rehearsed with copies, and nothing of them is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import (
    ApprovalMode,
    Common,
    Customer,
    Environment,
    ExecutionId,
    Message,
    Output,
    Parallel,
    Targets,
    Waves,
    Yes,
    verb,
)
from drstate_cli.payload import SANDBOX_NOTICE, emit, emit_line, say
from drstate_cli.scoping import scope_names

if TYPE_CHECKING:
    from drstate.execution.making_plan import PlannedRun
    from drstate.execution.services import Services
    from drstate.model.scope import Scope, ScopeKey
    from drstate.report.drill import DrillReport
    from drstate.report.view import ExecutionView

Hold = Annotated[
    bool,
    typer.Option(
        "--hold", help="Wait for an approval before the copies are removed: look at them."
    ),
]
Cleanup = Annotated[
    bool,
    typer.Option(
        "--cleanup", help="Make nothing: remove what an earlier drill of the scope left behind."
    ),
]
Report = Annotated[
    bool,
    typer.Option(
        "--report", help="Run nothing: what a drill proved, EXECUTION's or the newest one's."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("test")(drill)


@verb
def drill(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    wave: Waves = None,
    target: Targets = None,
    approval: ApprovalMode = None,
    hold: Hold = False,
    cleanup: Cleanup = False,
    report: Report = False,
    yes: Yes = False,
    message: Message = "",
    parallel: Parallel = None,
) -> int:
    """Rehearse the recovery with copies. They are checked, measured and removed again.

    Nothing that serves or replicates is changed: no promotion, no DNS, no role. EXECUTION is for
    `--cleanup` and `--report`.
    """
    from drstate.errors import UsageError
    from drstate_cli.asking import require_yes

    if report:
        return _report(common, execution, customer, environment)
    require_yes(common, yes)
    if execution is not None and not cleanup:
        raise UsageError(
            "an execution is named, and --cleanup is not",
            why="a new drill gets an execution of its own",
            hint=f"drstate test --report {execution} shows what that drill proved, "
            f"drstate test --cleanup {execution} removes what it left",
        )
    if cleanup and (hold or wave or target or approval):
        raise UsageError(
            "--cleanup removes all of a drill",
            why="--hold, --wave, --target and --approval are for a new one",
            hint="leave them out",
        )
    with open_services(common) as services:
        scope = services.scope(*scope_names(common, customer, environment))
        if cleanup:
            return _clean_up(common, services, scope, execution, yes, message, parallel)
        from drstate.execution.drilling import make_drill
        from drstate.model.scope import Approval

        if approval is not None and approval not in list(Approval):
            raise UsageError(
                f"--approval {approval!r} does not exist", hint=f"one of: {', '.join(Approval)}"
            )
        planned = make_drill(
            services,
            scope,
            waves=tuple(wave or ()),
            targets=tuple(target or ()),
            approval=Approval(approval) if approval else None,
            hold=hold,
        )
        view = _run(common, services, planned, yes, message, parallel)
        return _end(common, services, scope, view, message, parallel)


def _report(
    common: Common, execution: str | None, customer: str | None, environment: str | None
) -> int:
    from drstate.errors import UnknownNameError, UsageError
    from drstate.model.phases import Operation
    from drstate.report.drill import drill_report
    from drstate_cli.opening import open_readers
    from drstate_cli.scoping import optional_scope

    with open_readers(common) as readers:
        if execution is None:
            newest = readers.journal.executions(optional_scope(customer, environment), limit=200)
            drills = [one.execution for one in newest if one.operation is Operation.TEST]
            if not drills:
                raise UnknownNameError(
                    "there is no drill to report on",
                    why="none of the last 200 executions is one",
                    hint="drstate test runs one",
                )
            execution = drills[0]
        found = drill_report(readers.logs(execution))
        scope = readers.journal.header(execution).scope
    if found is None:
        raise UsageError(
            f"execution {execution} is no drill", hint="drstate history lists what each was"
        )
    _show(common, scope, found)
    return 0


def _clean_up(
    common: Common,
    services: Services,
    scope: Scope,
    named: str | None,
    yes: bool,
    message: str,
    parallel: int | None,
) -> int:
    from drstate.execution.drilling import give_up_open_drill, make_cleanup, owed_drill

    # what is not owed is refused before anything is cancelled
    owed = owed_drill(services, scope, named)
    given_up = give_up_open_drill(services, scope)
    if given_up is not None:
        say(f"execution {given_up} is cancelled; what it made is removed now")
    if owed is None:
        say(f"{scope.key} owes no drill: there is nothing to remove")
        return 0
    planned = make_cleanup(services, scope, owed.id)
    view = _run(common, services, planned, yes, message, parallel)
    return _end(common, services, scope, view, message, parallel, again=False)


def _run(
    common: Common,
    services: Services,
    planned: PlannedRun,
    yes: bool,
    message: str,
    parallel: int | None,
) -> ExecutionView:
    from drstate.execution.executing import execute
    from drstate.execution.starting import look
    from drstate_cli.asking import asker, confirm
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.render.plan import preview_text
    from drstate_cli.render.progress import following

    plan = planned.plan
    regions = ", ".join(sorted({stage.region for stage in plan.stages})) or plan.recovery
    say(f"{plan.scope}  drill {plan.drill}  on {regions}   (serving: {plan.serving}, untouched)")
    if common.sandbox:
        say(SANDBOX_NOTICE)
    found = look(services, planned, parallel=parallel)
    say(preview_text(found, plan))
    if not found.refusals:
        confirm(common, yes, found, plan)
    with following(common) as follower:
        return execute(
            services,
            planned,
            message=message,
            preview=found,
            ask=asker(common, yes, services.operator, follower.paused),
            parallel=parallel,
            on_event=follower,
            interrupts=interrupt_policy(common),
        )


def _end(
    common: Common,
    services: Services,
    scope: Scope,
    view: ExecutionView,
    message: str,
    parallel: int | None,
    *,
    again: bool = True,
) -> int:
    """Remove what a failed drill left, once; then tell what the drill proved."""
    from drstate.execution.drilling import left_behind, make_cleanup
    from drstate.execution.executing import exit_code
    from drstate.report.drill import drill_report

    report = drill_report(services.readers.logs(view.execution))
    code = int(exit_code(view))
    owed = left_behind(services, scope, view.execution) if again else None
    if owed is not None and report is not None:
        say(f"drill {owed.id} ended {view.status}; what it left is removed now")
        last = _run(
            common, services, make_cleanup(services, scope, owed.id), True, message, parallel
        )
        removal = drill_report(services.readers.logs(last.execution))
        if removal is not None:
            report = report.model_copy(update={"removed": removal.removed, "left": removal.left})
    if report is not None:
        _show(common, scope, report)
    return code


def _show(common: Common, scope: Scope | ScopeKey, report: DrillReport) -> None:
    from drstate_cli.render.drill import drill_text

    document = report.model_dump(mode="json")
    if common.output is Output.NDJSON:
        emit_line({"schema": "drstate.drill/1", "summary": document})
        return
    command = f"drstate test --cleanup -c {scope.customer} -e {scope.environment}"
    emit(common, "drstate.drill/1", document, lambda: drill_text(report, command))
