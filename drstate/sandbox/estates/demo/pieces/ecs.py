"""A service with autoscaling behind a load balancer, on capacity providers."""

from __future__ import annotations

import json
from typing import Any

from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.logs.models import logs_backends
from moto.secretsmanager.models import secretsmanager_backends

from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import app
from drstate.sandbox.estates.demo.identities import build_task_role
from drstate.sandbox.estates.demo.land import Land, Piece
from drstate.sandbox.estates.demo.names import lower, upper

_PROVIDERS = ["FARGATE", "FARGATE_SPOT"]
_DATABASE = {
    "endpoint": "orders.initech.internal",
    "reader_endpoint": "orders-ro.initech.internal",
}


def build(ids: SeededIds, land: Land) -> Piece:
    """The service in the east; cluster, registry, log group and load balancer at both sites."""
    account, scope = land.app, land.scope
    roles = {
        "execution_role_arn": build_task_role(ids, account, f"{scope.prefix}-execution"),
        "task_role_arn": build_task_role(ids, account, f"{scope.prefix}-task"),
    }
    east, west = (
        {**_ground(ids, land, region), **roles} for region in (land.primary, land.recovery)
    )
    secret = _secret(ids, land)
    east["secret_arn"] = secret
    name = f"{scope.prefix}-web"
    definition = app.register(ids, scope, "web", east, _DATABASE)
    tags = land.tags(2, "critical")
    arn = app.build_service(ids, scope, east, definition, name, 4, tags, balanced=True)
    service = next(
        one for one in ecs_backends[account][land.primary].services.values() if one.arn == arn
    )
    service.launch_type = None
    service.capacity_provider_strategy = [
        {"capacityProvider": "FARGATE", "weight": 1, "base": 2},
        {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0},
    ]
    app.build_autoscaling(scope, east["ecs_cluster"], name)
    return Piece(
        facts={
            "account": account,
            "name": f"{east['ecs_cluster']}/{name}",
            "arn": arn,
            "cluster": {land.primary: east["ecs_cluster"], land.recovery: west["ecs_cluster"]},
        },
        site_map={
            "ecs_clusters": {east["ecs_cluster"]: west["ecs_cluster"]},
            "images": {east["repositories"]["web"]: west["repositories"]["web"]},
            "secrets": {secret: secret.replace(land.primary, land.recovery)},
            "target_groups": {
                east["load_balancer"]["target_group_arn"]: west["load_balancer"]["target_group_arn"]
            },
        },
    )


def _ground(ids: SeededIds, land: Land, region: str) -> dict[str, Any]:
    account, scope = land.app, land.scope
    network = land.network(account, region)
    suffix = land.suffix(region)
    ground: dict[str, Any] = {
        "vpc_id": network.vpc,
        "subnet_ids": list(network.subnets),
        "security_group_id": network.security_group,
        "log_group": f"/ecs/{scope.prefix}",
        "ecs_cluster": f"{scope.prefix}{suffix}",
    }
    ground["load_balancer"] = app.build_edge(
        ids, scope, region, f"{scope.prefix}-web{suffix}", ground
    )
    ids.named(account, region, "ecs", ground["ecs_cluster"])
    ecs_backends[account][region].create_cluster(
        ground["ecs_cluster"], tags=lower(scope.tags()), capacity_providers=_PROVIDERS
    )
    logs_backends[account][region].create_log_group(ground["log_group"], scope.tags())
    repository = f"{scope.prefix}/web"
    ids.named(account, region, "ecr", repository)
    made = ecr_backends[account][region].create_repository(
        repository, None, {}, None, "IMMUTABLE", upper(scope.tags())
    )
    ground["repositories"] = {"web": made.uri}
    return ground


def _secret(ids: SeededIds, land: Land) -> str:
    """ARN of the secret in the east; it is replicated to the west."""
    name = f"{land.scope.prefix}/db"
    ids.named(land.app, "secret", name)
    made = secretsmanager_backends[land.app][land.primary].create_secret(
        name=name,
        secret_string=json.dumps({"username": "orders", "password": "sandbox-only-password"}),
        secret_binary=None,
        description=f"{land.scope.prefix} orders database",
        tags=upper(land.scope.tags()),
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[{"Region": land.recovery}],
        force_overwrite=False,
    )
    return str(json.loads(made)["ARN"])
