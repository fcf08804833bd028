"""Each rule by itself: what it lets pass, what it finds, and what it cannot know yet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drstate.model.declared import UNKNOWN, Declared
from drstate.policy.registry import RULES
from drstate.policy.rule import judge
from drstate.programs.registry import taggable_types

STACK = "acme.production.us-west-2.211111111101.w1"
CLUSTER, DATABASE = "aws:rds/cluster:Cluster", "aws:rds/instance:Instance"
TAGS = {"Customer": "acme", "Environment": "production", "drstate:managed": "true"}


def resource(token: str, inputs: dict[str, Any], **more: Any) -> Declared:
    name = more.pop("name", "rds/211111111101/orders")
    stack = more.pop("stack", STACK)
    return Declared(
        urn=f"urn:pulumi:{stack}::drstate::{token}::{name}",
        type=token,
        name=name,
        inputs=inputs,
        **{"protect": True, "provider_region": "us-west-2", **more},
    )


def found(rule: str, one: Declared) -> list[str]:
    return [row.what for row in judge(RULES, [one]) if row.rule.id == rule]


@pytest.mark.parametrize(
    ("token", "inputs", "clear"),
    [
        (CLUSTER, {"storageEncrypted": True}, False),
        (CLUSTER, {"storageEncrypted": False}, True),
        (CLUSTER, {}, True),
        (CLUSTER, {"storageEncrypted": UNKNOWN}, False),
        (DATABASE, {"replicateSourceDb": "arn", "kmsKeyId": "key"}, False),
        (DATABASE, {"replicateSourceDb": "arn"}, True),
        (DATABASE, {"replicateSourceDb": "arn", "kmsKeyId": UNKNOWN}, False),
        ("aws:efs/fileSystem:FileSystem", {"encrypted": False}, True),
        ("aws:opensearch/domain:Domain", {"encryptAtRest": {"enabled": True}}, False),
        ("aws:opensearch/domain:Domain", {"encryptAtRest": {"enabled": False}}, True),
        ("aws:opensearch/domain:Domain", {}, True),
        ("aws:elasticache/replicationGroup:ReplicationGroup", {}, True),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"globalReplicationGroupId": "ldgnf-x"},
            False,
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}]},
            False,
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"blockDeviceMappings": [{"ebs": {}}, {"ebs": {"encrypted": "false"}}]},
            True,
        ),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings": [{"ebs": {}}]}, False),
        ("aws:ec2/instance:Instance", {"rootBlockDevice": {"encrypted": False}}, True),
        ("aws:memorydb/cluster:Cluster", {}, False),
    ],
)
def test_data_at_rest_is_encrypted(token, inputs, clear):
    assert bool(found("encrypted", resource(token, inputs))) is clear


def test_what_holds_data_is_protected_but_for_copies_of_a_drill():
    bare = resource(CLUSTER, {}, protect=False)
    assert found("protected", bare) == [
        "is not protected, and deleting it would destroy an Aurora cluster and its data"
    ]
    assert not found("protected", resource(CLUSTER, {}))
    assert not found("protected", resource("aws:ecs/service:Service", {}, protect=False))
    copy = resource(CLUSTER, {}, protect=False, stack=f"{STACK}.drill-d123abc")
    assert not found("protected", copy)


@pytest.mark.parametrize(
    ("region", "provider", "stack", "wrong"),
    [
        (None, "us-west-2", STACK, False),
        (None, "us-east-1", STACK, True),
        ("us-east-1", "us-west-2", STACK, True),
        ("us-west-2", "us-east-1", STACK, False),
        (UNKNOWN, "us-west-2", STACK, False),
        (None, None, STACK, False),
        (None, "us-east-1", "acme.production.global.211111111101", False),
    ],
)
def test_everything_of_a_site_is_in_its_region(region, provider, stack, wrong):
    inputs = {} if region is None else {"region": region}
    one = resource(CLUSTER, inputs, provider_region=provider, stack=stack)
    assert bool(found("site-region", one)) is wrong


def test_what_can_carry_tags_says_whose_it_is():
    assert not found("tagged", resource(CLUSTER, {"tags": TAGS}))
    assert found("tagged", resource(CLUSTER, {})) == [
        "lacks tags Customer, Environment, drstate:managed"
    ]
    lacking = {name: value for name, value in TAGS.items() if name != "Customer"}
    assert found("tagged", resource(CLUSTER, {"tags": lacking})) == ["lacks the tag Customer"]
    # tags of the provider count; and an Auto Scaling group lists its own
    assert not found("tagged", resource(CLUSTER, {"tags": lacking, "tagsAll": TAGS}))
    listed = [{"key": key, "value": value} for key, value in TAGS.items()]
    group = "aws:autoscaling/group:Group"
    assert not found("tagged", resource(group, {"tags": listed}))
    assert found("tagged", resource(group, {"tags": listed[1:]})) == ["lacks the tag Customer"]
    assert not found("tagged", resource(CLUSTER, {"tags": UNKNOWN}))
    assert not found("tagged", resource("aws:efs/mountTarget:MountTarget", {}))


def test_every_type_that_programs_declare_and_that_takes_tags_is_known_as_such():
    import inspect

    from drstate.programs.registry import programs

    taggable = set()
    for program in programs():
        for kind in program.classes():
            token = getattr(kind, "pulumi_type", None)
            if (
                isinstance(token, str)
                and "tags" in inspect.signature(kind._internal_init).parameters
            ):
                taggable.add(token)
    assert len(taggable) > 15
    assert taggable == taggable_types()


def policy(**statement: Any) -> dict[str, Any]:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [whole]})}


def conditioned(operator: str, key: str, value: Any) -> dict[str, Any]:
    return policy(Principal="*", Condition={operator: {key: value}})


@pytest.mark.parametrize(
    ("inputs", "open_"),
    [
        (policy(Principal="*"), True),
        (policy(Principal={"AWS": "*"}), True),
        (policy(Principal={"AWS": ["arn:aws:iam::1:root", "*"]}), True),
        (policy(NotPrincipal={"AWS": "arn:aws:iam::1:root"}), True),
        (policy(Principal={"AWS": "arn:aws:iam::1:root"}), False),
        (policy(Principal={"Service": "lambda.amazonaws.com"}), False),
        (policy(Principal="*", Effect="Deny"), False),
        (conditioned("StringEquals", "aws:PrincipalOrgID", "o-1"), False),
        (conditioned("ArnLike", "AWS:SourceArn", ["arn:aws:sns:us-west-2:1:topic"]), False),
        (conditioned("StringNotEquals", "aws:PrincipalOrgID", "o-1"), True),
        (conditioned("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1"), True),
        (conditioned("StringLike", "aws:PrincipalArn", "*"), True),
        (conditioned("Bool", "aws:SecureTransport", "true"), True),
        (conditioned("Bool", "elasticfilesystem:AccessedViaMountTarget", "true"), False),
        (conditioned("Bool", "elasticfilesystem:AccessedViaMountTarget", "false"), True),
        ({"deep": [{"accessPolicies": policy(Principal="*")["policy"]}]}, True),
        ({"document": {"Statement": {"Effect": "Allow", "Principal": "*"}}}, True),
        ({"text": 'not "Statement" json'}, False),
        ({"policy": UNKNOWN}, False),
    ],
)
def test_nobody_lets_everybody_in(inputs, open_):
    one = resource("aws:opensearch/domain:Domain", inputs)
    assert bool(found("wildcard-trust", one)) is open_


def test_the_place_of_an_open_statement_is_told():
    inputs = {"deep": [{"accessPolicies": policy(Principal="*", Sid="Open")["policy"]}]}
    assert found("wildcard-trust", resource("aws:x/y:Z", inputs)) == [
        "lets everybody in: Principal * in deep[0].accessPolicies (statement Open)"
    ]


def test_a_function_may_not_be_invoked_by_just_anybody():
    token = "aws:lambda/permission:Permission"
    assert found("wildcard-trust", resource(token, {"principal": "*"}))
    limited = {"principal": "*", "principalOrgId": "o-1"}
    assert not found("wildcard-trust", resource(token, limited))
    assert not found("wildcard-trust", resource(token, {"principal": "sns.amazonaws.com"}))


@pytest.mark.parametrize(
    ("inputs", "slow"),
    [({"ttl": 120}, False), ({"ttl": 121}, True), ({"ttl": UNKNOWN}, False), ({}, False)],
)
def test_answers_are_kept_for_two_minutes_at_most(inputs, slow):
    assert bool(found("dns-ttl", resource("aws:route53/record:Record", inputs))) is slow


@pytest.mark.parametrize(
    ("token", "inputs", "bare"),
    [
        (DATABASE, {"backupRetentionPeriod": 1}, False),
        (DATABASE, {"backupRetentionPeriod": 0}, True),
        (DATABASE, {}, True),
        (DATABASE, {"backupRetentionPeriod": UNKNOWN}, False),
        (DATABASE, {"backupRetentionPeriod": 0, "replicateSourceDb": "arn"}, False),
        (CLUSTER, {}, False),
        (CLUSTER, {"backupRetentionPeriod": 0}, True),
        ("aws:memorydb/cluster:Cluster", {"snapshotRetentionLimit": 0}, True),
        ("aws:memorydb/cluster:Cluster", {"snapshotRetentionLimit": 7}, False),
    ],
)
def test_what_holds_data_keeps_backups(token, inputs, bare):
    assert bool(found("backup-retention", resource(token, inputs))) is bare


def test_every_rule_says_what_it_demands_why_and_what_helps():
    for rule in RULES:
        assert rule.id == rule.id.lower(), rule
        assert rule.title, rule
        assert rule.why, rule
        assert rule.hint, rule


def test_providers_and_the_stack_itself_are_passed_by():
    assert judge(RULES, [resource("pulumi:providers:aws", {}, protect=False)]) == []
