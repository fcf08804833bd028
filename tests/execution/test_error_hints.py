"""Advice is for where it is read: a command, or a run that stopped; and it can be pasted."""

from __future__ import annotations

import pytest

from drstate.errors import OperationError
from drstate.execution.advice import AGAIN, RESUME, addressed
from drstate.execution.errorinfo import error_info
from tests.execution import transcript as t

TWICE = OperationError("the call failed", hint=f"mend it and {AGAIN}; or wait and {AGAIN}")
GONE = OperationError("it is gone", hint="make it first: drstate up --phase replicate")
PLAN = t.plan(t.stage(1, t.shard(t.A, "w1", t.key("db"))))
WHERE = "-c acme -e staging"


def test_what_a_command_was_told_stays() -> None:
    assert error_info(TWICE).hint == TWICE.hint


def test_a_step_of_a_run_is_repeated_by_its_own_command() -> None:
    told = error_info(TWICE, plan=PLAN, again=RESUME).hint
    assert told == "mend it and drstate resume; or wait and drstate resume"


def test_a_rollback_is_repeated_never_resumed() -> None:
    stuck = OperationError("it is locked", hint="unlock it and run `drstate resume`")
    told = error_info(stuck, plan=PLAN, again="drstate rollback").hint
    assert told == "unlock it and run `drstate rollback`"


def test_advice_that_needs_the_lost_region_is_joined_by_what_does_not() -> None:
    planned = error_info(GONE, plan=PLAN, again=RESUME).hint
    assert planned == f"make it first: drstate up --phase replicate {WHERE}"
    urgent = PLAN.model_copy(update={"emergency": True})
    told = error_info(GONE, plan=urgent, again=RESUME).hint
    assert told.startswith(f"{planned}\nthat needs {PLAN.serving}: ")
    assert f"drstate resume --override, and afterwards drstate up --phase activate {WHERE}" in told
    assert error_info(TWICE, plan=urgent, again=RESUME).hint.count("\n") == 0


@pytest.mark.parametrize(
    ("hint", "pasted"),
    [
        (
            "drstate up --phase replicate, then activate, turns the roles",
            f"drstate up --phase replicate {WHERE}, then activate, turns the roles",
        ),
        (
            "drstate up --phase replicate --refresh puts them back",
            f"drstate up --phase replicate --refresh {WHERE} puts them back",
        ),
        (
            "drstate up --phase cleanup --phase replicate",
            f"drstate up --phase cleanup --phase replicate {WHERE}",
        ),
        (f"`drstate up --phase activate {WHERE}` first", None),
        (f"drstate up --phase replicate --refresh {WHERE}", None),
        ("drstate upgrade --phase x; drstate resume waits for it", None),
    ],
)
def test_a_phase_that_is_advised_names_its_scope_once(hint: str, pasted: str | None) -> None:
    assert addressed(hint, t.SCOPE) == (pasted or hint)
