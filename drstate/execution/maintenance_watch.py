"""A maintenance window that opens while an execution runs: it is told, and may pause it.

What runs is never cut off: it finishes, or it stops after its wave as with ``drstate pause``. A
window that was open already when the attempt began asks for nothing: whoever began, or went on,
knew of it. An emergency and a failover by force are told only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from drstate.aws.clock import Clock
from drstate.errors import ConfigError
from drstate.execution.progress import RunState
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.execution.states import StepState
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.maintenance import PlacedWindow, Running
from drstate.model.notify import Kind
from drstate.model.plan import Plan
from drstate.model.scope import Scope

#: after these an execution runs, and after those it waits for people
_GOES_ON = frozenset({"runner_attached", "gate_decided"})
_WAITS = frozenset({"execution_paused", "gate_opened", "execution_finished"})


class MaintenanceWatch:
    """Call it now and then; it does something once for each window that opens after ``since``."""

    def __init__(
        self,
        recorder: Recorder,
        windows: Sequence[PlacedWindow],
        clock: Clock,
        *,
        pauses: bool,
        since: datetime | None = None,
        told: Callable[[], Collection[str]] = tuple,
        leads: Callable[[RunState], bool] = lambda _: True,
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._pauses = pauses
        #: whether this process is the one that tells, where several are at work
        self._leads = leads
        #: what other processes have told of windows
        self._told = told
        begun = since or clock.now()
        self._awaited = [row for row in windows if row.window.begins > begun]

    def __call__(self) -> None:
        """Raises what the journal raises; the window is then looked at again."""
        if not self._leads(self._recorder.state):
            return
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
        if what in self._told():
            return
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
    services: Services,
    scope: Scope,
    plan: Plan,
    recorder: Recorder,
    *,
    shared: bool = False,
    place: tuple[str, str] | None = None,
) -> MaintenanceWatch:
    """The watch of one attempt. Windows that cannot be read stop nothing that runs.

    ``shared``: workers do the attempt one after the other, and beside each other. A window opens
    for the first of them that sees it, also where it opened while none was at work. ``place``: the
    stage and shard of a worker beside others, of whom the first one speaks.
    """
    from drstate.inventory.maintenance import windows_of  # noqa: PLC0415 loaded when it is needed

    try:
        windows = windows_of(services.project_dir, scope)
    except ConfigError as error:
        text = f"maintenance windows are not looked at: {error.what}"
        if not shared or text not in _told(services, recorder.execution):
            recorder.warn(text, error.hint)
        windows = ()
    urgent = plan.emergency or plan.force
    watch = MaintenanceWatch(
        recorder,
        windows,
        services.clock,
        pauses=not urgent,
        since=let_on_at(services, recorder.execution) if shared else None,
        told=lambda: _told(services, recorder.execution) if shared else (),
        leads=lambda state: place is None or place == _first_at_work(state),
    )
    if shared:
        watch()  # what is due next may begin at once
    return watch


def let_on_at(services: Services, execution: str) -> datetime | None:
    """When people last let the execution begin or go on; None where it waits for them."""
    since, waits = None, True
    for event in services.journal.events(execution, kinds=_GOES_ON | _WAITS):
        begins = event.payload.type in _GOES_ON
        if begins and waits:
            since = event.at
        waits = not begins
    return None if waits else since


def _first_at_work(state: RunState) -> tuple[str, str] | None:
    running = [at for at, row in state.shards.items() if row.state is StepState.RUNNING]
    return min(running, default=None)


def _told(services: Services, execution: str) -> set[str]:
    warned = services.journal.events(execution, kinds=("warned",))
    return {row.payload.text for row in warned if isinstance(row.payload, e.Warned)}
