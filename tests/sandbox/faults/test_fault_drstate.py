"""drstate's own parts while AWS goes wrong: its caller, its adapters, its discovery."""

from pathlib import Path

import pytest

from drstate.aws.caller import open_caller
from drstate.errors import AwsCallError
from drstate.inventory.discovery import discover
from drstate.inventory.scopes import load_scope
from drstate.journal import open_journal
from drstate.model.phases import Phase
from drstate.model.scope import Account
from drstate.sandbox import process
from tests.adapters.world import World, estate_resources, scope_of
from tests.inventory.values import CLAIMS

ROOT = Path(__file__).resolve().parents[3]
EAST, WEST = "us-east-1", "us-west-2"
APP = "211111111102"
ACCOUNT = Account(
    id=APP,
    name="acme-app",
    role_arn=f"arn:aws:iam::{APP}:role/drstate-target",
    external_id="acme-dr-7c1f",
)


@pytest.fixture
def variables(sandbox, monkeypatch):
    for name, value in process.environment(sandbox.status).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def caller(variables, clock):
    made = open_caller(
        [ACCOUNT], session_name="lab", clock=clock, on_retry=lambda one: retries.append(one.reason)
    )
    retries: list[str] = []
    made.reasons = retries
    made.call("ecs", "list_clusters", account=APP, region=EAST)
    return made


def list_clusters(caller):
    return caller.call("ecs", "list_clusters", account=APP, region=EAST)["clusterArns"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"effect": "throttle"}, "ThrottlingException"),
        ({"effect": "error", "code": "ServiceUnavailable"}, "ServiceUnavailable"),
        ({"effect": "refuse"}, "ConnectionClosedError"),
        ({"effect": "lost-answer"}, "ConnectionClosedError"),
    ],
    ids=lambda one: one.get("effect") if isinstance(one, dict) else "",
)
def test_what_passes_is_tried_again_after_one_two_and_four_seconds(
    lab, caller, clock, fault, reason
):
    lab.add(**fault, service="ecs", calls="1-3")
    assert list_clusters(caller)
    assert clock.slept == [1.0, 2.0, 4.0]
    assert caller.reasons == [reason] * 3


def test_what_does_not_pass_is_given_up_after_four_attempts(lab, caller, clock):
    lab.add("throttle", service="ecs")
    with pytest.raises(AwsCallError) as caught:
        list_clusters(caller)
    assert caught.value.aws_code == "ThrottlingException"
    assert clock.slept == [1.0, 2.0, 4.0]
    # one without a fault, in the beginning
    assert lab.outcomes(service="ecs") == ["answered", *["error"] * 4]


def test_what_is_wrong_for_good_is_not_tried_again(lab, caller, clock):
    lab.add("error", service="ecs", code="ClientException")
    with pytest.raises(AwsCallError, match="ClientException"):
        list_clusters(caller)
    assert clock.slept == []


@pytest.fixture
def world(lab, variables):
    """acme/production, captured."""
    facts = process.facts(lab.home)
    scope = scope_of(facts, "acme/production")
    made = World(lab.home, scope)
    made.protect(one for one in estate_resources(facts, scope) if one.technology == "route53")
    return made


def test_a_record_is_changed_once_though_its_zone_is_busy(lab, world):
    entry = world.entry("route53", "app.acme.example./CNAME")
    zone = f"/hostedzone/{entry.spec['zone_id']}"
    lab.dns().change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "UPSERT",
                    "ResourceRecordSet": {
                        "Name": "someone-elses.acme.example",
                        "Type": "CNAME",
                        "TTL": 60,
                        "ResourceRecords": [{"Value": "there.example"}],
                    },
                }
            ]
        },
    )
    # as an emergency acts: no stack is needed
    [ran] = world.work([entry], Phase.ACTIVATE, emergency=True)
    assert ran.results
    changes = lab.calls(operation="ChangeResourceRecordSets")
    assert [(call["session"], call["error"]) for call in changes] == [
        ("test-session", ""),
        ("test", "PriorRequestNotComplete"),
        ("test", ""),
    ]


def test_discovery_with_a_region_down_reports_it_and_goes_on(lab, variables, clock, tmp_path):
    scope = load_scope(ROOT, "acme", "production")
    caller = open_caller(scope.accounts, session_name="look", clock=clock)
    journal = open_journal(tmp_path / "journal.db", now=clock.now)
    try:
        lab.add("region-down", region=WEST)
        found = discover(
            scope, caller, claims=CLAIMS, cache=journal, clock=clock, regions=(EAST, WEST)
        )
    finally:
        journal.close()
    assert [one.name for one in found.resources if one.technology == "aurora"] == [
        "acme-production-orders"
    ]
    assert {error.region for error in found.account_errors} == {WEST}
    assert {call["region"] for call in lab.calls(outcome="no-answer")} == {WEST}
