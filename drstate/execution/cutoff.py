"""What a run that ends early leaves in the middle: every such step is told as UNKNOWN.

The next runner would find it RUNNING without a runner, which means the same; told at once, people
see it in the status before anybody resumes.
"""

from __future__ import annotations

from drstate.errors import RunInterruptedError
from drstate.execution.interrupts import interrupted_error
from drstate.execution.recorder import Recorder
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.report.view import Progress

FINDING = "cut off; whether it happened is not known, it is refreshed before anything else"


def tell_unknown(recorder: Recorder) -> int:
    """Tell every step that was begun and not ended; how many there are. Telling twice is fine."""
    found = []
    for stage in recorder.view().stages:
        for shard in stage.shards:
            if shard.stack is not None and shard.stack.state is Progress.RUNNING:
                found.append((stage.id, shard.id, shard.stack.name))
            found += [
                (stage.id, shard.id, action.id)
                for action in shard.actions
                if action.state is Progress.RUNNING
            ]
    for where, shard_id, step in found:
        recorder.append(e.StepUnknown(stage=where, shard=shard_id, step=step, finding=FINDING))
    return len(found)


def pause_interrupted(recorder: Recorder) -> RunInterruptedError:
    """Journal that the run was interrupted, and where it can be taken up; what to tell people."""
    tell_unknown(recorder)
    back = recorder.state.rolling_back
    way = recorder.fold.decisions()[1] if back else f"drstate resume {recorder.execution}"
    error = interrupted_error(recorder.execution, way)
    if recorder.state.status in (ExecutionStatus.RUNNING, ExecutionStatus.PAUSED):
        reason = "the rollback was interrupted" if back else "interrupted by the operator"
        recorder.append(e.ExecutionPaused(reason=reason, hint=error.hint))
    return error
