"""Time budgets of a run: each phase and each stage may take so long, counted anew by every attempt.

A budget that ran out stops what is about to begin; what is running ends, or breaks off its wait. A
stage that is only waiting to be closed is not stopped for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from drstate.aws.clock import Clock
from drstate.errors import TimedOutError
from drstate.model.phases import Phase
from drstate.model.plan import Stage


def of_phase(phase: Phase) -> str:
    """The name under which a phase's time is counted."""
    return f"phase {phase}"


class Budgets:
    """When phases and stages began in this attempt.

    ``spent``: seconds that earlier parts of the attempt took, by ``of_phase`` and stage's id.
    """

    def __init__(
        self, clock: Clock, execution: str, spent: Mapping[str, float] | None = None
    ) -> None:
        self._clock = clock
        self._execution = execution
        now = clock.monotonic()
        self._begun = {what: now - seconds for what, seconds in (spent or {}).items()}

    def phase(self, stage: Stage) -> TimedOutError | None:
        """Why ``stage`` may not begin: its phase's budget is over. None: it may."""
        spent = self._spent(of_phase(stage.phase))
        # a stage of a drill may be given more than its whole phase has in earnest
        minutes = max(stage.phase.budget_minutes, stage.budget_seconds // 60)
        if spent <= minutes * 60:
            return None
        return self._error(
            f"phase {stage.phase} took more than its {minutes} minutes",
            f"{spent / 60:.0f} minutes were over before {stage.id} could begin",
        )

    def stage(self, stage: Stage) -> TimedOutError | None:
        """Why nothing more of ``stage`` may begin: its own budget is over. None: it may."""
        spent = self._spent(stage.id)
        if spent <= stage.budget_seconds:
            return None
        share = f"{stage.phase}'s {stage.phase.budget_minutes} minutes"
        return self._error(
            f"{stage.id} took more than its {stage.budget_seconds} s",
            f"{spent:.0f} s are over and it is not done; the budget is its share of {share}",
        )

    def forgive(self, seconds: float) -> None:
        """Do not count time in which the run waited for a person."""
        self._begun = {what: begun + seconds for what, begun in self._begun.items()}

    def _spent(self, what: str) -> float:
        now = self._clock.monotonic()
        return now - self._begun.setdefault(what, now)

    def _error(self, what: str, why: str) -> TimedOutError:
        hint = f"drstate resume {self._execution} goes on with a fresh budget"
        return TimedOutError(what, why=why, hint=hint)
