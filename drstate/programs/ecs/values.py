"""An ECS service's values at a site, its container definitions among them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.scope import SiteMapTable
from drstate.programs import identifiers
from drstate.programs.ecs.spec import EcsSpec
from drstate.programs.levels import Level, level
from drstate.programs.translator import Translator


class EcsPolicy(Value):
    """Choices for ECS resources of the scope."""

    #: tasks per service in a warm site, as a part of production capacity (at least one task)
    warm_percent: int = Field(default=25, ge=1, le=100)


@dataclass(frozen=True)
class EcsValues:
    """The service's identifiers and numbers at the site."""

    cluster: str
    desired_count: int
    #: bounds of autoscaling; None without
    bounds: tuple[int, int] | None
    subnets: tuple[str, ...]
    #: None: another stack has yet to make it
    security_groups: tuple[str | None, ...]
    #: in the order of the spec's load balancers; None as above
    target_groups: tuple[str | None, ...]
    #: in the order of the spec's strategy
    capacity_providers: tuple[str, ...]
    execution_role: str | None
    task_role: str | None
    #: canonical JSON; None while an endpoint in it is not known yet
    containers: str | None
    #: name -> resource label of target tracking on a load balancer
    resource_labels: dict[str, str]


def ecs_values(spec: EcsSpec, translator: Translator) -> EcsValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    count, bounds = _numbers(spec, translator)
    network = spec.network
    task = spec.task_definition
    containers = canonical([_container(item, translator) for item in task.containers])
    known = not translator.pending
    return EcsValues(
        cluster=translator.required(SiteMapTable.ECS_CLUSTERS, spec.cluster, "ECS cluster"),
        desired_count=count,
        bounds=bounds,
        subnets=translator.subnets(network.subnets if network else ()),
        security_groups=tuple(
            identifiers.here(translator, SiteMapTable.SECURITY_GROUPS, group, "security group")
            for group in (network.security_groups if network else ())
        ),
        target_groups=tuple(
            identifiers.here(
                translator, SiteMapTable.TARGET_GROUPS, item.target_group, "target group"
            )
            for item in spec.load_balancers
        ),
        capacity_providers=tuple(
            # FARGATE is everywhere, one of an Auto Scaling group may have another name
            translator.optional(SiteMapTable.IDENTIFIERS, item.provider)
            for item in spec.capacity_providers
        ),
        execution_role=_role(translator, task.execution_role),
        task_role=_role(translator, task.task_role),
        containers=containers if known else None,
        resource_labels=_labels(spec, translator),
    )


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal configurations are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _numbers(spec: EcsSpec, translator: Translator) -> tuple[int, tuple[int, int] | None]:
    scaling = spec.autoscaling
    match level(translator.shard.site_state):
        case Level.PRODUCTION:
            bounds = (scaling.min_capacity, scaling.max_capacity) if scaling else None
            return spec.desired_count, bounds
        case Level.WARM:
            count = spec.warm_count(translator.policy("ecs", EcsPolicy).warm_percent)
            return count, (count, count) if scaling else None
        case _:
            return 0, (0, 0) if scaling else None


def _role(translator: Translator, arn: str | None) -> str | None:
    return translator.optional(SiteMapTable.ROLES, arn) if arn else None


def _labels(spec: EcsSpec, translator: Translator) -> dict[str, str]:
    found: dict[str, str] = {}
    for policy in spec.autoscaling.policies if spec.autoscaling else ():
        metric = policy.configuration.get("PredefinedMetricSpecification") or {}
        label = metric.get("ResourceLabel")
        if label:
            found[policy.name] = translator.required(
                SiteMapTable.TARGET_GROUPS, label, "resource label of target tracking"
            )
    return found


def _container(found: dict[str, Any], translator: Translator) -> dict[str, Any]:
    where = f"container {found['name']}:"
    result = dict(found)
    result["image"] = translator.image(found["image"], f"{where} image")
    if "environment" in found:
        result["environment"] = [
            {**item, "value": translator.text(item.get("value", ""))}
            for item in found["environment"]
        ]
    if "secrets" in found:
        result["secrets"] = [
            {**item, "valueFrom": translator.secret(item["valueFrom"], f"{where} secret")}
            for item in found["secrets"]
        ]
    for field in ("command", "entryPoint"):
        if field in found:
            result[field] = [translator.text(item) for item in found[field]]
    if "repositoryCredentials" in found:
        reference = found["repositoryCredentials"]["credentialsParameter"]
        result["repositoryCredentials"] = {
            "credentialsParameter": translator.secret(reference, f"{where} registry credentials")
        }
    if "logConfiguration" in found:
        result["logConfiguration"] = _logging(found["logConfiguration"], translator, where)
    return result


def _logging(found: dict[str, Any], translator: Translator, where: str) -> dict[str, Any]:
    result = dict(found)
    options = {name: translator.text(value) for name, value in found.get("options", {}).items()}
    group = found.get("options", {}).get("awslogs-group")
    if group:
        # log groups usually have the same name in both regions
        options["awslogs-group"] = translator.optional(SiteMapTable.LOG_GROUPS, group)
    if options:
        result["options"] = options
    if "secretOptions" in found:
        result["secretOptions"] = [
            {**item, "valueFrom": translator.secret(item["valueFrom"], f"{where} log secret")}
            for item in found["secretOptions"]
        ]
    return result
