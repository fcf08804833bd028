"""Waves for resources that name none: deterministic, explained, and never over an owner's word."""

from __future__ import annotations

import random

from drstate.inventory.generating import generated, too_early
from drstate.inventory.sifting import sift
from drstate.model.resource import Resource
from drstate.model.tags import DrTags
from drstate.model.waves import Waves
from tests.inventory.values import CLAIMS, cluster, scope, service


def resource(technology: str, name: str, *needs: str, wave: int = 0) -> Resource:
    return Resource(
        key=f"{technology}/1/{name}",
        technology=technology,
        name=name,
        account="211111111101",
        region="us-east-1",
        arn=f"arn:{name}",
        tags=DrTags(customer="acme", environment="production", wave=wave, dependencies=needs),
    )


ESTATE = [
    resource("aurora", "orders"),
    resource("ecs", "web", "orders", "auth"),
    resource("ecs", "auth"),
    resource("lambda", "mail", "web"),
    resource("elb", "front"),
    resource("route53", "app", wave=9),
]


def waves(resources: list[Resource]) -> dict[str, int]:
    return {one.name: one.tags.wave for one in generated(resources)}


def test_waves_follow_dependencies_inside_the_order_of_technologies() -> None:
    assert waves(ESTATE) == {"orders": 1, "auth": 2, "web": 3, "mail": 4, "front": 5, "app": 9}


def test_the_same_estate_has_the_same_waves_in_whatever_order_it_is_found() -> None:
    wanted = waves(ESTATE)
    for seed in range(20):
        shuffled = ESTATE.copy()
        random.Random(seed).shuffle(shuffled)
        assert waves(shuffled) == wanted


def test_every_generated_wave_has_its_reason_and_a_named_one_has_none() -> None:
    reasons = {one.name: one.tags.wave_reason for one in generated(ESTATE)}
    assert reasons == {
        "orders": "it depends on nothing",
        "auth": "after all data",
        "web": "after ecs/1/auth, which it depends on",
        "mail": "after ecs/1/web, which it depends on",
        "front": "after all servers and services",
        "app": "",
    }


def test_a_wave_that_is_named_holds_and_what_depends_on_it_comes_later() -> None:
    found = waves([resource("aurora", "orders", wave=4), resource("ecs", "web", "orders")])
    assert found == {"orders": 4, "web": 5}


def test_data_that_depends_on_a_service_comes_after_it() -> None:
    found = waves([resource("opensearch", "index", "feeder"), resource("ecs", "feeder")])
    assert found == {"feeder": 1, "index": 2}


def test_a_circle_still_has_waves_since_planning_refuses_it() -> None:
    found = waves([resource("ecs", "a", "b"), resource("ecs", "b", "a")])
    assert sorted(found) == ["a", "b"]


def test_traffic_of_a_named_wave_that_comes_too_early_is_told_with_its_mend() -> None:
    early = [*ESTATE[:-1], resource("route53", "app", wave=3)]
    [told] = too_early(generated(early))
    assert "generated waves go up to 5" in told.problem
    assert "6 or more" in told.mend
    assert too_early(generated(ESTATE)) == []


def test_only_where_the_scope_file_says_so_a_resource_may_name_no_wave() -> None:
    web = service("web", dr_wave=None, dr_dependencies="orders")
    found = [cluster("orders", dr_wave=None), web]
    plain = scope().model_copy(update={"dns": []})
    refused = sift(plain, found, CLAIMS)
    assert refused.resources == []
    assert {row.tag for row in refused.violations} == {"dr:wave"}
    generating = plain.model_copy(update={"waves": Waves(generate=True)})
    accepted = sift(generating, found, CLAIMS)
    assert [one.tags.wave for one in accepted.resources] == [1, 2]
    assert accepted.violations == []
    # a wave that is written and wrong is no missing one
    wrong = sift(generating, [cluster("orders", dr_wave="first")], CLAIMS)
    assert wrong.resources == []
