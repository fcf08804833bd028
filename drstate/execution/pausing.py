"""How a running execution comes to wait: at a person's request, or after an UNHEALTHY wave."""

from __future__ import annotations

from collections.abc import Collection

from drstate.execution.recorder import Recorder
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.health import FAILING


def pause(recorder: Recorder, reason: str, hint: str = "", *, by: str = "") -> None:
    """Pause it, if it has not ended. ``hint``: how to go on, where it is not by a plain resume."""
    if recorder.state.status not in (ExecutionStatus.RUNNING, ExecutionStatus.PAUSED):
        return
    hint = hint or f"go on with: drstate resume {recorder.execution}"
    recorder.append(e.ExecutionPaused(reason=reason, hint=hint, requested_by=by))


def pause_unhealthy(bench: Workbench, stage: str, essential: Collection[str]) -> None:
    """Pause after an UNHEALTHY wave, with the ways between which a person decides.

    In an emergency the contacts of the scope file are told, too.
    """
    recorder = bench.recorder
    statuses = recorder.state.health.items()
    bad = [k for (where, k), status in statuses if where == stage and status in FAILING]
    if bench.plan.emergency:
        # a critical service did not come up: more people are needed than the one at the keys
        weighty = tuple(sorted(set(bad) & set(essential)))
        contacts = tuple(bench.scope.contacts)
        recorder.append(e.Escalated(stage=stage, resources=weighty, contacts=contacts))
    override, back, cancel = recorder.fold.decisions()
    pause(
        recorder,
        f"{stage} is UNHEALTHY ({', '.join(sorted(bad))})",
        f"drstate resume {recorder.execution} tries it again; or override: {override}; "
        f"or roll back: {back}; or cancel: {cancel}",
    )
