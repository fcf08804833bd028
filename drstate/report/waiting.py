"""How an execution waited: gates, pauses, what people asked of it, and the process that runs it.

A part of the status fold: it is fed the same events, in the same order, and refuses none.
"""

from __future__ import annotations

from datetime import datetime

from drstate.model import events as e
from drstate.model.events import Payload
from drstate.report.view import BackgroundView, GateView, PauseView, Progress


class Waiting:
    """Feed events in order; read what they told."""

    def __init__(self) -> None:
        self.pauses: list[PauseView] = []
        self.background: BackgroundView | None = None
        #: rejected, and what was done is to be undone
        self.to_roll_back = False
        self._asked: dict[str, str] = {}

    @property
    def requests(self) -> tuple[str, ...]:
        """What people asked of the running execution and what has not come about yet."""
        return tuple(self._asked.values())

    def feed(self, payload: Payload, at: datetime) -> None:  # noqa: C901 - one case a kind
        """Take the next event."""
        match payload:
            case e.GateOpened(stage=stage, reason=reason):
                self._end(at)
                self.pauses.append(PauseView(begun_at=at, reason=reason, stage=stage))
            case e.ExecutionPaused(reason=reason, requested_by=by):
                self._asked.pop("pause", None)
                if not self.pauses or self.pauses[-1].ended_at is not None:
                    self.pauses.append(PauseView(begun_at=at, reason=reason, by=by))
            case e.GateDecided(approved=approved, rollback=rollback):
                self.to_roll_back = self.to_roll_back or (rollback and not approved)
                if not self.to_roll_back:
                    self._end(at)
            case e.RunnerAttached(unasked=unasked):
                if not unasked:
                    self._asked.pop("pause", None)
                self._end(at)
            case e.ExecutionFinished():
                self._asked.clear()
                self._end(at)
            case e.PauseRequested(by=by, reason=reason):
                self._asked["pause"] = _said(f"{by} asked for a pause after this wave", reason)
            case e.CancelRequested(by=by, reason=reason):
                self._asked["cancel"] = _said(f"{by} gave it up; what runs is ended", reason)
            case e.RunnerLaunched(host=host, pid=pid, log=log):
                self.background = BackgroundView(host=host, pid=pid, log=log)
            case _:
                pass

    def _end(self, at: datetime) -> None:
        if self.pauses and self.pauses[-1].ended_at is None:
            last = self.pauses[-1]
            seconds = max(0.0, (at - last.begun_at).total_seconds())
            self.pauses[-1] = last.model_copy(update={"ended_at": at, "seconds": seconds})


def gate_after(before: GateView | None, payload: Payload) -> GateView | None:
    """The gate once the event has happened; None where there is none."""
    match payload:
        case e.GateOpened():
            return GateView(
                state=Progress.WAITING,
                reason=payload.reason,
                checklist=payload.checklist,
                impaired=payload.impaired,
                summary=payload.summary,
            )
        case e.GateReminded() if before is not None:
            return before.model_copy(update={"reminders": before.reminders + 1})
        case e.GateDecided():
            found = before or GateView(state=Progress.PENDING)
            if found.by:
                return found  # two people decided at once: the first one counts
            state = Progress.DONE if payload.approved else Progress.FAILED
            changed = {"state": state, "by": payload.by, "comment": payload.comment}
            return found.model_copy(update=changed)
        case _:
            return before


def _said(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text
