"""What the emulated services share inside the one sandbox of a process.

moto keeps its state in module-level backends, so a process holds one sandbox; its clock,
its keys and the caller of the request being served are found here. The caller is only
meaningful while a request is served, and requests are served one at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drstate.sandbox.access import Access, Principal
from drstate.sandbox.calls import Call
from drstate.sandbox.clock import ScaledClock
from drstate.sandbox.faults.hanging import Hangs
from drstate.sandbox.faults.limits import Limits
from drstate.sandbox.faults.table import FaultTable
from drstate.sandbox.waiting import NotYet


@dataclass
class Runtime:
    """Clock, keys, what goes wrong on purpose, and who is calling right now."""

    clock: ScaledClock
    access: Access
    caller: Principal | None = None
    # Refuse a second change of a DNS zone while it works on one, as Route 53 does.
    busy_zones: bool = True
    # Hold callers to their identity policies.
    policies: bool = False
    faults: FaultTable = field(default_factory=FaultTable)
    hangs: Hangs = field(default_factory=Hangs)
    limits: Limits = field(init=False)
    # How far AWS's clock is ahead of the sandbox's for the request being served, in seconds.
    skew: float = 0.0
    # The call being served has waited for as long as it may.
    waited: bool = False

    def __post_init__(self) -> None:
        self.limits = Limits(self.clock.scale)

    def now(self) -> datetime:
        """The time that AWS believes it is: what sessions are issued and held by."""
        return self.clock.now() + timedelta(seconds=self.skew)

    def wait(self, seconds: float) -> None:
        """Have the call being served wait, and be served again when something has happened.

        Returns where it must be answered now: its nominal `seconds` are over.
        """
        if not self.waited and seconds * self.clock.scale > 0:
            raise NotYet(seconds)


class _Holder:
    current: Runtime | None = None
    endpoint: str = ""
    history: Callable[[], tuple[Call, ...]] = tuple
    lock: threading.RLock | None = None


def install(runtime: Runtime) -> None:
    """Make this the process's sandbox (a reset installs a fresh one)."""
    _Holder.current = runtime


def reached_at(endpoint: str) -> None:
    """Remember where this process listens: services that call others go by it."""
    _Holder.endpoint = endpoint


def endpoint() -> str:
    """Where this process listens."""
    return _Holder.endpoint


def served_under(lock: threading.RLock) -> None:
    """Which lock is held, once, while a request is served."""
    _Holder.lock = lock


@contextmanager
def aside() -> Iterator[None]:
    """Let other requests be served meanwhile: what is done here touches no emulated state.

    Without it, a function that takes its time, or calls the sandbox itself, would hold up all.
    """
    state, lock = get(), _Holder.lock
    kept = state.caller, state.skew, state.waited
    if lock is not None:
        lock.release()
    try:
        yield
    finally:
        if lock is not None:
            lock.acquire()
        state.caller, state.skew, state.waited = kept


@contextmanager
def held() -> Iterator[None]:
    """What is done here is done as a request is: alone, after what is due."""
    lock = _Holder.lock
    if lock is not None:
        lock.acquire()
    try:
        get().clock.run_due()
        yield
    finally:
        if lock is not None:
            lock.release()


def recorded_by(history: Callable[[], tuple[Call, ...]]) -> None:
    """Where the record of calls is to be had."""
    _Holder.history = staticmethod(history)


def history() -> tuple[Call, ...]:
    """Every call that is on record, the oldest first."""
    return _Holder.history()


def get() -> Runtime:
    """The process's sandbox."""
    if _Holder.current is None:
        raise RuntimeError("no sandbox runs in this process; call runtime.install() first")
    return _Holder.current


def clock() -> ScaledClock:
    """Shorthand for the runtime's clock."""
    return get().clock


def caller() -> Principal:
    """Who is calling; only while a request is served."""
    principal = get().caller
    if principal is None:
        raise RuntimeError("no request is being served")
    return principal
