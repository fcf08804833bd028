"""What the emulated services share inside the one sandbox of a process.

moto keeps its state in module-level backends, so a process holds one sandbox; its clock,
its keys and the caller of the request being served are found here. The caller is only
meaningful while a request is served, and requests are served one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drstate.sandbox.access import Access, Principal
from drstate.sandbox.clock import ScaledClock
from drstate.sandbox.faults.hanging import Hangs
from drstate.sandbox.faults.limits import Limits
from drstate.sandbox.faults.table import FaultTable


@dataclass
class Runtime:
    """Clock, keys, what goes wrong on purpose, and who is calling right now."""

    clock: ScaledClock
    access: Access
    caller: Principal | None = None
    # Refuse a second change of a DNS zone while it works on one, as Route 53 does.
    busy_zones: bool = True
    faults: FaultTable = field(default_factory=FaultTable)
    hangs: Hangs = field(default_factory=Hangs)
    limits: Limits = field(init=False)
    # How far AWS's clock is ahead of the sandbox's for the request being served, in seconds.
    skew: float = 0.0

    def __post_init__(self) -> None:
        self.limits = Limits(self.clock.scale)

    def now(self) -> datetime:
        """The time that AWS believes it is: what sessions are issued and held by."""
        return self.clock.now() + timedelta(seconds=self.skew)


class _Holder:
    current: Runtime | None = None


def install(runtime: Runtime) -> None:
    """Make this the process's sandbox (a reset installs a fresh one)."""
    _Holder.current = runtime


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
