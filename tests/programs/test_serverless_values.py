"""Functions and rules in the terms of a site: code, ARNs and patterns; and what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drstate.model.scope import SiteMap, SiteMapTable
from drstate.model.shard import Binding
from drstate.programs.eventbridge.spec import Bus, EventBridgeSpec, Kind, Rule, RuleTarget
from drstate.programs.eventbridge.values import EventBridgeValues, eventbridge_values
from drstate.programs.lambda_.spec import (
    EventSource,
    FunctionNetwork,
    InvokePermission,
    LambdaSpec,
)
from drstate.programs.lambda_.values import LambdaValues, lambda_values
from drstate.programs.translator import Translator
from tests.programs import specs
from tests.programs.specs import ACCOUNT, EAST, NOW, WEST

QUEUE = f"arn:aws:sqs:{EAST}:{ACCOUNT}:orders"
RULE = f"arn:aws:events:{EAST}:{ACCOUNT}:rule/nightly"
SHA = "iVz9HfkrZ5ZdmO7Xl0bGLS0mAk0bTzHbN8Jq0c8jcyQ="


def function(**changes: Any) -> LambdaSpec:
    values: dict[str, Any] = {
        "region": EAST,
        "captured_at": NOW,
        "name": "charges",
        "arn": f"arn:aws:lambda:{EAST}:{ACCOUNT}:function:charges",
        "package": "Zip",
        "code_sha256": SHA,
        "runtime": "python3.11",
        "handler": "main.handler",
        "memory_mib": 128,
        "timeout_seconds": 3,
        "role": f"arn:aws:iam::{ACCOUNT}:role/charges",
        **changes,
    }
    return LambdaSpec.model_validate(values)


def here(spec: LambdaSpec, site_map: SiteMap, **options: Any) -> tuple[LambdaValues, list[str]]:
    translator = Translator("lambda/1/charges", EAST, specs.shard(site_map=site_map, **options))
    found = lambda_values(spec, translator)
    return found, [problem.what for problem in translator.problems]


def artifact(text: str, name: str = "charges") -> tuple[str, list[str]]:
    found, problems = here(function(), {SiteMapTable.CODE_ARTIFACTS: {name: text}})
    return f"{found.artifact}#{found.artifact and found.artifact.version}", problems


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("s3://code/charges.zip", "charges", "s3://code/charges.zip#None"),
        ("s3://code/a/b.zip?versionId=7x", "charges", "s3://code/a/b.zip#7x"),
        ("s3://code/{function}/1.zip", "*", "s3://code/charges/1.zip#None"),
        (
            "s3://code/{sha256}.zip",
            "*",
            "s3://code/895cfd1df92b67965d98eed79746c62d2d26024d1b4f31db37c26ad1cf237324.zip#None",
        ),
    ],
)
def test_code_lies_where_the_site_map_says(text: str, name: str, wanted: str) -> None:
    assert artifact(text, name) == (wanted, [])


def test_an_artifact_that_is_none_is_told_with_its_field() -> None:
    (problem,) = artifact("https://code/charges.zip")[1]
    assert f"site_map.{WEST}.code_artifacts['charges'] is 'https://code/charges.zip'" in problem
    (missing,) = here(function(), {})[1]
    assert f"'charges' has no counterpart in {WEST} (site_map.{WEST}.code_artifacts)" in missing


def test_everything_that_names_the_source_region_needs_a_counterpart() -> None:
    spec = function(
        layers=(f"arn:aws:lambda:{EAST}:{ACCOUNT}:layer:common:3",),
        network=FunctionNetwork(subnets=("subnet-1",), security_groups=("sg-1",)),
        dead_letter=QUEUE,
        mappings=(EventSource(source=QUEUE, enabled=True),),
        permissions=(
            InvokePermission(
                sid="api",
                action="lambda:InvokeFunction",
                principal="apigateway.amazonaws.com",
                source_arn=f"arn:aws:execute-api:{EAST}:{ACCOUNT}:abc/*",
            ),
        ),
    )
    problems = " ".join(here(spec, {SiteMapTable.CODE_ARTIFACTS: {"*": "s3://code/x"}})[1])
    for table in ("layers", "subnets", "security_groups", "queues", "identifiers"):
        assert f"site_map.{WEST}.{table})" in problems


def test_rules_functions_and_what_is_global_keep_their_names() -> None:
    bucket = "arn:aws:s3:::uploads"
    permissions = tuple(
        InvokePermission(sid=str(n), action="lambda:InvokeFunction", principal="p", source_arn=arn)
        for n, arn in enumerate((RULE, bucket))
    )
    spec = function(permissions=permissions, environment={"HOME": EAST, "DB": "db.east.example"})
    binding = Binding(key="aurora/1/db", name="writer", source="db.east.example", target="db.w")
    found, problems = here(
        spec, {SiteMapTable.CODE_ARTIFACTS: {"*": "s3://code/x"}}, bindings=(binding,)
    )
    assert problems == []
    assert found.permission_sources == (RULE.replace(EAST, WEST), bucket)
    assert found.environment == {"HOME": WEST, "DB": "db.w"}


def rule_here(
    rule: Rule | None = None, bus: Bus | None = None, site_map: SiteMap | None = None
) -> tuple[EventBridgeValues, list[str]]:
    kind = Kind.RULE if rule else Kind.BUS
    spec = EventBridgeSpec(
        region=EAST,
        captured_at=NOW,
        kind=kind,
        name="orders",
        arn=f"arn:aws:events:{EAST}:{ACCOUNT}:{kind}/orders",
        rule=rule,
        bus=bus,
    )
    translator = Translator("eventbridge/1/orders", EAST, specs.shard(site_map=site_map))
    return eventbridge_values(spec, translator), [one.what for one in translator.problems]


def test_a_pattern_speaks_of_the_site_that_it_is_at() -> None:
    pattern = {
        "region": [EAST],
        "resources": [{"prefix": QUEUE}],
        "detail": {"n": [{"exists": True}]},
    }
    target = RuleTarget(id="q", arn=QUEUE, input=json.dumps({"where": EAST, "n": 1}))
    rule = Rule(pattern=json.dumps(pattern), targets=(target,), bus="shop")
    site_map = {
        SiteMapTable.QUEUES: {QUEUE: "arn:here"},
        SiteMapTable.EVENT_BUSES: {"shop": "shop-dr"},
    }
    found, problems = rule_here(rule, site_map=site_map)
    assert (problems, found.rule.bus) == ([], "shop-dr")
    assert json.loads(found.rule.pattern) == {
        "region": [WEST],
        "resources": [{"prefix": "arn:here"}],
        "detail": {"n": [{"exists": True}]},
    }
    (sent,) = found.rule.targets
    assert (sent.arn, json.loads(sent.input)) == ("arn:here", {"where": WEST, "n": 1})
    # once for the pattern, once for the target
    assert len(rule_here(rule)[1]) == 2


def test_a_target_is_looked_up_as_a_target_first() -> None:
    rule = Rule(schedule="rate(1 day)", targets=(RuleTarget(id="q", arn=QUEUE),))
    tables = {
        SiteMapTable.QUEUES: {QUEUE: "arn:queue"},
        SiteMapTable.EVENT_TARGETS: {QUEUE: "arn:target"},
    }
    assert rule_here(rule, site_map=tables)[0].rule.targets[0].arn == "arn:target"


def test_a_buss_policy_names_the_bus_of_the_site() -> None:
    arn = f"arn:aws:events:{EAST}:{ACCOUNT}:event-bus/orders"
    policy = {"Statement": [{"Resource": [arn, arn.replace("event-bus", "rule") + "/*"]}]}
    found, problems = rule_here(bus=Bus(policy=json.dumps(policy)))
    assert problems == []
    assert EAST not in found.bus.policy
    assert arn.replace(EAST, WEST) in found.bus.policy
