"""The registry, the claims, and the policies made from the headers."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint

import botocore.session
import pytest

from drstate.adapters.declared import undeclared
from drstate.adapters.policy import policy
from drstate.adapters.registry import GROUP, adapter_for, built_in, load_adapters
from drstate.errors import ConfigError
from drstate.sandbox.policies import permission_of

#: IAM actions that no operation of the service's model asks for by itself -> what they are
NOT_OPERATIONS = {
    "iam:PassRole": "asked for where a role is handed over",
    "s3:GetObjectVersion": "an object of a given version",
    "s3:GetObjectVersionAttributes": "the same",
    "es:ESHttpDelete": "requests to a domain's own API",
    "es:ESHttpGet": "the same",
    "es:ESHttpPost": "the same",
    "es:ESHttpPut": "the same",
}
#: IAM's prefix -> botocore's name of the service, where the two differ
SERVICES = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "servicequotas": "service-quotas",
    "es": "opensearch",
}
#: further services whose actions have the prefix
ALSO = {"s3": ("s3control",)}


def point(value: str) -> EntryPoint:
    return EntryPoint(name="other", value=value, group=GROUP)


def test_technologies_are_known_by_name() -> None:
    assert [adapter_for(a.technology) for a in built_in()] == list(built_in())


def test_an_unknown_technology_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        adapter_for("mainframe")
    assert "aurora, autoscaling" in caught.value.why


def test_a_second_adapter_of_a_technology_is_refused() -> None:
    with pytest.raises(ConfigError, match="'ecs' has two adapters"):
        load_adapters([point("drstate.adapters.ecs.adapter:EcsAdapter")])


def test_an_entry_point_that_is_no_adapter_is_refused() -> None:
    with pytest.raises(ConfigError, match="no Adapter subclass"):
        load_adapters([point("drstate.adapters.claim:Claim")])


@pytest.mark.parametrize(
    ("technology", "arn", "name"),
    [
        ("aurora", "arn:aws:rds:us-east-1:111122223333:cluster:orders", "orders"),
        ("aurora", "arn:aws:rds:us-east-1:111122223333:db:orders-1", None),
        ("ecs", "arn:aws:ecs:us-east-1:111122223333:service/shop/web", "shop/web"),
        ("ecs", "arn:aws:ecs:us-east-1:111122223333:cluster/shop", None),
        ("ecs", "arn:aws-us-gov:ecs:us-gov-west-1:111122223333:service/shop/web", "shop/web"),
    ],
)
def test_claims_name_what_they_match(technology: str, arn: str, name: str | None) -> None:
    (claim,) = adapter_for(technology).claims
    assert claim.name_of(arn) == name


@pytest.mark.parametrize("adapter", built_in(), ids=lambda adapter: adapter.technology)
def test_permissions_are_what_botocores_operations_ask_for(adapter) -> None:
    session = botocore.session.get_session()
    grants = (*adapter.grants, *adapter.stack_grants)
    for action in {a for grant in grants for a in grant.actions} - NOT_OPERATIONS.keys():
        prefix = action.partition(":")[0]
        known = {
            permission_of(service, name).lower()
            for service in (SERVICES.get(prefix, prefix), *ALSO.get(prefix, ()))
            for name in session.get_service_model(service).operation_names
        }
        # DRS asks for actions of its own while it works for the caller
        assert action.lower() in known or re.fullmatch(r"drs:\w+ForDrs", action), action


@pytest.mark.parametrize("adapter", built_in(), ids=lambda adapter: adapter.technology)
def test_a_header_names_the_services_that_are_called(adapter) -> None:
    called = {
        SERVICES.get(action.partition(":")[0], action.partition(":")[0])
        for grant in adapter.grants
        if not grant.uncalled
        for action in grant.actions
    }
    assert called <= {*adapter.services}


def test_the_policy_grants_what_is_declared_and_no_wildcard_action() -> None:
    document = policy(built_in())
    actions = [a for statement in document["Statement"] for a in statement["Action"]]
    assert not [action for action in actions if "*" in action]
    assert {a for adapter in built_in() for a in adapter.permissions()} <= set(actions)
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)


def test_writes_are_granted_on_named_resources_only() -> None:
    free = {
        action
        for statement in policy(built_in(), stacks=False)["Statement"]
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
        if not action.split(":")[1].startswith(("Describe", "Get", "List", "Test"))
    }
    # CloudWatch has no resources for metrics
    assert free == {"cloudwatch:PutMetricData"}


def test_a_call_that_no_header_declares_is_found() -> None:
    made = {("rds", "describe_db_clusters"), ("rds", "reboot_db_instance")}
    assert undeclared(built_in(), made) == ["rds:reboot_db_instance"]
