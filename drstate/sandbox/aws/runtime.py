"""What the emulated services share inside the one sandbox of a process.

moto keeps its state in module-level backends, so a process holds one sandbox; its clock,
its keys and the caller of the request being served are found here. The caller is only
meaningful while a request is served, and requests are served one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.sandbox.access import Access, Principal
from drstate.sandbox.clock import ScaledClock


@dataclass
class Runtime:
    """Clock, keys, and who is calling right now."""

    clock: ScaledClock
    access: Access
    caller: Principal | None = None
    # Refuse a second change of a DNS zone while one propagates, as a busy Route 53 does.
    busy_zones: bool = False


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
