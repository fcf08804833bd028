"""A real process that plans, runs or resumes an execution in a world of its own.

    python -m drstate.rehearsal.child look|run|resume --project P --home H -c C -e E …

``--kill-after``: it kills itself right after the n-th event has become durable, before anything
else can happen in the thread that appended it. ``--kill-before``: the n-th command of the engine is
not begun any more. With ``--hasty`` waits between tries pass quickly, and an answer is waited for
no longer than a second, unless ``--patient``. Nothing outside AWS is run: programs and requests
that hooks name are answered for.

Its last line on standard output is a JSON document: ``commands`` of the engine, for ``look`` the
plan and its fingerprint, or ``error``.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from drstate.adapters.outside import OutsideAction
from drstate.aws.clock import Clock, SystemClock
from drstate.errors import DrstateError, ExitCode, OperationError
from drstate.execution import previewing
from drstate.execution.drilling import make_cleanup, owed_drill
from drstate.execution.executing import check, execute, exit_code
from drstate.execution.making_plan import PlannedRun
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.execution.verifying import essence, fingerprint, subject_of
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model.events import Event, Payload
from drstate.model.phases import Phase
from drstate.rehearsal.asked import Asked, asked_of
from drstate.rehearsal.world import World
from drstate.report.preview import PlanPreview
from drstate.sandbox import process, provider
from drstate.sandbox.engine.command import EmbeddedPulumi

#: of a wait, so much is waited
HASTE = 0.02
#: an answer is waited for so many seconds
PATIENCE = 1.0
#: kinds of hooks that run on this machine, and not in AWS
OUTSIDE = ("command-hook", "http-hook")
_STANDS_IN = "not run: a rehearsal runs nothing outside AWS"
#: loaded once where processes are forked from one that is loaded: all that a run imports late
_MODULES = (
    "_strptime",
    "encodings.idna",
    "grpc._channel",
    "grpc._server",
    "drstate.aws.caller",
    "drstate.aws.identity",
    "drstate.aws.sessions",
    "drstate.engine.choice",
    "drstate.engine.packs",
    "drstate.engine.stacks",
    "drstate.engine.unfinished",
    "drstate.execution.previewing",
    "drstate.execution.resuming",
    "drstate.inventory.generating",
    "drstate.inventory.maintenance",
    "drstate.inventory.sifting",
    "drstate.planning.compiling",
    "drstate.planning.drill",
    "drstate.sandbox.engine.deploy.deployer",
    "drstate.rehearsal.child",
)
_SERVICES = ("drs", "resource-explorer-2", "resourcegroupstaggingapi", "service-quotas", "ssm")


def load() -> None:
    """In a fork server: everything that runs and provider plugins load."""
    from drstate.adapters.registry import load_adapters  # noqa: PLC0415 a server's business
    from drstate.programs.site import preload  # noqa: PLC0415 the same
    from drstate.sandbox.engine import passphrase  # noqa: PLC0415 the same
    from drstate.sandbox.provider import preload as plugin  # noqa: PLC0415 the same

    for name in _MODULES:
        import_module(name)
    load_adapters()
    preload()
    plugin.load()
    plugin.read(_SERVICES)
    passphrase.preload()


class KillingJournal:
    """The journal, and a SIGKILL right after the event with the given number."""

    def __init__(self, journal: SqliteJournal, kill_after: int | None) -> None:
        self._journal = journal
        self._kill_after = kill_after

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        """As the journal has it."""
        event = self._journal.append(execution, payload, fence)
        if event.seq == self._kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class KillingPulumi(EmbeddedPulumi):
    """The engine, and a SIGKILL in place of the command with the given number."""

    left = 0

    def run(self, *given: Any, **named: Any) -> Any:
        """As the engine has it."""
        KillingPulumi.left -= 1
        if KillingPulumi.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(*given, **named)


class HastyClock(SystemClock):
    """The machine's clock, on which waiting takes next to no time."""

    def sleep(self, seconds: float) -> None:
        """Wait for a small part of it."""
        super().sleep(seconds * HASTE)


def open_services(
    world: World,
    *,
    kill_after: int | None = None,
    clock: Clock | None = None,
    hasty: bool = False,
    patient: bool = False,
    operator: str = "rehearsal",
) -> Services:
    """Services in the world, with an engine that can be killed. Raises OperationError."""
    status = process.status(world.sandbox)
    if status is None:
        raise OperationError(
            f"no sandbox runs in {world.sandbox}",
            why="the copy that a rehearsal works in has ended",
            hint="run the rehearsal again",
        )
    journal = open_journal(world.journal, now=SystemClock().now)
    services = Services.open(
        world.project,
        home=world.home,
        sandbox=True,
        sandbox_env=process.environment(status),
        embedded=KillingPulumi,
        engine="embedded",
        plugins={"aws": provider.plugin_folder()},
        journal=KillingJournal(journal, kill_after),
        operator=operator,
        clock=clock or (HastyClock() if hasty else None),
    )
    if hasty and not patient:
        services.read_seconds = PATIENCE
    return services


def run_plan(services: Services, planned: PlannedRun, *, consent: bool = False) -> int:
    """Carry it out without the preview, which is looked at once and not struck; its exit code."""
    seen = PlanPreview(plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=())
    by = services.operator if consent else None
    return int(exit_code(execute(services, planned, preview=seen, consent=by)))


def _run(services: Services, asked: Asked) -> int:
    if asked.drill:
        scope = services.scope(asked.customer, asked.environment)
        # what a drill left that was given up, as ``drstate test`` removes it
        owed = owed_drill(services, scope, None)
        if owed is not None:
            run_plan(services, make_cleanup(services, scope, owed.id))
    return run_plan(services, asked.plan(services), consent=asked.consent)


def _look(services: Services, asked: Asked) -> dict[str, Any]:
    """The plan, previewed as before a run: what would be refused then is refused here."""
    planned = asked.plan(services)
    # what it was made from, before anything is changed
    made_from = fingerprint(services, planned)
    seen = previewing.preview(services, planned)
    consent = services.operator if asked.consent else None
    check(services, planned, preview=seen, consent=consent)
    technologies = [
        action.technology
        for stage in planned.plan.stages
        for shard in stage.shards
        for action in shard.actions
    ]
    outside = sum(technology in OUTSIDE for technology in technologies)
    return {
        "subject": subject_of(planned.plan),
        "fingerprint": made_from.model_dump(mode="json"),
        "essence": essence(planned.plan),
        "phases": list(planned.plan.phases),
        "serving": planned.plan.serving,
        "recovery": planned.plan.recovery,
        "outside": outside,
    }


def _answered(work: Callable[[], tuple[int, dict[str, Any]]]) -> int:
    try:
        code, told = work()
    except DrstateError as error:
        code, told = int(error.exit_code) or int(ExitCode.FAILED), {"error": error.as_dict()}
        sys.stderr.write(f"error: {error.what}\n{error.why}\n")
    sys.stdout.write("\n" + json.dumps(told) + "\n")
    return code


def main() -> int:
    """Do what the command line asks for; the exit code of the execution."""
    parser = argparse.ArgumentParser(prog="drstate-rehearsal")
    parser.add_argument("verb", choices=("look", "run", "resume"))
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("-c", "--customer", required=True)
    parser.add_argument("-e", "--environment", required=True)
    parser.add_argument("--operation", default="")
    parser.add_argument("--phase", type=Phase, action="append", default=[])
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--kill-after", type=int)
    parser.add_argument("--kill-before", type=int, default=0)
    parser.add_argument("--hasty", action="store_true")
    parser.add_argument("--patient", action="store_true")
    parser.add_argument("--operator", default="rehearsal")
    given = parser.parse_args()
    KillingPulumi.left = given.kill_before
    OutsideAction.stand_in = _STANDS_IN
    asked = asked_of(
        given.customer, given.environment, given.operation, given.phase, force=given.force
    )

    def work() -> tuple[int, dict[str, Any]]:
        with open_services(
            World(given.project, given.home),
            kill_after=given.kill_after,
            hasty=given.hasty,
            patient=given.patient,
            operator=given.operator,
        ) as services:
            if given.verb == "look":
                return 0, _look(services, asked)
            if given.verb == "resume":
                scope = services.scope(asked.customer, asked.environment)
                code = int(exit_code(resume(services, scope=scope.key)))
            else:
                code = _run(services, asked)
        return code, {"commands": given.kill_before - KillingPulumi.left}

    return _answered(work)


if __name__ == "__main__":
    raise SystemExit(main())
