"""What a site state declares: numbers, translations, and what is missing for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drstate.errors import ConfigError
from drstate.model.phases import SiteState
from drstate.model.scope import Policies, SiteMapTable
from drstate.model.shard import Binding, ShardInput
from drstate.programs.aurora.values import aurora_values
from drstate.programs.ecs.spec import EcsSpec, TaskDefinitionSpec
from drstate.programs.ecs.values import EcsValues, ecs_values
from drstate.programs.prerequisites import prerequisites
from drstate.programs.translator import Translator, refuse
from tests.programs import specs
from tests.programs.specs import ECR, SECRET, WEST, container, full_map

DB = Binding(key="aurora/1/db", name="writer", source="db.east.example", target="db.west.example")


def values(spec: EcsSpec, **options: Any) -> EcsValues:
    shard = specs.shard(**{"site_map": full_map(), **options})
    translator = Translator("ecs/1/shop/web", spec.region, shard)
    found = ecs_values(spec, translator)
    assert translator.problems == []
    return found


def translated(found: dict[str, Any], **options: Any) -> dict[str, Any]:
    spec = specs.ecs(task_definition=TaskDefinitionSpec(family="web", containers=(found,)))
    text = values(spec, **options).containers
    assert text is not None
    (result,) = json.loads(text)
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize(
    ("state", "count", "bounds"),
    [
        (SiteState.STANDBY, 0, (0, 0)),
        (SiteState.WARM, 2, (2, 2)),
        (SiteState.ACTIVE, 5, (3, 9)),
        (SiteState.SUPERSEDED, 5, (3, 9)),
        (SiteState.RETIRED, 0, (0, 0)),
    ],
)
def test_a_service_has_the_capacity_of_the_site_state(
    state: SiteState, count: int, bounds: tuple[int, int]
) -> None:
    found = values(specs.ecs(autoscaling=specs.SCALING), state=state)
    assert (found.desired_count, found.bounds) == (count, bounds)
    assert values(specs.ecs(), state=state).bounds is None


def test_a_warm_service_has_one_task_at_least() -> None:
    policies = Policies.model_validate({"ecs": {"warm_percent": 1}})
    assert values(specs.ecs(), state=SiteState.WARM, policies=policies).desired_count == 1


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (SiteState.STANDBY, "db.t4g.medium"),
        (SiteState.WARM, "db.r6g.xlarge"),
        (SiteState.ACTIVE, "db.r6g.xlarge"),
        (SiteState.RETIRED, "db.t4g.medium"),
    ],
)
def test_an_instance_is_small_only_where_nothing_is_kept_warm(
    state: SiteState, wanted: str
) -> None:
    policies = Policies.model_validate({"aurora": {"standby_instance_class": "db.t4g.medium"}})
    shard = specs.shard(state=state, site_map=full_map(), policies=policies)
    found = aurora_values(specs.aurora(), Translator("aurora/1/orders", "us-east-1", shard))
    assert found.instances[0].instance_class == wanted
    assert found.subnet_group == "orders-dr"
    assert found.kms_key == f"arn:aws:kms:{WEST}:{specs.ACCOUNT}:key/2"
    assert found.instances[0].parameter_group == "default.aurora-postgresql15"


def test_identifiers_are_translated() -> None:
    found = values(specs.ecs())
    assert found.cluster == "shop-dr"
    assert found.subnets == ("subnet-w1", "subnet-w2")
    assert found.security_groups == ("sg-w1",)


def test_an_endpoint_inside_a_text_is_that_of_this_site() -> None:
    found = translated(container(), bindings=(DB,))
    assert found["environment"] == [
        {"name": "DB", "value": "jdbc:postgresql://db.west.example:5432/shop"}
    ]


def test_the_longer_of_two_endpoints_wins() -> None:
    longer = Binding(key="a/1/x", name="w", source="db.east.example.com", target="x.west.example")
    item = {"name": "DB", "value": "db.east.example.com"}
    found = translated(container(environment=[item]), bindings=(DB, longer))
    assert found["environment"][0]["value"] == "x.west.example"


def test_an_endpoint_that_is_not_known_yet_leaves_the_containers_open() -> None:
    assert (
        values(specs.ecs(), bindings=(DB.model_copy(update={"target": None}),)).containers is None
    )


def test_the_regions_name_is_replaced_only_as_a_whole() -> None:
    environment = [
        {"name": "AWS_REGION", "value": "us-east-1"},
        {"name": "NOTE", "value": "moved from us-east-1"},
    ]
    options = {"awslogs-region": "us-east-1", "awslogs-group": "/ecs/shop"}
    logs = {"logDriver": "awslogs", "options": options}
    found = translated(container(environment=environment, logConfiguration=logs))
    assert [item["value"] for item in found["environment"]] == [WEST, "moved from us-east-1"]
    assert found["logConfiguration"]["options"] == {**options, "awslogs-region": WEST}


def test_an_image_keeps_its_version_where_the_repository_is_mapped() -> None:
    west = ECR.replace("us-east-1", WEST)
    assert translated(container())["image"] == f"{west}:1.0"
    digest = f"@sha256:{'0' * 64}"
    assert translated(container(image=ECR + digest))["image"] == west + digest
    assert (
        translated(container(image="public.ecr.aws/nginx:1"))["image"] == "public.ecr.aws/nginx:1"
    )


def test_a_secret_keeps_its_json_key() -> None:
    secrets = [
        {"name": "A", "valueFrom": f"{SECRET}:password::"},
        {"name": "B", "valueFrom": SECRET},
        {"name": "C", "valueFrom": "/shop/parameter"},
    ]
    west = SECRET.replace("us-east-1", WEST)
    found = translated(container(secrets=secrets))
    assert [item["valueFrom"] for item in found["secrets"]] == [
        f"{west}:password::",
        west,
        "/shop/parameter",
    ]


def test_containers_are_the_same_text_in_whatever_order_they_were_read() -> None:
    plain = container(secrets=[{"name": "A", "valueFrom": SECRET}])
    turned = dict(reversed(list(plain.items())))
    texts = {
        values(
            specs.ecs(task_definition=TaskDefinitionSpec(family="web", containers=(one,)))
        ).containers
        for one in (plain, turned)
    }
    assert len(texts) == 1


def test_at_the_site_of_its_capture_nothing_is_translated() -> None:
    spec = specs.ecs()
    shard = specs.shard(region="us-east-1", state=SiteState.ACTIVE)
    translator = Translator("ecs/1/shop/web", spec.region, shard)
    found = ecs_values(spec, translator)
    assert translator.problems == []
    assert (found.cluster, found.subnets) == ("shop", ("subnet-1", "subnet-2"))


def everything(site_map: dict[SiteMapTable, dict[str, str]]) -> ShardInput:
    secrets = [{"name": "A", "valueFrom": SECRET}]
    task = TaskDefinitionSpec(family="web", containers=(container(secrets=secrets),))
    return specs.shard(
        specs.entry("aurora", "orders", specs.aurora()),
        specs.entry("ecs", "shop/web", specs.ecs(task_definition=task)),
        site_map=site_map,
    )


def test_every_missing_entry_is_found_at_once_and_names_table_key_and_file() -> None:
    problems = prerequisites(everything({}))
    assert {problem.field.rpartition(".")[2] for problem in problems} == {
        "db_subnet_groups",
        "security_groups",
        "kms_keys",
        "cluster_parameter_groups",
        "ecs_clusters",
        "subnets",
        "images",
        "secrets",
    }
    subnet = next(problem for problem in problems if "subnet-1" in problem.what)
    assert subnet.resource == f"ecs/{specs.ACCOUNT}/shop/web"
    assert subnet.field == "site_map.us-west-2.subnets"
    assert "site_map.us-west-2.subnets in stacks/acme/production.yaml" in subnet.hint


@pytest.mark.parametrize("table", list(full_map()))
def test_one_missing_table_is_one_problem_of_whoever_needs_it(table: SiteMapTable) -> None:
    problems = prerequisites(everything({k: v for k, v in full_map().items() if k is not table}))
    assert problems
    assert {problem.field for problem in problems} == {f"site_map.us-west-2.{table}"}


def test_nothing_is_missing_with_a_full_map() -> None:
    assert prerequisites(everything(full_map())) == []


def test_a_program_refuses_with_all_that_is_missing() -> None:
    with pytest.raises(ConfigError) as caught:
        refuse(prerequisites(everything({})))
    assert "subnet-1" in caught.value.what
    assert "'shop'" in caught.value.what
    assert "stacks/acme/production.yaml" in caught.value.hint
    refuse([])
