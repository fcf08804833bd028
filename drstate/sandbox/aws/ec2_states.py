"""EC2 instances take their time: pending, running, stopping, stopped, shutting-down, terminated.

moto changes an instance's state within the call. Here the call begins the change, and the
scaled clock ends it. A call that a state does not allow is refused as EC2 refuses it. What
moto does along with a state (network interfaces, volumes) still happens within the call.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance, InstanceState

from . import runtime
from .extend import extend

START_SECONDS = 15.0
STOP_SECONDS = 20.0
TERMINATE_SECONDS = 30.0
CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
_START_FROM = {"stopped", "pending", "running"}
_STOP_FROM = {"running", "stopping", "stopped"}
_GONE = {"shutting-down", "terminated"}

_init = Instance.__init__
_start = Instance.start
_stop = Instance.stop
_terminate = Instance.terminate
_reboot = Instance.reboot


def _begin(instance: Any, now: str, then: str, seconds: float) -> None:
    """`now` at once, `then` in nominal seconds, unless something else is begun before."""
    turn = getattr(instance, "_turn", 0) + 1
    instance._turn = turn  # noqa: SLF001 - the sandbox's own mark on moto's object
    _become(instance, now)
    runtime.clock().after(seconds, partial(_arrive, instance, turn, then))


def arrived(instance: Any) -> None:
    """An estate's instance has been running for long."""
    instance._turn = getattr(instance, "_turn", 0) + 1  # noqa: SLF001 - as above
    _become(instance, "running")


def _arrive(instance: Any, turn: int, state: str) -> None:
    if instance._turn == turn:  # noqa: SLF001 - as above
        _become(instance, state)


def _become(instance: Any, state: str) -> None:
    instance._state = InstanceState(state, CODES[state])  # noqa: SLF001 - moto has no setter


def _incorrect(instance: Any, done: str) -> EC2ClientError:
    return EC2ClientError(
        "IncorrectInstanceState",
        f"The instance '{instance.id}' is not in a state from which it can be {done}.",
    )


def _pending(self: Any, *arguments: Any, **options: Any) -> None:
    _init(self, *arguments, **options)
    named = {one.get("NetworkInterfaceId") for one in options.get("nics") or ()}
    self._own_interfaces = {nic.id for nic in self.nics.values() if nic.id not in named}
    _begin(self, "pending", "running", START_SECONDS)


def _free_interfaces(instance: Any) -> None:
    """What was made along with an instance goes with it, and its addresses are free again."""
    for nic in list(instance.nics.values()):
        ours = nic.id in getattr(instance, "_own_interfaces", ())
        if ours and nic.id in instance.ec2_backend.enis:
            nic.delete()


class _Instance:
    def start(self: Any) -> InstanceState:
        """Begin to start; nothing to do where it is running already."""
        before: InstanceState = copy.copy(self._state)
        if before.name not in _START_FROM:
            raise _incorrect(self, "started")
        if before.name == "stopped":
            _start(self)
            _begin(self, "pending", "running", START_SECONDS)
        return before

    def stop(self: Any) -> InstanceState:
        """Begin to stop; nothing to do where it is stopped already."""
        before: InstanceState = copy.copy(self._state)
        if before.name not in _STOP_FROM:
            raise _incorrect(self, "stopped")
        if before.name == "running":
            _stop(self)
            _begin(self, "stopping", "stopped", STOP_SECONDS)
        return before

    def terminate(self: Any) -> InstanceState:
        """Begin to end; nothing to do where that has begun already."""
        before: InstanceState = copy.copy(self._state)
        if before.name not in _GONE:
            _terminate(self)
            _free_interfaces(self)
            _begin(self, "shutting-down", "terminated", TERMINATE_SECONDS)
        return before

    def reboot(self: Any) -> None:
        """Leaves the state as it is; only what is running can be rebooted."""
        if self._state.name != "running":
            raise _incorrect(self, "rebooted")
        _reboot(self)


def install() -> None:
    """Correct moto's EC2."""
    extend(Instance, _Instance, replaces=frozenset({"start", "stop", "terminate", "reboot"}))
    Instance.__init__ = _pending
