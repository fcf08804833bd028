"""A worker's part in a gate: it tells those who may decide how to, and sees whether it was decided.

The gate itself waits in Step Functions; nobody is held up by it. Its task token decides it, so it
goes to the topics that get tokens and nowhere else: no journal, no log.
"""

from __future__ import annotations

from queue import SimpleQueue

from drstate.execution.dispatch.answers import commands
from drstate.execution.dispatch.machine import GATE_SECONDS
from drstate.execution.dispatch.messages import Task, region_of
from drstate.execution.dispatch.settling import superseded
from drstate.execution.dispatch.tasks import LATER_SECONDS, Desk, Reply, open_gate
from drstate.execution.notifying import teller_of
from drstate.execution.recorder import Recorder
from drstate.journal.port import ExecutionHeader
from drstate.model.events import ExecutionStatus


def gate(desk: Desk, task: Task) -> Reply:
    """A gate stands open until somebody answers with its token, or decides it in the journal."""
    header = desk.services.journal.header(task.execution)
    if header.status is not ExecutionStatus.PAUSED or superseded(desk.services, task):
        return Reply({"journaled": True})  # what follows is told by the task after it
    if task.attempt == 1 and not task.anew:
        _tell_token(desk, task, header)
    return Reply(later=LATER_SECONDS, waits=True)


def _tell_token(desk: Desk, task: Task, header: ExecutionHeader) -> None:
    """Send the task's token to the topics that get tokens; it is written nowhere."""
    services = desk.services
    with teller_of(services, header.scope, header.execution) as people:
        if not people.decides:
            return
        recorder = Recorder(
            services.journal, header.execution, 0, services.clock, SimpleQueue(), desk.on_event
        )
        recorder.load()
        people.attach(recorder)
        stage = open_gate(recorder.state)
        if stage:
            hours = task.state.get("gate_seconds", GATE_SECONDS) / 3600
            people.tell_ways(
                stage,
                commands(region_of(task.root), task.token),
                f"it decides the gate once, for {hours:g} h; then a newer one comes",
            )
