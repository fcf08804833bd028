"""Inputs of `start-execution`: every documented shape is understood, all else is refused."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.errors import ConfigError, PlanRefusedError
from drstate.execution.dispatch.answers import NOBODY, TIMED_OUT, read_answer
from drstate.execution.dispatch.requests import (
    RunRequest,
    check_direction,
    check_regions,
    read_request,
    referred,
)
from drstate.model.phases import Operation
from drstate.model.scope import Approval, Environment
from tests.planning.planning_estate import EAST, SCOPE, WEST

LEAST = {"Customer": "CustomerX", "Environment": "production", "Operation": "failover"}
URGENT = {"Operation": "emergency", "Consent": "data-loss"}


def wish(**more: Any) -> RunRequest:
    known = {
        "customer": "CustomerX",
        "environment": Environment.PRODUCTION,
        "operation": Operation.FAILOVER,
    }
    return RunRequest(**{**known, **more})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (LEAST, wish()),
        (
            {
                **LEAST,
                "PrimaryRegion": "us-east-1",
                "DRRegion": "us-west-2",
                "ApprovalMode": "required",
            },
            wish(primary="us-east-1", recovery="us-west-2", approval=Approval.REQUIRED),
        ),
        (
            {
                **LEAST,
                "Operation": "failback",
                "PrimaryRegion": "us-east-1",
                "DRRegion": "us-west-2",
            },
            wish(operation=Operation.FAILBACK, primary="us-east-1", recovery="us-west-2"),
        ),
        (
            {
                **LEAST,
                "Regions": ["us-east-1"],
                "DRRegions": ["us-east-2"],
                "ApprovalMode": "required",
                "Waves": "all",
            },
            wish(primary="us-east-1", recovery="us-east-2", approval=Approval.REQUIRED),
        ),
        (
            {
                "customer": "CustomerX",
                "environment": "production",
                "operation": "failover",
                "primaryRegion": "us-east-1",
                "drRegion": "us-west-2",
                "approvalMode": "automatic",
                "waves": [1, 2, 3],
            },
            wish(
                primary="us-east-1",
                recovery="us-west-2",
                approval=Approval.AUTOMATIC,
                waves=(1, 2, 3),
            ),
        ),
        ({**LEAST, **URGENT}, wish(approval=Approval.AUTOMATIC, emergency=True)),
        ({**LEAST, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:…"}, wish()),
    ],
)
def test_every_documented_shape_is_understood(given: Any, meant: RunRequest) -> None:
    assert read_request(given) == meant
    assert referred(given) is None


@pytest.mark.parametrize(
    ("given", "field", "mend"),
    [
        ("failover", "input", "Customer"),
        ({**LEAST, "Customer": ""}, "Customer", "Customer"),
        ({**LEAST, "Environment": "prod"}, "Environment is 'prod'", "production"),
        ({**LEAST, "Operation": "phase"}, "Operation is 'phase'", "failback"),
        ({**LEAST, "Operation": "emergency"}, "Operation", '"Consent": "data-loss"'),
        ({**LEAST, "Operation": "emergency", "Consent": "yes"}, "Consent is 'yes'", "data-loss"),
        ({**LEAST, "Operation": "emergency", "Consent": True}, "Consent is True", "Consent"),
        ({**LEAST, "Consent": "data-loss"}, "Consent", '"Operation": "emergency"'),
        (
            {**LEAST, **URGENT, "ApprovalMode": "required"},
            "ApprovalMode is 'required'",
            "leave it out",
        ),
        ({**LEAST, "ApprovalMode": "never"}, "ApprovalMode is 'never'", "automatic"),
        ({**LEAST, "Waves": [0]}, "Waves is [0]", "[1, 2]"),
        ({**LEAST, "Waves": [True]}, "Waves", "[1, 2]"),
        ({**LEAST, "Waves": "first"}, "Waves is 'first'", "all"),
        ({**LEAST, "Regions": ["us-east-1", "eu-west-1"]}, "Regions", "one region"),
        ({**LEAST, "DRRegion": "a", "DRRegions": ["b"]}, "DRRegions", "DRRegion"),
        ({**LEAST, "DryRun": True}, "DryRun is True", "Customer"),
        ({**LEAST, "DRegion": "us-west-2"}, "DRegion", "did you mean DRRegion?"),
        ({**LEAST, "customer": "other"}, "customer", "once"),
        ({"Customer": "a", "Operation": "failover"}, "Environment is missing", "--input"),
    ],
)
def test_what_is_not_understood_is_refused_with_field_and_mend(
    given: Any, field: str, mend: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_request(given)
    assert refused.value.what.startswith(field)
    assert mend in refused.value.hint


def test_a_reference_is_nothing_but_a_reference() -> None:
    assert referred({"execution": "20260101-000000-abcd"}) == "20260101-000000-abcd"
    with pytest.raises(ConfigError):
        read_request({**LEAST, "execution": "20260101-000000-abcd"})


def test_regions_are_held_against_the_scopes_pair() -> None:
    check_regions(wish(primary=EAST, recovery=WEST), SCOPE)
    check_regions(wish(), SCOPE)
    with pytest.raises(ConfigError, match="DRRegion is 'eu-west-1'") as refused:
        check_regions(wish(recovery="eu-west-1"), SCOPE)
    assert WEST in refused.value.hint
    with pytest.raises(ConfigError, match="PrimaryRegion") as refused:
        check_regions(wish(operation=Operation.FAILBACK, primary=WEST, recovery=EAST), SCOPE)
    assert "stays the original primary" in refused.value.why


def test_nobody_goes_where_the_scope_is_already() -> None:
    check_direction(wish(), SCOPE, EAST)
    with pytest.raises(PlanRefusedError, match="is served by us-west-2 already"):
        check_direction(wish(), SCOPE, WEST)
    with pytest.raises(PlanRefusedError, match="failback"):
        check_direction(wish(operation=Operation.FAILBACK), SCOPE, EAST)


@pytest.mark.parametrize(
    ("state", "approved", "by"),
    [
        ({"decision": {"approved": True, "approver": "kim"}}, True, "kim"),
        ({"decision": {}}, True, NOBODY),
        ({"decision": {"approved": False, "approver": "kim"}}, False, "kim"),
        ({"refusal": {"Error": "Rejected", "Cause": "no"}}, False, NOBODY),
    ],
)
def test_success_approves_and_failure_rejects(state: Any, approved: bool, by: str) -> None:
    said = read_answer(state).answer
    assert said is not None
    assert (said.approved, said.by) == (approved, by)


@pytest.mark.parametrize("decision", [{"approved": "false"}, {"approved": 1}, "yes", [True]])
def test_an_answer_that_is_not_clear_decides_nothing(decision: Any) -> None:
    said = read_answer({"decision": decision})
    assert said.answer is None
    assert said.why


def test_a_token_that_ran_out_is_no_rejection() -> None:
    said = read_answer({"refusal": {"Error": TIMED_OUT, "Cause": ""}})
    assert said.answer is None
    assert said.timed_out
