"""Time budgets of a run: each phase and each stage may take so long, counted anew by every attempt.

A budget that ran out stops what is about to begin; what is running ends, or breaks off its wait. A
stage that is only waiting to be closed is not stopped for it.
"""

from __future__ import annotations

from drstate.aws.clock import Clock
from drstate.errors import TimedOutError
from drstate.model.plan import Stage


class Budgets:
    """When phases and stages began in this attempt."""

    def __init__(self, clock: Clock, execution: str) -> None:
        self._clock = clock
        self._execution = execution
        self._begun: dict[str, float] = {}

    def phase(self, stage: Stage) -> TimedOutError | None:
        """Why ``stage`` may not begin: its phase's budget is over. None: it may."""
        spent = self._spent(f"phase {stage.phase}")
        if spent <= stage.phase.budget_minutes * 60:
            return None
        return self._error(
            f"phase {stage.phase} took more than its {stage.phase.budget_minutes} minutes",
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

    def _spent(self, what: str) -> float:
        now = self._clock.monotonic()
        return now - self._begun.setdefault(what, now)

    def _error(self, what: str, why: str) -> TimedOutError:
        hint = f"drstate resume {self._execution} goes on with a fresh budget"
        return TimedOutError(what, why=why, hint=hint)
