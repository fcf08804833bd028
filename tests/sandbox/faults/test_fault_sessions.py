"""Sessions end after their time, in the words of each service, and drstate gets new ones."""

import pytest
from botocore.exceptions import ClientError

from drstate.aws.caller import open_caller
from drstate.errors import CredentialsError
from drstate.model.scope import Account
from drstate.sandbox import process

DATA, APP = "211111111101", "211111111102"
ACCOUNT = Account(
    id=APP,
    name="acme-app",
    role_arn=f"arn:aws:iam::{APP}:role/drstate-target",
    external_id="acme-dr-7c1f",
)


def short_session(lab, sandbox):
    """Fifteen minutes in the app account."""
    keys = sandbox.client("sts").assume_role(
        RoleArn=ACCOUNT.role_arn,
        RoleSessionName="short",
        ExternalId=ACCOUNT.external_id,
        DurationSeconds=900,
    )["Credentials"]
    session = sandbox.with_key(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return lambda service: lab.once(session, service)


@pytest.mark.parametrize(
    ("service", "operation", "status", "code"),
    [
        ("sts", "get_caller_identity", 403, "ExpiredToken"),
        ("rds", "describe_db_clusters", 403, "ExpiredToken"),
        ("route53", "list_hosted_zones", 403, "ExpiredToken"),
        ("ecs", "list_clusters", 400, "ExpiredTokenException"),
        ("resource-explorer-2", "list_indexes", 403, "ExpiredTokenException"),
        ("ec2", "describe_vpcs", 400, "RequestExpired"),
        ("s3", "list_buckets", 400, "ExpiredToken"),
    ],
)
def test_a_session_ends_after_fifteen_minutes(lab, sandbox, service, operation, status, code):
    client = short_session(lab, sandbox)(service)
    process.advance(lab.home, 880)
    getattr(client, operation)()
    process.advance(lab.home, 20)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.fixture
def caller(lab, sandbox, monkeypatch, clock):
    """drstate's own way to AWS, on a clock that a test moves."""
    for name, value in process.environment(sandbox.status).items():
        monkeypatch.setenv(name, value)
    return open_caller([ACCOUNT], session_name="lab", clock=clock)


def list_clusters(caller):
    return caller.call("ecs", "list_clusters", account=APP, region="us-east-1")["clusterArns"]


def test_drstate_renews_sessions_before_they_end(lab, caller, clock):
    for _ in range(6):
        assert list_clusters(caller)
        clock.forward(300)
        process.advance(lab.home, 300)
    assert {call["error"] for call in lab.calls()} == {""}, "it never met an expired token"
    assert 2 <= len(lab.calls(operation="AssumeRole")) <= 4


def test_drstate_gets_a_new_session_where_aws_says_that_it_has_ended(lab, caller):
    assert list_clusters(caller)
    process.advance(lab.home, 901)  # and drstate's own clock stands still
    assert list_clusters(caller)
    assert [call["error"] for call in lab.calls(service="ecs")] == ["", "ExpiredTokenException", ""]
    assert len(lab.calls(operation="AssumeRole")) == 2


def test_sessions_of_a_clock_that_runs_ahead_end_early_and_are_renewed(lab, caller):
    # AWS is behind by four minutes: what it gives seems to end four minutes earlier.
    lab.add("clock-skew", seconds=-240)
    for _ in range(3):
        assert list_clusters(caller)
    assert {call["error"] for call in lab.calls()} == {""}


def test_clocks_too_far_apart_are_told_as_such(lab, caller, clock):
    lab.add("clock-skew", seconds=900)
    with pytest.raises(CredentialsError) as caught:
        list_clusters(caller)
    assert "SignatureDoesNotMatch" in caught.value.why
    assert clock.slept == [], "trying again would not help"
    assert len(lab.calls(operation="AssumeRole")) == 1
