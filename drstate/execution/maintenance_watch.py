"""A maintenance window that opens while an execution runs: it is told, and may pause it.

What runs is never cut off: it finishes, or it stops after its wave as with ``drstate pause``. A
window that was open already when the attempt began asks for nothing: whoever began, or went on,
knew of it. An emergency and a failover by force are told only.
"""

from __future__ import annotations

from collections.abc import Sequence

from drstate.aws.clock import Clock
from drstate.errors import ConfigError
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.maintenance import PlacedWindow, Running
from drstate.model.notify import Kind
from drstate.model.plan import Plan
from drstate.model.scope import Scope


class MaintenanceWatch:
    """Call it now and then; it does something once for each window that opens."""

    def __init__(
        self, recorder: Recorder, windows: Sequence[PlacedWindow], clock: Clock, *, pauses: bool
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._pauses = pauses
        now = clock.now()
        self._awaited = [row for row in windows if row.window.begins > now]

    def __call__(self) -> None:
        """Raises what the journal raises; the window is then looked at again."""
        now = self._clock.now()
        for row in tuple(self._awaited):
            if row.window.begins > now:
                continue
            if self._recorder.state.status is ExecutionStatus.RUNNING and row.window.open_at(now):
                self._opened(row)
            self._awaited.remove(row)

    def _opened(self, row: PlacedWindow) -> None:
        until = f"{row.window.ends:%Y-%m-%d %H:%M %Z}"
        what = f"maintenance of {row.of} has begun and goes on until {until} ({row.window.reason})"
        execution = self._recorder.execution
        if row.window.running is Running.PAUSE and self._pauses:
            self._recorder.append(
                e.PauseRequested(by=f"the maintenance window until {until}", reason=what)
            )
            hint = f"this execution is paused after its wave; then: drstate resume {execution}"
        else:
            hint = f"this execution goes on; drstate pause {execution} stops it after its wave"
        self._recorder.warn(what, hint, kind=Kind.MAINTENANCE)


def maintenance_watch(
    services: Services, scope: Scope, plan: Plan, recorder: Recorder
) -> MaintenanceWatch:
    """The watch of one attempt. Windows that cannot be read stop nothing that runs."""
    from drstate.inventory.maintenance import windows_of  # noqa: PLC0415 loaded when it is needed

    try:
        windows = windows_of(services.project_dir, scope)
    except ConfigError as error:
        recorder.warn(f"maintenance windows are not looked at: {error.what}", error.hint)
        windows = ()
    urgent = plan.emergency or plan.force
    return MaintenanceWatch(recorder, windows, services.clock, pauses=not urgent)
