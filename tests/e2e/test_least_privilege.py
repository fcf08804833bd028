"""The policies that drstate generates are enough for what it does: held to by the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3

from drstate.adapters import policy
from drstate.adapters.aurora.adapter import AuroraAdapter
from drstate.adapters.ecs.adapter import EcsAdapter
from drstate.adapters.route53.adapter import Route53Adapter
from drstate.sandbox import process
from tests.e2e.harness import Bench

#: finding resources belongs to no technology
DISCOVERY = {
    "Effect": "Allow",
    "Action": [
        "resource-explorer-2:GetIndex",
        "resource-explorer-2:GetDefaultView",
        "resource-explorer-2:ListIndexes",
        "resource-explorer-2:ListResources",
        "resource-explorer-2:Search",
        "tag:GetResources",
    ],
    "Resource": "*",
}
EXTERNAL_ID = "acme-dr-7c1f"
TARGETS = {"211111111101": "drstate-target", "211111111102": "drstate-target"}
DNS = {"100000000002": "drstate-dns-acme"}


def held(bench: Bench, account: str, role: str, document: dict[str, Any]) -> None:
    """Put a policy in place of what the demo gives a role."""
    status = process.status(bench.sandbox)
    assert status is not None
    operator: Any = boto3.Session(
        status.credentials.access_key_id, status.credentials.secret_access_key
    )
    given = operator.client(
        "sts", region_name="us-east-1", endpoint_url=status.endpoint
    ).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}",
        RoleSessionName="setup",
        ExternalId=EXTERNAL_ID,
    )["Credentials"]
    session: Any = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )
    iam = session.client("iam", region_name="us-east-1", endpoint_url=status.endpoint)
    iam.put_role_policy(RoleName=role, PolicyName="drstate", PolicyDocument=json.dumps(document))


def refused(bench: Bench, since: int) -> list[str]:
    return [
        f"{call['account']} {call['service']}:{call['operation']}"
        for call in bench.calls(since)
        if call["error"] in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
    ]


def test_activate_needs_no_more_than_the_generated_policies(
    warm: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(warm)
    document = policy.policy([AuroraAdapter(), EcsAdapter(), Route53Adapter()])
    document["Statement"].append(DISCOVERY)
    for account, role in TARGETS.items():
        held(bench, account, role, document)
    for account, role in DNS.items():
        held(bench, account, role, policy.policy([Route53Adapter()]))
    process.policies(bench.sandbox)
    since = bench.calls()[-1]["number"]

    bench.run("discover", "-c", "acme", "-e", "production").expect(0)
    view = bench.up("activate", "-o", "json").expect(0).document

    assert view["status"] == "COMPLETED"
    assert refused(bench, since) == []


def test_a_permission_that_is_missing_is_named_and_nothing_is_promoted(
    warm: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(warm)
    document = policy.policy([EcsAdapter(), Route53Adapter()])
    for account, role in TARGETS.items():
        held(bench, account, role, document)
    process.policies(bench.sandbox)
    since = bench.calls()[-1]["number"]

    done = bench.up("activate")

    assert done.code != 0
    assert any("rds:" in one for one in refused(bench, since))
    moved = {"SwitchoverGlobalCluster", "FailoverGlobalCluster"}
    assert not [one for one in bench.calls(since) if one["operation"] in moved and not one["error"]]
