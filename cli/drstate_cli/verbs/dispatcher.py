"""``drstate dispatcher``: the distributed engine's state machine, its queue, and its tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, ExecutionId, verb
from drstate_cli.payload import emit

if TYPE_CHECKING:
    from drstate.execution.dispatch.dead import DeadLetter
    from drstate.execution.dispatch.deploying import Part

app = typer.Typer(
    help="Set up the distributed engine on Step Functions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
SCHEMA = "drstate.dispatcher/1"
DEAD_SCHEMA = "drstate.dispatcher-dead/1"
TOKEN_SCHEMA = "drstate.dispatcher-token/1"  # noqa: S105 - a schema's name

Region = Annotated[
    str | None,
    typer.Option(
        "--region", metavar="REGION", help="The region that recovers.", show_default="AWS_REGION"
    ),
]
Visibility = Annotated[
    int,
    typer.Option(
        "--visibility",
        metavar="SECONDS",
        help="How long a worker may be silent before its task goes to another one.",
    ),
]


Discard = Annotated[
    bool, typer.Option("--discard", help="Delete those that are shown.", show_default=False)
]


@app.command("deploy")
@verb
def deploy(common: Common, region: Region = None, visibility: Visibility = 60) -> None:
    """Create or update state machine, queue and role in a region. Deletes nothing."""
    from drstate.execution.dispatch.deploying import deploy as set_up
    from drstate_cli.dispatching import open_caller, region_or_own

    with open_services(common) as services:
        aws = open_caller(services, region_or_own(region))
        parts = set_up(aws, services.clock, visibility=visibility)
    emit(common, SCHEMA, {"parts": [asdict(one) for one in parts]}, lambda: _table(parts))


@app.command("show")
@verb
def show(common: Common, region: Region = None) -> int:
    """Show what of the distributed engine is there in a region, and whether messages lie dead."""
    from drstate.errors import ExitCode
    from drstate.execution.dispatch.dead import remedy
    from drstate.execution.dispatch.deploying import look
    from drstate.execution.dispatch.queue import DEAD_QUEUE, QUEUE, waiting
    from drstate_cli.dispatching import open_caller, region_or_own

    where = region_or_own(region)
    with open_services(common) as services:
        aws = open_caller(services, where)
        parts = look(aws)
        work, dead = waiting(aws, QUEUE), waiting(aws, DEAD_QUEUE)
    missing = any(one.state == "missing" for one in parts)
    help_ = [remedy(where)] if dead else []
    help_ += [f"drstate dispatcher deploy --region {where}"] if missing else []

    def text() -> str:
        lines = [_table(parts)]
        if work is not None:
            lines.append(f"tasks in the queue: {work}; dead letters: {dead or 0}")
        return "\n".join(lines + [f"  help: {line}" for line in help_])

    document = {
        "parts": [asdict(one) for one in parts],
        "tasks": work,
        "dead_letters": dead,
        "help": help_,
    }
    emit(common, SCHEMA, document, text)
    return int(ExitCode.FAILED if dead else ExitCode.OK)


@app.command("dead")
@verb
def dead(common: Common, region: Region = None, discard: Discard = False) -> None:
    """Show the messages that were handed out too often. Nobody waits for them any more."""
    from drstate.execution.dispatch.dead import dead_letters
    from drstate_cli.dispatching import open_caller, region_or_own

    with open_services(common) as services:
        found = dead_letters(open_caller(services, region_or_own(region)), discard=discard)
    letters = [{**asdict(one), "sent_at": one.sent_at.isoformat()} for one in found]
    document = {"discarded": discard, "letters": letters}
    emit(common, DEAD_SCHEMA, document, lambda: _letters(found, discarded=discard))


@app.command("token")
@verb
def token(common: Common, execution: ExecutionId = None) -> None:
    """Show the task token of the gate at which a distributed execution waits. It is a secret."""
    from drstate.errors import UsageError
    from drstate.execution.dispatch.messages import region_of
    from drstate.execution.dispatch.settling import dispatched
    from drstate_cli.dispatching import KNOCK_SECONDS, open_queue

    with open_services(common) as services:
        header = services.readers.find(execution)
        arn = dispatched(services, header.execution)
        found = ""
        if arn:
            queue = open_queue(services, region_of(arn))[0]
            until = services.clock.monotonic() + KNOCK_SECONDS
            while not (found := queue.token(arn)) and services.clock.monotonic() < until:
                if header.status != "PAUSED":
                    break
                services.clock.sleep(0.5)  # Step Functions comes to the gate a moment later
    if not found:
        raise UsageError(
            f"execution {header.execution} waits for no task token",
            why=f"it is {header.status}" + ("" if arn else ", and Step Functions does not run it"),
            hint=f"drstate status {header.execution}",
        )
    document = {"execution": header.execution, "arn": arn, "task_token": found}
    emit(common, TOKEN_SCHEMA, document, lambda: _ways(region_of(arn), found))


def _table(parts: tuple[Part, ...]) -> str:
    return "\n".join(f"{one.state:<10} {one.kind:<14} {one.arn}" for one in parts)


def _letters(found: tuple[DeadLetter, ...], *, discarded: bool) -> str:
    if not found:
        return "no dead letters"
    lines = []
    for one in found:
        lines.append(f"{one.sent_at:%Y-%m-%d %H:%M:%S}  {one.what}")
        if one.execution:
            lines.append(f"  of:   execution {one.execution}; drstate status {one.execution}")
        lines.append(f"  sent: by {one.sender or 'somebody'}, {one.size} characters, {one.id}")
        lines.append(f"  handed out {one.times} times")
    done = "deleted" if discarded else "deleted by the same command with --discard"
    return "\n".join([*lines, f"{len(found)} dead letter{'s' if len(found) > 1 else ''}, {done}"])


def _ways(region: str, found: str) -> str:
    from drstate.execution.dispatch.answers import commands

    approve, reject = commands(region, found)
    return f"approve: {approve}\nreject:  {reject}"
