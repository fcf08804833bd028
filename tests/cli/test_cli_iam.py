"""``drstate iam policy``: documents that can be put to use as they are."""

from __future__ import annotations

import json
import subprocess
import sys

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
    declared = {a for grant in (*adapter.grants, *adapter.stack_grants) for a in grant.actions}
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
    assert drills == {"ecs:CreateService", "ecs:DeleteService", "ecs:TagResource"}


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
