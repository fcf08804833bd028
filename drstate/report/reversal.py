"""What people decided against the plan's own course: overridden waves, and a rollback so far.

A part of the status fold: each event changes it in constant time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from drstate.model import events as e
from drstate.model.events import ErrorInfo, Payload
from drstate.report.view import (
    OverrideView,
    Progress,
    RollbackView,
    ShardView,
    StageView,
    UndoView,
)

_Key = tuple[str, str, str]


@dataclass
class _Undo:
    step: e.UndoStep
    state: Progress = Progress.PENDING
    error: ErrorInfo | None = None
    seconds: float | None = None


@dataclass
class Reversal:
    """Overrides and the rollback of one execution so far."""

    overrides: list[OverrideView] = field(default_factory=list)
    #: stages whose latest verdict was overridden
    overridden: set[str] = field(default_factory=set)
    _started: e.RollbackStarted | None = None
    _at: datetime | None = None
    _steps: dict[_Key, _Undo] = field(default_factory=dict)

    def feed(self, payload: Payload, at: datetime) -> None:
        """Take the next event; those of other kinds change nothing."""
        match payload:
            case e.WaveOverridden(stage=stage, by=by, reason=reason):
                self.overrides.append(OverrideView(stage=stage, by=by, reason=reason, at=at))
                self.overridden.add(stage)
            case e.StageFinished(stage=stage):
                # judged again: the override was for what was seen before
                self.overridden.discard(stage)
            case e.RollbackStarted(steps=steps):
                self._started, self._at = payload, at
                done = {key: row for key, row in self._steps.items() if row.state is Progress.DONE}
                self._steps = {**done, **{_key(step): _Undo(step) for step in steps}}
            case e.UndoIntended():
                self._put(payload, Progress.RUNNING)
            case e.UndoFinished(duration_seconds=seconds):
                self._put(payload, Progress.DONE, seconds)
            case e.UndoFailed(error=error, duration_seconds=seconds):
                self._put(payload, Progress.FAILED, seconds, error)
            case _:
                return

    def _put(
        self,
        payload: e.UndoIntended | e.UndoFinished | e.UndoFailed,
        state: Progress,
        seconds: float | None = None,
        error: ErrorInfo | None = None,
    ) -> None:
        row = self._steps.get(_key(payload))
        if row is not None:
            row.state, row.seconds, row.error = state, seconds, error

    def rollback(self) -> RollbackView | None:
        """The rollback so far, or None where none was begun."""
        started, at = self._started, self._at
        if started is None or at is None:
            return None
        return RollbackView(
            by=started.by,
            reason=started.reason,
            at=at,
            waves=started.waves,
            state=self._state(),
            whole=started.whole,
            steps=tuple(
                UndoView(
                    **row.step.model_dump(), state=row.state, error=row.error, seconds=row.seconds
                )
                for row in self._steps.values()
            ),
            left=started.left,
        )

    def _state(self) -> Progress:
        states = {row.state for row in self._steps.values()}
        if states <= {Progress.DONE}:
            return Progress.DONE
        return Progress.FAILED if Progress.FAILED in states else Progress.RUNNING


def taken_back(
    stages: tuple[StageView, ...], rollback: RollbackView | None
) -> tuple[StageView, ...]:
    """The stages; what the rollback has undone is no longer shown as if it still stood."""
    if rollback is None:
        return stages
    undone = {_key(row): row.state is Progress.DONE for row in rollback.steps}
    left = {row.what for row in rollback.left}
    return tuple(_taken_back(stage, undone, left) for stage in stages)


def _taken_back(stage: StageView, undone: dict[_Key, bool], left: set[str]) -> StageView:
    steps = [done for key, done in undone.items() if key[0] == stage.id]
    if not steps:
        return stage
    back = {key for key, done in undone.items() if done}
    shards = tuple(_shard_back(stage.id, shard, back) for shard in stage.shards)
    if not all(steps):
        return stage.model_copy(update={"shards": shards})
    nothing: dict[str, object] = {"recovered_seconds": None, "rto_met": None, "detail": ""}
    nothing |= {"endpoints_before": {}, "endpoints_after": {}, "hint": "", "status": None}
    resources = tuple(
        row
        if row.no_op is not None or row.key in left or row.state is Progress.PENDING
        else row.model_copy(update={**nothing, "state": Progress.UNDONE})
        for row in stage.resources
    )
    over = {"state": Progress.UNDONE, "health": None}
    return stage.model_copy(update={"shards": shards, "resources": resources, **over})


def _shard_back(stage: str, shard: ShardView, back: set[_Key]) -> ShardView:
    over = {"state": Progress.UNDONE}
    actions = tuple(
        row.model_copy(update=over) if (stage, shard.id, row.id) in back else row
        for row in shard.actions
    )
    stack = shard.stack
    if stack is not None and (stage, shard.id, stack.name) in back:
        stack = stack.model_copy(update=over)
    return shard.model_copy(update={"actions": actions, "stack": stack})


def _key(step: e.UndoStep | e.UndoIntended | e.UndoFinished | e.UndoFailed | UndoView) -> _Key:
    return (step.stage, step.shard, step.step)
