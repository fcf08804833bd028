"""Clients of several accounts come from one botocore session, and never sign for each other."""

from __future__ import annotations

from datetime import timedelta

from drstate.aws.caller import AwsCaller, open_caller
from drstate.model.scope import Account
from tests.aws.clocks import FakeClock
from tests.aws.server import EXTERNAL_ID, SmallAws

ONE, OTHER = "211111111101", "211111111102"


def caller_for_both(clock: FakeClock) -> AwsCaller:
    accounts = [
        Account(
            id=number,
            name=f"account-{number[-2:]}",
            role_arn=f"arn:aws:iam::{number}:role/drstate-target",
            external_id=EXTERNAL_ID,
        )
        for number in (ONE, OTHER)
    ]
    return open_caller(accounts, session_name="apart", clock=clock)


def ask(caller: AwsCaller, number: str) -> None:
    caller.call("ecs", "list_clusters", account=number, region="us-west-2")


def test_a_client_goes_on_with_its_account_after_one_of_another_account_was_made(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = caller_for_both(clock)
    for number in (ONE, OTHER, ONE, OTHER):
        ask(caller, number)
    assert [asked.access_key[-1] for asked in aws.calls("ecs")] == ["1", "2", "1", "2"]


def test_a_renewal_in_one_account_leaves_the_other_its_session(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = caller_for_both(clock)
    ask(caller, ONE)
    clock.forward(600)
    aws.session_end = clock.now() + timedelta(seconds=900)
    ask(caller, OTHER)
    clock.forward(200)
    aws.session_end = clock.now() + timedelta(seconds=900)
    for number in (ONE, OTHER):
        ask(caller, number)
    assert [asked.access_key[-1] for asked in aws.calls("ecs")] == ["1", "2", "3", "2"]
    assert [asked["RoleArn"].split(":")[4] for asked in aws.assumed] == [ONE, OTHER, ONE]
