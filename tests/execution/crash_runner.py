"""A real process that runs or resumes an execution, and kills itself in a given moment.

    python -m tests.execution.crash_runner run|resume --project P --home H [--kill-after N]

``--kill-after``: the journal is the real one; only this process's own SIGKILL is added, in the
moment after the n-th event has become durable and before anything else can happen in the thread
that appended it. ``--kill-before``: the n-th command of the engine is not begun any more. With
``--hasty`` waits between tries pass quickly, and an answer is waited for no longer than a second.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pulumi.automation import CommandResult

from drstate.aws.caller import open_caller
from drstate.aws.clock import Clock, SystemClock
from drstate.execution.executing import execute, exit_code
from drstate.execution.making_plan import make_plan
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model.events import Event, Payload
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.report.preview import PlanPreview
from drstate.sandbox import process, provider
from drstate.sandbox.engine.command import EmbeddedPulumi

#: of a wait, so much is waited
HASTE = 0.02
#: an answer is waited for so many seconds
PATIENCE = 1.0


class KillingJournal:
    """The journal, and a SIGKILL right after the event with the given number."""

    def __init__(self, journal: SqliteJournal, kill_after: int | None) -> None:
        self._journal = journal
        self._kill_after = kill_after

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        event = self._journal.append(execution, payload, fence)
        if event.seq == self._kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class KillingPulumi(EmbeddedPulumi):
    """The engine, and a SIGKILL in place of the command with the given number."""

    left = 0

    def run(self, *given: Any, **named: Any) -> CommandResult:
        KillingPulumi.left -= 1
        if KillingPulumi.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(*given, **named)


class HastyClock(SystemClock):
    """The machine's clock, on which waiting takes next to no time."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds * HASTE)


def open_services(
    project: Path, home: Path, kill_after: int | None = None, clock: Clock | None = None
) -> Services:
    status = process.status(home / "sandbox")
    assert status is not None, f"no sandbox runs in {home}"
    journal = open_journal(home / "sandbox" / "journal.db", now=SystemClock().now)
    return Services.open(
        project,
        home=home,
        sandbox=True,
        sandbox_env=process.environment(status),
        embedded=KillingPulumi,
        plugins={"aws": provider.plugin_folder()},
        journal=KillingJournal(journal, kill_after),
        operator="tester",
        clock=clock,
    )


def up(services: Services, customer: str, environment: str, *phases: Phase) -> int:
    scope = services.scope(customer, environment)
    planned = make_plan(services, scope, phases=phases, approval=Approval.AUTOMATIC)
    # what previews do is not what is killed here; without one, each run takes half the time
    seen = PlanPreview(plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=())
    return int(exit_code(execute(services, planned, preview=seen)))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("run", "resume"))
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--kill-after", type=int)
    parser.add_argument("--kill-before", type=int, default=0)
    parser.add_argument("--hasty", action="store_true")
    parser.add_argument("--phase", type=Phase, default=Phase.ACTIVATE)
    parser.add_argument("--scope", default="acme/staging")
    given = parser.parse_args()
    KillingPulumi.left = given.kill_before
    if given.hasty:
        open_caller.__kwdefaults__["read_seconds"] = PATIENCE
    clock = HastyClock() if given.hasty else None
    with open_services(given.project, given.home, given.kill_after, clock) as services:
        if given.verb == "resume":
            code = int(exit_code(resume(services)))
        else:
            code = up(services, *given.scope.split("/"), given.phase)
    sys.stdout.write(f"{given.kill_before - KillingPulumi.left} commands of the engine\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
