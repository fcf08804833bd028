"""Holding a scope's lease while an execution runs.

One execution per scope: a lease that another runner holds is respected, unless that runner is
proved dead: it ran on this machine, since it was started, and its process is gone. Losing the lease
stops this runner from starting anything more; the journal refuses its writes anyway.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from drstate.errors import DrstateError, InternalError, JournalError, Retry
from drstate.execution.states import FINAL
from drstate.journal.port import Journal, Lease
from drstate.model.events import ExecutionStatus
from drstate.model.scope import ScopeKey

#: how long a lease lasts without being renewed, and how often it is renewed
TTL_SECONDS = 30.0
RENEW_SECONDS = 10.0

#: waits up to so many seconds; True ends the heartbeat
Waiter = Callable[[float], bool]


@dataclass(frozen=True)
class Runner:
    """Who runs: unique per attempt, with what proves it dead."""

    id: str
    host: str
    pid: int


class HeldLease:
    """A scope's lease, renewed until the block ends.

    ``on_lost`` is called from the heartbeat's thread when a renewal is refused. ``waiter`` stands
    in for the wait between renewals in tests.
    """

    def __init__(
        self,
        journal: Journal,
        scope: ScopeKey,
        runner: Runner,
        *,
        on_lost: Callable[[DrstateError], None],
        waiter: Waiter | None = None,
        alive: Callable[[int], bool] | None = None,
    ) -> None:
        self._journal = journal
        self._scope = scope
        self._runner = runner
        self._on_lost = on_lost
        self._stop = threading.Event()
        self._waiter = waiter or self._stop.wait
        self._alive = alive or process_alive
        self._lease: Lease | None = None
        #: the dead holder whose lease was taken over, if there was one
        self.instead_of: str = ""
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    @property
    def fence(self) -> int:
        """The lease's fencing token. Raises InternalError outside of its block."""
        if self._lease is None:
            raise InternalError("the lease is not held", why="asked outside of its block")
        return self._lease.fence

    def __enter__(self) -> Self:
        self._lease = self._acquire()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=RENEW_SECONDS)
        if self._lease is not None:
            self._journal.release(self._lease)

    def _acquire(self) -> Lease:
        held = self._journal.lease(self._scope)
        dead = held is not None and proved_dead(held, self._alive, host=self._runner.host)
        try:
            lease = self._journal.acquire(
                self._scope,
                runner=self._runner.id,
                host=self._runner.host,
                pid=self._runner.pid,
                ttl_seconds=TTL_SECONDS,
                instead_of=held if dead else None,
            )
        except JournalError as error:
            raise self._held_by_other(error) from error
        if dead and held is not None:
            self.instead_of = f"process {held.pid} on {held.host}"
        return lease

    def _held_by_other(self, error: JournalError) -> JournalError:
        held = self._journal.lease(self._scope)
        newest = self._journal.executions(self._scope, limit=1)
        if held is None or not newest:
            return error
        execution = newest[0].execution
        if newest[0].status in (*FINAL, ExecutionStatus.FAILED):
            # it has the scope, and has not told what for: the newest execution is another one's
            return JournalError(
                f"{self._scope} is taken by process {held.pid} on {held.host}, which is about to "
                "begin an execution",
                why=f"one execution per scope; it holds it since "
                f"{held.acquired_at:%Y-%m-%d %H:%M:%S} UTC, at least until "
                f"{held.expires_at:%H:%M:%S}",
                hint=f"see what it begins: drstate status -c {self._scope.customer} "
                f"-e {self._scope.environment}; if that host is lost, repeat the command once the "
                "lease has expired",
                retry=Retry.NEEDS_PERSON,
            )
        return JournalError(
            f"{self._scope} is being run by process {held.pid} on {held.host} "
            f"(execution {execution}, begun by {newest[0].operator})",
            why=f"one execution per scope; it holds it since {held.acquired_at:%Y-%m-%d %H:%M:%S} "
            f"UTC, at least until {held.expires_at:%H:%M:%S}",
            hint=f"watch it: drstate watch {execution}; if that host is lost, wait until the lease "
            f"has expired and run: drstate resume {execution}",
            retry=Retry.NEEDS_PERSON,
        )

    def _beat(self) -> None:
        while not self._waiter(RENEW_SECONDS):
            if self._lease is None:
                return
            try:
                self._lease = self._journal.renew(self._lease, TTL_SECONDS)
            except DrstateError as error:
                if error.retry is Retry.TRANSIENT:
                    # the store was busy; two more beats fit into the lease
                    continue
                self._lease = None
                self._on_lost(error)
                return


def living(journal: Journal, scope: ScopeKey) -> Lease | None:
    """The scope's lease if its holder may be at work: not expired, and not proved dead.

    Expired by the journal's time: machines whose clocks differ must not call each other silent.
    """
    held = journal.lease(scope)
    if held is None or held.expired(journal.now()):
        return None
    return None if proved_dead(held) else held


@dataclass(frozen=True)
class Unproved:
    """The last holder of a scope let its lease expire, and nothing proves that it is dead."""

    held: Lease
    #: its last call cannot be under way any more after this
    until: datetime


def unproved(journal: Journal, scope: ScopeKey, in_flight_seconds: float) -> Unproved | None:
    """Whether taking over has to wait for calls that the last holder may still have under way.

    ``in_flight_seconds``: the longest deadline of what it had begun and not ended. None: nobody
    held the scope, the holder gave it back, lives, or is proved dead (on this host, and gone).
    """
    held = journal.lease(scope)
    now = journal.now()
    if held is None or not held.expired(now):
        return None
    if proved_dead(held):
        return None
    until = held.expires_at + timedelta(seconds=in_flight_seconds)
    return Unproved(held, until) if now < until else None


def proved_dead(held: Lease, alive: Callable[[int], bool] | None = None, *, host: str = "") -> bool:
    """Whether the lease's holder ran where this process runs, and is gone."""
    here = held.host == (host or socket.gethostname())
    return here and _mark(held.runner) in ("", machine()) and not (alive or process_alive)(held.pid)


def identity() -> Runner:
    """A new runner's identity for this process. Its id ends with what ``machine`` says."""
    host, pid = socket.gethostname(), os.getpid()
    return Runner(id=f"{host}-{pid}-{secrets.token_hex(4)}.{machine()}", host=host, pid=pid)


def _mark(runner: str) -> str:
    """The machine in a runner's id; empty in ids of an older drstate."""
    return runner.rpartition("-")[2].partition(".")[2]


@cache
def machine() -> str:
    """Tells where process ids mean the same: this start of this machine, in this container.

    A name does not tell: containers in the host's network have its name and processes of their
    own, and machines made from one image may all have one name.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        processes = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        boot, processes = f"{uuid.getnode():x}", ""
    return hashlib.sha256(f"{boot.strip()} {processes}".encode()).hexdigest()[:8]


def process_alive(pid: int) -> bool:
    """Whether the process exists and still runs (one that waits to be reaped does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
