"""What the verbs of the distributed engine share: which region, and its queue."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from drstate.errors import UsageError

if TYPE_CHECKING:
    from drstate.aws.own import OwnCaller
    from drstate.execution.dispatch.queue import WorkQueue
    from drstate.execution.making_plan import PlannedRun
    from drstate.execution.services import Services
    from drstate.report.preview import PlanPreview
    from drstate_cli.options import Common
    from drstate_cli.order import Order

#: how often it is looked at while no worker has taken an execution up
LOOK_SECONDS = 2.0
#: how long a worker is waited for that takes up a decision
KNOCK_SECONDS = 10.0
_UNDER_WAY = ("PENDING", "RUNNING")
#: who runs the steps of an execution
LOCAL, STEP_FUNCTIONS = "local", "stepfunctions"


def over_step_functions(
    common: Common, services: Services, planned: PlannedRun, found: PlanPreview, order: Order
) -> int:
    """Hand the plan to Step Functions; follow it to its end or to a gate, unless it is detached."""
    from drstate.execution.dispatch.starting import start
    from drstate.execution.executing import exit_code
    from drstate_cli.payload import emit, say
    from drstate_cli.render.final import show_view
    from drstate_cli.render.progress import following

    queue, region = open_queue(services, planned.plan.recovery)
    started = start(
        services,
        queue,
        planned,
        message=order.message,
        preview=found,
        consent=services.operator if order.wish.force else None,
        expect_no_changes=order.expect_no_changes,
    )
    tail = " --sandbox" if common.sandbox else ""
    say(f"execution {started.execution} is handed to Step Functions in {region}: {started.arn}")
    say(f"its steps are done by workers: drstate worker --region {region}{tail}")
    if order.detach:
        document = {
            "execution": started.execution,
            "executionArn": started.arn,
            "status": str(started.status),
            "estimatedCompletionTime": started.estimated_end.isoformat(),
            "next": [f"{step}{tail}" for step in started.next_steps],
        }
        emit(common, "drstate.started/1", document, lambda: started.execution)
        for step in started.next_steps:
            say(f"  {step}{tail}")
        return 0
    with following(common) as follower:
        seen, told = 0, False
        while True:
            for event in services.readers.follow(started.execution, seen):
                seen, told = event.seq, False
                follower(event)
            if services.journal.header(started.execution).status not in _UNDER_WAY:
                break
            if not told:
                told = True
                say(f"no worker has taken it up; start one: drstate worker --region {region}{tail}")
            services.clock.sleep(LOOK_SECONDS)
    view = services.readers.status(started.execution)
    show_view(common, view)
    return int(exit_code(view))


def workers_go_on(services: Services, execution: str) -> bool:
    """Whether workers of Step Functions take up what was decided; told, if they do."""
    from drstate.errors import DrstateError
    from drstate.execution.dispatch.messages import region_of
    from drstate.execution.dispatch.settling import dispatched
    from drstate_cli.payload import say

    arn = dispatched(services, execution)
    if not arn:
        return False
    region = region_of(arn)
    try:
        queue = open_queue(services, region)[0]
        if queue.execution(arn)["status"] != "RUNNING":
            return False
    except DrstateError as error:
        say(f"Step Functions in {region} does not answer ({error.what}); it goes on here")
        return False
    say(f"the workers of {region} go on with it")
    try:
        _knock(services, queue, execution, arn)
    except DrstateError:
        say("they see it within half a minute")  # no right to answer the token: a worker looks
    return True


def _knock(services: Services, queue: WorkQueue, execution: str, arn: str) -> None:
    """End the gate's task: what was decided is in the journal. Waits a little for a worker."""
    from drstate.execution.lease import living

    token = queue.token(arn)
    if token:
        queue.succeed(token, {"journaled": True})
    header = services.journal.header(execution)
    until = services.clock.monotonic() + KNOCK_SECONDS
    while services.clock.monotonic() < until and header.status in _UNDER_WAY:
        if living(services.journal, header.scope) is not None:
            return
        services.clock.sleep(0.25)
        header = services.journal.header(execution)


def region_or_own(region: str | None) -> str:
    """The region that was named, else that of the environment. Raises UsageError."""
    found = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not found:
        raise UsageError(
            "no region is known",
            why="the queue and the state machine belong to the region that recovers",
            hint="add --region us-west-2",
        )
    return found


def open_caller(services: Services, region: str) -> OwnCaller:
    """A caller with this machine's own credentials."""
    from drstate.aws.own import OwnCaller

    return OwnCaller(region, services.clock)


def open_queue(services: Services, region: str | None) -> tuple[WorkQueue, str]:
    """The workers' queue and its region. Raises ConfigError where it was not deployed."""
    from drstate.execution.dispatch.queue import WorkQueue

    where = region_or_own(region)
    queue = WorkQueue(open_caller(services, where))
    queue.open()
    return queue, where


def check_dispatcher(name: str) -> str:
    """The dispatcher's name. Raises UsageError."""
    if name not in (LOCAL, STEP_FUNCTIONS):
        raise UsageError(
            f"--dispatcher {name!r} does not exist", hint=f"one of: {LOCAL}, {STEP_FUNCTIONS}"
        )
    return name
