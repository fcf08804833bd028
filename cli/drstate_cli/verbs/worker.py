"""``drstate worker``: take tasks of the distributed engine until it is told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, verb

Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="Region of the queue: the one that recovers.",
        show_default="AWS_REGION",
    ),
]
Tasks = Annotated[
    int | None,
    typer.Option("--tasks", min=1, metavar="N", help="End after N tasks.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("worker")(worker)


@verb
def worker(common: Common, region: Region = None, tasks: Tasks = None) -> None:
    """Work for the distributed engine. One task at a time; start more workers for more at once."""
    import contextlib
    import signal

    from drstate.execution.dispatch.worker import Worker
    from drstate_cli.dispatching import open_queue
    from drstate_cli.payload import SANDBOX_NOTICE, say

    with open_services(common) as services:
        queue, where = open_queue(services, region)
        made = Worker(services, queue, where, say=say)

        def stop(number: int, _frame: object) -> None:
            made.stop(signal.Signals(number).name)
            if made.idle:
                raise KeyboardInterrupt  # a poll is not waited for

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        say(f"worker {services.runner().host}: waits for tasks in {where}; Ctrl-C ends it")
        if common.sandbox:
            say(SANDBOX_NOTICE)
        with contextlib.suppress(KeyboardInterrupt):
            made.run(tasks=tasks)
        say(f"worker ends after {made.done} task{'' if made.done == 1 else 's'}")
