"""What a scope's resources stand on in one account: the same landing zone in both regions."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from drstate.sandbox.aws.drs.models import drs_backends
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.identities import build_task_role
from drstate.sandbox.estates.demo.names import PRIMARY, RECOVERY, REGIONS, DemoScope

from .layout import Place
from .options import ENVIRONMENTS

PARTS = ("web", "worker")
CODE_KEY = "worker/1.4.2.zip"
_CODE = "def handler(event, context):\n    return event\n"


def build_landing(ids: SeededIds, place: Place) -> dict[str, dict[str, Any]]:
    """Networks, groups, keys, clusters, repositories, roles and a secret. Identifiers by region."""
    scope = place.demo_scope()
    east = _region(ids, place, scope, PRIMARY, "")
    west = _region(ids, place, scope, RECOVERY, "-dr")
    account = place.account
    roles = {
        "execution_role_arn": build_task_role(ids, account, f"{scope.prefix}-execution"),
        "task_role_arn": build_task_role(ids, account, f"{scope.prefix}-task"),
    }
    secret = _secret(ids, scope, account)
    for region in REGIONS:
        drs_backends[account][region].initialized = True
    return {
        PRIMARY: {**east, **roles, "secret_arn": secret},
        RECOVERY: {**west, **roles, "secret_arn": secret.replace(PRIMARY, RECOVERY)},
    }


def _region(
    ids: SeededIds, place: Place, scope: DemoScope, region: str, suffix: str
) -> dict[str, Any]:
    account, name = place.account, f"{scope.prefix}{suffix}"
    facts: dict[str, Any] = {"account": account, "region": region, "name": name}
    facts |= _network(ids, scope, account, region, name)
    ids.named(account, region, name, "rds")
    rds = rds_backends[account][region]
    subnets = [ec2_backends[account][region].get_subnet(one) for one in facts["subnet_ids"]]
    rds.create_subnet_group(name, f"{name} databases", subnets, names.upper(scope.tags()))
    rds.create_db_cluster_parameter_group(
        f"{name}-pg15", names.PARAMETER_FAMILY, f"{name} databases", names.upper(scope.tags())
    )
    facts |= {"db_subnet_group": name, "db_cluster_parameter_group": f"{name}-pg15"}
    ids.named(account, region, name, "kms")
    key = kms_backends[account][region].create_key(
        policy=None,
        key_usage="ENCRYPT_DECRYPT",
        key_spec="SYMMETRIC_DEFAULT",
        description=f"{name} databases",
        tags=[{"TagKey": tag, "TagValue": value} for tag, value in scope.tags().items()],
    )
    facts["kms_key_arn"] = key.arn
    ids.named(account, region, name, "ecs")
    ecs_backends[account][region].create_cluster(name, tags=names.lower(scope.tags()))
    facts["ecs_cluster"] = name
    facts["log_group"] = f"/ecs/{scope.prefix}"
    logs_backends[account][region].create_log_group(facts["log_group"], scope.tags())
    facts["code_bucket"] = _package(ids, scope, account, region)
    facts["functions"] = []
    facts["repositories"] = {part: _repository(ids, scope, account, region, part) for part in PARTS}
    return facts


def _network(
    ids: SeededIds, scope: DemoScope, account: str, region: str, name: str
) -> dict[str, Any]:
    ec2 = ec2_backends[account][region]
    octet = 10 + 16 * ENVIRONMENTS.index(scope.environment) + 8 * REGIONS.index(region)
    ids.named(account, region, name, "vpc")
    vpc = ec2.create_vpc(f"10.{octet}.0.0/16")
    ec2.create_tags([vpc.id], {**scope.tags(), "Name": name})
    subnets = []
    # large ones: a generated estate may put thousands of servers into one
    for number, zone in enumerate("ab"):
        ids.named(account, region, name, "subnet", zone)
        subnet = ec2.create_subnet(
            vpc.id, f"10.{octet}.{128 * number}.0/17", availability_zone=f"{region}{zone}"
        )
        ec2.create_tags([subnet.id], {**scope.tags(), "Name": f"{name}-{zone}"})
        subnets.append(subnet.id)
    ids.named(account, region, name, "security-group")
    group = ec2.create_security_group(name, name, vpc.id, tags=scope.tags())
    return {"vpc_id": vpc.id, "subnet_ids": subnets, "security_group_id": group.id}


def _repository(ids: SeededIds, scope: DemoScope, account: str, region: str, part: str) -> str:
    repository = f"{scope.prefix}/{part}"
    ids.named(account, region, "ecr", repository)
    made = ecr_backends[account][region].create_repository(
        repository, None, {}, None, "IMMUTABLE", names.upper(scope.tags())
    )
    return str(made.uri)


def _package(ids: SeededIds, scope: DemoScope, account: str, region: str) -> str:
    """The functions' package in a bucket of the region. Returns the bucket's name."""
    bucket = f"{scope.prefix}-{account}-code-{region}"
    ids.named(account, region, "bucket", bucket)
    backend = s3_backends[account]["aws"]
    backend.create_bucket(bucket, region)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py", (2026, 1, 1, 0, 0, 0)), _CODE)
    backend.put_object(bucket, CODE_KEY, stream.getvalue())
    return bucket


def _secret(ids: SeededIds, scope: DemoScope, account: str) -> str:
    name = f"{scope.prefix}/db"
    ids.named(account, "secret", name)
    made = json.loads(
        secretsmanager_backends[account][PRIMARY].create_secret(
            name=name,
            secret_string=json.dumps({"username": "orders", "password": "sandbox-only-password"}),
            secret_binary=None,
            description=f"{scope.prefix} databases",
            tags=names.upper(scope.tags()),
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[{"Region": RECOVERY}],
            force_overwrite=False,
        )
    )
    return str(made["ARN"])
