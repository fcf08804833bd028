"""``drstate iam policy``: documents that can be put to use as they are."""

from __future__ import annotations

import json
import subprocess
import sys

from drstate.adapters.confining import GRANTS as OWN_NETWORK
from drstate.adapters.policy import MANAGED_LIMIT, size
from drstate.adapters.registry import adapter_for, load_adapters


def iam(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "drstate_cli.main", "iam", "policy", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def actions(document: dict) -> set[str]:
    return {action for one in document["Statement"] for action in one["Action"]}


def test_a_target_role_gets_discovery_actions_and_stacks_of_the_technologies_named():
    document = json.loads(iam("--technology", "ecs").stdout)
    adapter = adapter_for("ecs")
    grants = (*adapter.grants, *adapter.stack_grants, *OWN_NETWORK)
    declared = {a for grant in grants for a in grant.actions}
    assert declared < actions(document)
    rest = {action.partition(":")[0] for action in actions(document) - declared}
    assert rest == {"resource-explorer-2", "tag"}
    assert all(one["Effect"] == "Allow" for one in document["Statement"])
    sids = [one["Sid"] for one in document["Statement"]]
    assert len(sids) == len(set(sids))


def test_an_emergency_and_a_pipeline_get_their_own_halves():
    words = ("--technology", "ecs", "--for")
    adapters = actions(json.loads(iam(*words, "adapters").stdout))
    programs = actions(json.loads(iam(*words, "programs").stdout))
    assert "ecs:UpdateService" in adapters
    assert "ecs:CreateService" not in adapters
    assert "ecs:CreateService" in programs
    drills = actions(json.loads(iam(*words, "drills").stdout))
    own = {action for grant in OWN_NETWORK for action in grant.actions}
    assert "ec2:CreateSecurityGroup" in own
    assert drills - own == {"ecs:CreateService", "ecs:DeleteService", "ecs:TagResource"}
    assert own <= drills
    # what has no copies needs no network for them
    none = iam("--technology", "route53", "--for", "drills")
    assert json.loads(none.stdout)["Statement"] == []


def test_the_hub_may_assume_the_roles_named_and_nothing_else():
    arn = "arn:aws:iam::211111111101:role/drstate-target"
    (statement,) = json.loads(iam("--for", "hub", "--role-arn", arn).stdout)["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["sts:AssumeRole"], [arn])


def test_all_of_them_are_split_into_documents_that_a_managed_policy_holds():
    whole = iam("--all")
    assert "--split" in whole.stderr
    documents = json.loads(iam("--all", "--split", "-o", "json").stdout)["policies"]
    assert len(documents) > 1
    assert all(size(one) <= MANAGED_LIMIT for one in documents)
    together = set().union(*(actions(one) for one in documents))
    assert together == actions(json.loads(whole.stdout))
    assert together >= {a for one in load_adapters() for a in one.permissions()}


def test_neither_and_both_and_unknown_are_refused_with_a_remedy():
    for words in ((), ("--all", "--technology", "ecs"), ("--technology", "mainframe")):
        done = iam(*words)
        assert done.returncode == 2, words
        assert "drstate technologies" in done.stderr
        assert done.stdout == ""


def test_parts_of_the_distributed_engine_are_told_apart_and_bound_to_a_region():
    table = ("--journal", "dynamodb://dr-journal?region=us-west-2", "--region", "us-west-2")
    worker = json.loads(iam("--for", "worker", *table).stdout)
    assert {"sqs:ReceiveMessage", "states:SendTaskHeartbeat", "dynamodb:PutItem"} <= actions(worker)
    assert "states:StartExecution" not in actions(worker)
    work = "arn:aws:sqs:us-west-2:*:drstate-work"
    named = {name for one in worker["Statement"] for name in one["Resource"] if ":sqs:" in name}
    assert named == {work, f"{work}-dead"}
    (dead,) = [one["Action"] for one in worker["Statement"] if f"{work}-dead" in one["Resource"]]
    assert set(dead) == {"sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
    deployer = json.loads(iam("--for", "deployer").stdout)
    assert "sts:AssumeRole" not in actions(deployer)


def test_a_role_that_tells_topics_gets_those_and_nothing_else():
    topic = "arn:aws:sns:us-west-2:211111111101:dr-events"
    (one,) = json.loads(iam("--for", "notifications", "--topic", topic).stdout)["Statement"]
    assert (one["Action"], one["Resource"]) == (["sns:Publish"], [topic])
    refused = iam("--for", "notifications")
    assert refused.returncode == 2
    assert "--topic" in refused.stderr


def test_who_subscribes_recipients_may_not_publish_and_who_publishes_may_not_subscribe():
    topic = "arn:aws:sns:us-west-2:211111111101:dr"
    subscribes = actions(json.loads(iam("--for", "subscriptions", "--topic", topic).stdout))
    publishes = actions(json.loads(iam("--for", "notifications", "--topic", topic).stdout))
    assert publishes == {"sns:Publish"}
    assert "sns:Subscribe" in subscribes
    assert not subscribes & publishes
    assert "--topic arn:aws:sns" in iam("--for", "subscriptions").stderr
