"""The demo's application accounts: services in the east, a landing zone in the west."""

from __future__ import annotations

import json
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.secretsmanager.models import secretsmanager_backends

from drstate.sandbox.aws.ids import SeededIds

from . import names
from .data import dr_tags
from .identities import build_task_role
from .names import PRIMARY, RECOVERY, DemoScope
from .network import build_network

DIMENSION = "ecs:service:DesiredCount"
WEB_PORT = 8080


def build_edge(
    ids: SeededIds, scope: DemoScope, region: str, name: str, network: dict[str, Any]
) -> dict[str, Any]:
    """A load balancer, its target group and listener, all called `name`."""
    account = scope.customer.app
    elb = elbv2_backends[account][region]
    ids.named(account, region, "alb", name)
    balancer = elb.create_load_balancer(
        name=name,
        security_groups=[network["security_group_id"]],
        subnet_ids=network["subnet_ids"],
        scheme="internet-facing",
        tags=names.upper(scope.tags()),
        loadbalancer_type="application",
    )
    balancer.state = "active"
    ids.named(account, region, "target-group", name)
    group = elb.create_target_group(
        name,
        protocol="HTTP",
        port=str(WEB_PORT),
        vpc_id=network["vpc_id"],
        target_type="ip",
        healthcheck_path="/healthz",
        tags=names.upper(scope.tags()),
    )
    ids.named(account, region, "listener", name)
    listener = elb.create_listener(
        load_balancer_arn=balancer.arn,
        protocol="HTTP",
        port="80",
        ssl_policy="",
        certificate=None,
        actions=[{"Type": "forward", "TargetGroupArn": group.arn}],
        tags=names.upper(scope.tags()),
    )
    return {
        "name": name,
        "arn": balancer.arn,
        "dns_name": balancer.dns_name,
        "canonical_zone_id": balancer.canonical_hosted_zone_id,
        "target_group_arn": group.arn,
        "listener_arn": listener.arn,
    }


def _landing(ids: SeededIds, scope: DemoScope, region: str, suffix: str) -> dict[str, Any]:
    account = scope.customer.app
    group = f"{scope.prefix}-web{suffix}"
    network = build_network(ids, scope, account, region, group, data=False)
    facts: dict[str, Any] = {
        "account": account,
        "region": region,
        "vpc_id": network.vpc,
        "subnet_ids": list(network.subnets),
        "security_group_id": network.security_group,
        "security_group_name": group,
    }
    facts["load_balancer"] = build_edge(ids, scope, region, group, facts)
    cluster = f"{scope.prefix}{suffix}"
    ids.named(account, region, "ecs", cluster)
    facts["ecs_cluster"] = cluster
    facts["ecs_cluster_arn"] = (
        ecs_backends[account][region].create_cluster(cluster, tags=names.lower(scope.tags())).arn
    )
    facts["log_group"] = f"/ecs/{scope.prefix}"
    logs_backends[account][region].create_log_group(facts["log_group"], scope.tags())
    repositories = {}
    for part in ("web", "worker"):
        repository = f"{scope.prefix}/{part}"
        ids.named(account, region, "ecr", repository)
        made = ecr_backends[account][region].create_repository(
            repository, None, {}, None, "IMMUTABLE", names.upper(scope.tags())
        )
        repositories[part] = made.uri
    facts["repositories"] = repositories
    return facts


def _secret(ids: SeededIds, scope: DemoScope, endpoint: str) -> dict[str, str]:
    account = scope.customer.app
    name = f"{scope.prefix}/db"
    ids.named(account, "secret", name)
    backend = secretsmanager_backends[account][PRIMARY]
    made = json.loads(
        backend.create_secret(
            name=name,
            secret_string=json.dumps(
                {"username": "orders", "password": "sandbox-only-password", "host": endpoint}
            ),
            secret_binary=None,
            description=f"{scope.prefix} orders database",
            tags=names.upper(scope.tags()),
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[{"Region": RECOVERY}],
            force_overwrite=False,
        )
    )
    arn: str = made["ARN"]
    return {PRIMARY: arn, RECOVERY: arn.replace(PRIMARY, RECOVERY)}


def task_definition(
    scope: DemoScope, part: str, east: dict[str, Any], database: dict[str, Any]
) -> list[dict[str, Any]]:
    """The container definition of a service: everything in it names the primary region."""
    container: dict[str, Any] = {
        "name": part,
        "image": f"{east['repositories'][part]}:1.4.2",
        "essential": True,
        "environment": [
            {"name": "DB_HOST", "value": database["endpoint"]},
            {"name": "DB_READER", "value": database["reader_endpoint"]},
            {"name": "AWS_REGION", "value": PRIMARY},
            {"name": "ENVIRONMENT", "value": scope.environment},
        ],
        "secrets": [{"name": "DB_SECRET", "valueFrom": east["secret_arn"]}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": east["log_group"],
                "awslogs-region": PRIMARY,
                "awslogs-stream-prefix": part,
            },
        },
    }
    if part == "web":
        container["portMappings"] = [{"containerPort": WEB_PORT, "protocol": "tcp"}]
    return [container]


def build_service(
    ids: SeededIds,
    scope: DemoScope,
    east: dict[str, Any],
    definition: str,
    name: str,
    desired: int,
    tags: dict[str, str],
    *,
    balanced: bool = False,
) -> str:
    """A steady Fargate service in the primary region. Returns its ARN."""
    account = scope.customer.app
    ecs = ecs_backends[account][PRIMARY]
    ids.named(account, PRIMARY, "service", name)
    balancers = []
    if balanced:
        balancers.append(
            {
                "targetGroupArn": east["load_balancer"]["target_group_arn"],
                "containerName": "web",
                "containerPort": WEB_PORT,
            }
        )
    service = ecs.create_service(
        cluster_str=east["ecs_cluster"],
        service_name=name,
        desired_count=desired,
        task_definition_str=definition,
        load_balancers=balancers,
        tags=names.lower(tags),
        launch_type="FARGATE",
        platform_version="1.4.0",
        propagate_tags="SERVICE",
        network_configuration={
            "awsvpcConfiguration": {
                "subnets": east["subnet_ids"],
                "securityGroups": [east["security_group_id"]],
                "assignPublicIp": "DISABLED",
            }
        },
    )
    return str(service.arn)


def build_autoscaling(scope: DemoScope, cluster: str, service: str) -> None:
    """Bounds and a target tracking policy for a service in the primary region."""
    backend = applicationautoscaling_backends[scope.customer.app][PRIMARY]
    resource = f"service/{cluster}/{service}"
    backend.register_scalable_target(
        namespace="ecs",
        r_id=resource,
        dimension=DIMENSION,
        min_capacity=2 if scope.production else 1,
        max_capacity=10,
        role_arn=(
            f"arn:aws:iam::{scope.customer.app}:role/aws-service-role/"
            "ecs.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_ECSService"
        ),
        suspended_state=None,
    )
    backend.put_scaling_policy(
        policy_name=f"{service}-cpu",
        service_namespace="ecs",
        resource_id=resource,
        scalable_dimension=DIMENSION,
        policy_type="TargetTrackingScaling",
        policy_body={
            "TargetValue": 60.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ECSServiceAverageCPUUtilization"
            },
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        },
    )


def register(
    ids: SeededIds, scope: DemoScope, part: str, east: dict[str, Any], database: dict[str, Any]
) -> str:
    """A task definition of the scope. Returns its ARN."""
    account = scope.customer.app
    family = f"{scope.prefix}-{part}"
    ids.named(account, PRIMARY, "task-definition", family)
    definition = ecs_backends[account][PRIMARY].register_task_definition(
        family,
        task_definition(scope, part, east, database),
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        cpu="512",
        memory="1024",
        execution_role_arn=east["execution_role_arn"],
        task_role_arn=east["task_role_arn"],
        tags=names.lower(scope.tags()),
    )
    return str(definition.arn)


def build_app(ids: SeededIds, scope: DemoScope, database: dict[str, Any]) -> dict[str, Any]:
    """The scope's application account. Returns its identifiers."""
    east = _landing(ids, scope, PRIMARY, "")
    west = _landing(ids, scope, RECOVERY, "-dr")
    account = scope.customer.app
    secret = _secret(ids, scope, database["endpoint"])
    roles = {
        "execution_role_arn": build_task_role(ids, account, f"{scope.prefix}-execution"),
        "task_role_arn": build_task_role(ids, account, f"{scope.prefix}-task"),
    }
    east |= {"secret_arn": secret[PRIMARY], **roles}
    west |= {"secret_arn": secret[RECOVERY], **roles}

    web = f"{scope.prefix}-web"
    # One scope names its database by ARN, the other by name: both are allowed in the tag.
    dependency = database["identifier"] if scope.production else database["arn"]
    web_tags = {**scope.tags(), **dr_tags("2", "critical", dependency)}
    definition = register(ids, scope, "web", east, database)
    services = {
        web: build_service(
            ids,
            scope,
            east,
            definition,
            web,
            4 if scope.production else 1,
            web_tags,
            balanced=True,
        )
    }
    build_autoscaling(scope, east["ecs_cluster"], web)
    east["task_definitions"] = {"web": definition}
    if scope.production:
        worker = f"{scope.prefix}-worker"
        definition = register(ids, scope, "worker", east, database)
        worker_tags = {**scope.tags(), **dr_tags("2", None)}
        services[worker] = build_service(ids, scope, east, definition, worker, 2, worker_tags)
        east["task_definitions"]["worker"] = definition
    east["services"] = services
    return {PRIMARY: east, RECOVERY: west}
