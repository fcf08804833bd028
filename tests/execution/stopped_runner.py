"""A real process that runs an execution under a short lease and stops itself (SIGSTOP).

    python -m tests.execution.stopped_runner --project P --home H --at KIND [--ttl SECONDS]

It stops right after the first event of that kind has become durable, and can write nothing in the
meantime: its lease expires, which is what a machine that hangs looks like from elsewhere.
"""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

from drstate.execution import lease
from drstate.journal.sqlite import SqliteJournal
from drstate.model.events import Event, Payload
from drstate.model.phases import Phase
from tests.execution.crash_runner import KillingJournal, open_services, up


class StoppingJournal(KillingJournal):
    """The journal, and a SIGSTOP right after the first event of a kind."""

    def __init__(self, journal: SqliteJournal, kind: str) -> None:
        super().__init__(journal, None)
        self._kind: str | None = kind

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        event = super().append(execution, payload, fence)
        if payload.type == self._kind:
            self._kind = None
            os.kill(os.getpid(), signal.SIGSTOP)
        return event


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--at", required=True)
    parser.add_argument("--ttl", type=float, default=1.0)
    given = parser.parse_args()
    lease.TTL_SECONDS, lease.RENEW_SECONDS = given.ttl, given.ttl / 5
    with open_services(given.project, given.home) as services:
        killing = services.journal
        assert isinstance(killing, KillingJournal)
        services.readers.journal = StoppingJournal(killing._journal, given.at)
        return up(services, "acme", "staging", Phase.ACTIVATE)


if __name__ == "__main__":
    raise SystemExit(main())
