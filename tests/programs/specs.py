"""Specs and shards made by hand, for tests that need no AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drstate.model.catalog import CatalogEntry, Ownership
from drstate.model.phases import SiteState
from drstate.model.resource import Resource
from drstate.model.scope import Account, Policies, RegionPair, ScopeKey, SiteMap, SiteMapTable
from drstate.model.shard import Binding, ShardId, ShardInput
from drstate.model.spec import Spec
from drstate.model.tags import DrTags
from drstate.programs.aurora.spec import AuroraInstance, AuroraSpec
from drstate.programs.ecs.spec import AutoscalingSpec, EcsNetwork, EcsSpec, TaskDefinitionSpec

EAST, WEST = "us-east-1", "us-west-2"
ACCOUNT = "111122223333"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = f"arn:aws:secretsmanager:{EAST}:{ACCOUNT}:secret:db-AbCdEf"
ECR = f"{ACCOUNT}.dkr.ecr.{EAST}.amazonaws.com/shop/web"


def container(**changes: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "image": f"{ECR}:1.0",
        "environment": [{"name": "DB", "value": "jdbc:postgresql://db.east.example:5432/shop"}],
        **changes,
    }


SCALING = AutoscalingSpec(min_capacity=3, max_capacity=9)


def ecs(**changes: Any) -> EcsSpec:
    values: dict[str, Any] = {
        "region": EAST,
        "captured_at": NOW,
        "cluster": "shop",
        "service": "web",
        "arn": f"arn:aws:ecs:{EAST}:{ACCOUNT}:service/shop/web",
        "desired_count": 5,
        "task_definition": TaskDefinitionSpec(family="web", containers=(container(),)),
        "network": EcsNetwork(subnets=("subnet-1", "subnet-2"), security_groups=("sg-1",)),
        **changes,
    }
    return EcsSpec.model_validate(values)


def aurora(**changes: Any) -> AuroraSpec:
    values: dict[str, Any] = {
        "region": EAST,
        "captured_at": NOW,
        "identifier": "orders",
        "arn": f"arn:aws:rds:{EAST}:{ACCOUNT}:cluster:orders",
        "engine": "aurora-postgresql",
        "engine_version": "15.4",
        "cluster_parameter_group": "orders-pg15",
        "subnet_group": "orders",
        "security_groups": ("sg-1",),
        "storage_encrypted": True,
        "kms_key": f"arn:aws:kms:{EAST}:{ACCOUNT}:key/1",
        "instances": (
            AuroraInstance(
                identifier="orders-1",
                instance_class="db.r6g.xlarge",
                parameter_group="default.aurora-postgresql15",
            ),
        ),
        **changes,
    }
    return AuroraSpec.model_validate(values)


def entry(technology: str, name: str, spec: Spec) -> CatalogEntry:
    arn = str(getattr(spec, "arn", f"{name} arn"))
    return CatalogEntry(
        resource=Resource(
            key=f"{technology}/{ACCOUNT}/{name}",
            technology=technology,
            name=name,
            account=ACCOUNT,
            region=EAST,
            arn=arn,
            tags=DrTags(customer="acme", environment="production", wave=1),
            raw_tags={"Customer": "acme", "dr:enabled": "true"},
        ),
        ownership={EAST: Ownership.FOREIGN, WEST: Ownership.DECLARED},
        group="w1",
        spec=spec.model_dump(mode="json"),
        spec_version=1,
        last_seen=NOW,
    )


def shard(
    *entries: CatalogEntry,
    state: SiteState = SiteState.STANDBY,
    site_map: SiteMap | None = None,
    bindings: tuple[Binding, ...] = (),
    policies: Policies | None = None,
    region: str = WEST,
) -> ShardInput:
    return ShardInput(
        id=ShardId(
            scope=ScopeKey.model_validate({"customer": "acme", "environment": "production"}),
            region=region,
            account=ACCOUNT,
            group="w1",
        ),
        stack=f"acme.production.{region}.{ACCOUNT}.w1",
        site_state=state,
        regions=RegionPair(primary=EAST, recovery=WEST),
        provider_region=region,
        account=Account(
            id=ACCOUNT,
            name="shop",
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/drstate",
            external_id="an-id",
        ),
        site_map=site_map or {},
        policies=policies or Policies(),
        resources=entries,
        bindings=bindings,
    )


def full_map() -> SiteMap:
    return {
        SiteMapTable.SUBNETS: {"subnet-1": "subnet-w1", "subnet-2": "subnet-w2"},
        SiteMapTable.SECURITY_GROUPS: {"sg-1": "sg-w1"},
        SiteMapTable.ECS_CLUSTERS: {"shop": "shop-dr"},
        SiteMapTable.IMAGES: {ECR: ECR.replace(EAST, WEST)},
        SiteMapTable.SECRETS: {SECRET: SECRET.replace(EAST, WEST)},
        SiteMapTable.DB_SUBNET_GROUPS: {"orders": "orders-dr"},
        SiteMapTable.CLUSTER_PARAMETER_GROUPS: {"orders-pg15": "orders-pg15-dr"},
        SiteMapTable.KMS_KEYS: {
            f"arn:aws:kms:{EAST}:{ACCOUNT}:key/1": f"arn:aws:kms:{WEST}:{ACCOUNT}:key/2"
        },
    }
