from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from drstate.errors import InternalError
from drstate.execution import diagram, states
from drstate.execution.states import StepState
from drstate.journal.status import ENDED
from drstate.model.events import ExecutionStatus

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("before", "after"), list(product(ExecutionStatus, repeat=2)))
def test_an_execution_goes_where_the_table_says_and_nowhere_else(
    before: ExecutionStatus, after: ExecutionStatus
) -> None:
    allowed = any(
        (row.before, row.after) == (before, after) for row in states.EXECUTION_TRANSITIONS
    )
    if allowed:
        assert states.execution_transition(before, after) is after
    else:
        with pytest.raises(InternalError, match=f"from {before} to {after}"):
            states.execution_transition(before, after)


def test_nothing_leaves_a_final_state_and_the_journal_agrees_which_are_final() -> None:
    leaving = {row.before for row in states.EXECUTION_TRANSITIONS}
    assert set(ExecutionStatus) - leaving == states.FINAL == ENDED


def test_a_done_step_stays_done() -> None:
    for after in StepState:
        with pytest.raises(InternalError):
            states.step_transition(StepState.DONE, after)


def test_every_transition_has_a_reason_and_stands_once() -> None:
    for table in (states.EXECUTION_TRANSITIONS, states.STEP_TRANSITIONS):
        pairs = [(row.before, row.after) for row in table]
        assert len(pairs) == len(set(pairs))
        assert all(row.reason for row in table)


def test_the_page_in_the_docs_is_what_the_tables_draw() -> None:
    kept = (ROOT / diagram.PAGE).read_text(encoding="utf-8")
    assert kept == diagram.page(), "draw it again: python -m drstate.execution.diagram"
