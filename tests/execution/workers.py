"""A real worker process of the distributed engine, which may kill itself after a kind of event.

python -m tests.execution.workers --project P --home H [--kill-after TYPE]
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from drstate.aws.own import OwnCaller
from drstate.execution.dispatch.deploying import deploy
from drstate.execution.dispatch.queue import WorkQueue
from drstate.execution.dispatch.worker import Worker
from drstate.execution.services import Services
from drstate.journal.port import Journal
from drstate.model.events import Event, Payload
from tests.execution import crash_runner
from tests.execution.worlds import ROOT, World

REGION = "us-west-2"
#: a worker that is silent for so long has lost its task; short, so that tests need not wait
VISIBILITY_SECONDS = 4


class KillingAfter:
    """A journal, and a SIGKILL right after the first event of a kind."""

    def __init__(self, journal: Journal, kind: str) -> None:
        self._journal = journal
        self._kind = kind

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        event = self._journal.append(execution, payload, fence)
        if payload.type == self._kind:
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


def queue_of(services: Services) -> WorkQueue:
    """The queue of a world that was set up for workers."""
    queue = WorkQueue(OwnCaller(REGION, services.clock))
    queue.open()
    return queue


def set_up(services: Services) -> WorkQueue:
    """State machines and queue; the queue."""
    deploy(OwnCaller(REGION, services.clock), services.clock, visibility=VISIBILITY_SECONDS)
    return queue_of(services)


def spawn(world: World, *, kill_after: str | None = None) -> subprocess.Popen[bytes]:
    """A worker in a process of its own. Whoever starts it ends it."""
    command = [
        sys.executable, "-m", "tests.execution.workers",
        "--project", str(world.project), "--home", str(world.home),
    ]  # fmt: skip
    if kill_after is not None:
        command += ["--kill-after", kill_after]
    return subprocess.Popen(command, cwd=ROOT)


def worker(services: Services) -> Worker:
    """A worker in this process."""
    return Worker(services, queue_of(services), REGION, say=lambda _: None)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--kill-after")
    given = parser.parse_args()
    with crash_runner.open_services(given.project, given.home) as services:
        if given.kill_after:
            services.readers.journal = KillingAfter(services.journal, given.kill_after)
        made = worker(services)
        signal.signal(signal.SIGTERM, lambda *_: made.stop("SIGTERM"))
        made.run()


if __name__ == "__main__":
    main()
