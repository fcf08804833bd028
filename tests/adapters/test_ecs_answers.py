"""Answers of ECS: what is carried over, what is refused, and how they are made stable."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.adapters.ecs.actions import Goal
from drstate.adapters.ecs.normal import container
from drstate.adapters.ecs.reading import Capacity
from drstate.adapters.ecs.supported import unsupported_service, unsupported_task

PLAIN: dict[str, Any] = {
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "deploymentConfiguration": {"strategy": "ROLLING", "alarms": {"enable": False}},
    "loadBalancers": [{"targetGroupArn": "arn", "containerName": "web", "containerPort": 80}],
    "deployments": [{"rolloutState": "COMPLETED"}],
    "serviceRegistries": [],
}


def test_a_plain_service_is_carried_over_whole() -> None:
    assert unsupported_service(PLAIN) == []
    assert unsupported_task({"volumes": [{"name": "scratch", "host": {}}]}) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schedulingStrategy": "DAEMON"}, "schedulingStrategy DAEMON"),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "deploymentController CODE_DEPLOY"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "deployment strategy BLUE_GREEN"),
        ({"deploymentConfiguration": {"alarms": {"enable": True}}}, "deployment alarms"),
        (
            {"loadBalancers": [{"loadBalancerName": "old"}]},
            "loadBalancers with a classic load balancer",
        ),
        ({"serviceRegistries": [{"registryArn": "arn"}]}, "serviceRegistries"),
        (
            {"deployments": [{"serviceConnectConfiguration": {"enabled": True}}]},
            "serviceConnectConfiguration",
        ),
    ],
)
def test_a_setting_that_would_be_lost_is_named(change: dict[str, Any], named: str) -> None:
    assert unsupported_service({**PLAIN, **change}) == [named]


def test_a_volume_that_belongs_to_a_region_is_named() -> None:
    volume = {"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}
    assert unsupported_task({"volumes": [volume]}) == ["volume files with efsVolumeConfiguration"]


def test_two_answers_of_one_configuration_are_equal() -> None:
    first = {
        "name": "web",
        "image": "web:1",
        "cpu": 0,
        "essential": True,
        "links": [],
        "environment": [{"name": "B", "value": ""}, {"name": "A", "value": "1"}],
        "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
    }
    second = {
        "image": "web:1",
        "name": "web",
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}],
        "portMappings": [{"containerPort": 80}],
    }
    assert container(first, "awsvpc") == container(second, "awsvpc")
    # an empty value is set, not missing
    assert container(first, "awsvpc")["environment"][1] == {"name": "B", "value": ""}


def test_a_host_port_is_kept_where_it_means_something() -> None:
    found = {"name": "web", "image": "w", "portMappings": [{"containerPort": 80, "hostPort": 80}]}
    assert container(found, "bridge")["portMappings"] == [{"containerPort": 80, "hostPort": 80}]


def capacity(desired: int, bounds: tuple[int, int] | None = None) -> Capacity:
    low, high = bounds or (None, None)
    return Capacity(desired, desired, True, (), low, high)


@pytest.mark.parametrize(
    ("goal", "now", "met"),
    [
        (Goal(4, 4, None), capacity(4), True),
        (Goal(4, 4, None), capacity(3), False),
        # autoscaling has scaled out within its bounds: that is its decision
        (Goal(4, 4, None), capacity(7, (2, 10)), True),
        # it serves already, and has scaled in
        (Goal(4, 2, None), capacity(2, (2, 10)), True),
        (Goal(4, 4, (2, 10)), capacity(4, (0, 0)), False),
        (Goal(4, 4, (2, 10)), capacity(4, (2, 10)), True),
        (Goal(0, 0, (0, 0)), capacity(0, (0, 0)), True),
        (Goal(0, 0, None), capacity(1), False),
    ],
)
def test_a_goal_is_met_by_counts_and_bounds(goal: Goal, now: Capacity, met: bool) -> None:
    assert goal.met(now) is met
