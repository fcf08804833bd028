"""The kinds of resource that a generated estate is mixed of, and how each is built.

Every builder makes one resource in the primary region of a place, called `name`, with these tags.
Queues and tables belong to no technology: they are there because real accounts hold them too, and
discovery has to read past them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends
from moto.sqs.models import sqs_backends

from drstate.sandbox.aws import rds_global
from drstate.sandbox.aws.drs.agents import machine_of
from drstate.sandbox.aws.drs.servers import add_source_server
from drstate.sandbox.aws.ec2_states import arrived
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.app import build_service
from drstate.sandbox.estates.demo.data import INSTANCE_CLASS, build_cluster
from drstate.sandbox.estates.demo.names import PRIMARY, RECOVERY

from .landing import CODE_KEY
from .layout import Place

#: the image of all servers, by region
IMAGES = {PRIMARY: "ami-0a1b2c3d4e5f60001", RECOVERY: "ami-0a1b2c3d4e5f60002"}
#: with it an instance's owner lets DRS replace its disks
LAUNCHABLE = {"AWSDRS": "AllowLaunchingIntoThisInstance"}
#: of so many clusters one is the primary of a global cluster already
_GLOBAL_EVERY = 8


@dataclass(frozen=True)
class Order:
    """One resource to be built: its number among its kind in the place, from 1."""

    ids: SeededIds
    place: Place
    name: str
    number: int
    tags: dict[str, str]
    #: the landing zone in the primary region
    east: dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of resource: `percent` of all are of it, and what `serves` others depend on."""

    name: str
    percent: int
    wave: int
    build: Callable[[Order], None]
    serves: bool = False


def _aurora(order: Order) -> None:
    scope = order.place.demo_scope()
    instances = 2 if order.number % 3 == 0 else 1
    cluster = build_cluster(order.ids, scope, order.name, order.tags, order.east, instances)
    if order.number % _GLOBAL_EVERY == 0:
        order.ids.named(order.place.account, "global-cluster", order.name)
        rds_global.create(
            order.place.account,
            PRIMARY,
            {
                "GlobalClusterIdentifier": f"{order.name}-global",
                "SourceDBClusterIdentifier": cluster.db_cluster_arn,
                "DeletionProtection": True,
            },
        )


def _service(part: str) -> Callable[[Order], None]:
    def build(order: Order) -> None:
        definition = order.east["task_definitions"][part]
        desired = 1 + order.number % 4
        scope = order.place.demo_scope()
        build_service(order.ids, scope, order.east, definition, order.name, desired, order.tags)

    return build


def _database(order: Order) -> None:
    order.ids.named(order.place.account, PRIMARY, "db", order.name)
    rds_backends[order.place.account][PRIMARY].create_db_instance(
        {
            "db_instance_identifier": order.name,
            "db_instance_class": INSTANCE_CLASS,
            "engine": "postgres",
            "engine_version": "15.4",
            "allocated_storage": 100,
            "master_username": "orders",
            "master_user_password": "sandbox-only-password",
            "db_subnet_group_name": order.east["db_subnet_group"],
            "vpc_security_group_ids": [order.east["security_group_id"]],
            "multi_az": order.number % 2 == 0,
            "storage_encrypted": True,
            "kms_key_id": order.east["kms_key_arn"],
            "tags": names.upper(order.tags),
        }
    )


def _server(order: Order) -> None:
    order.ids.named(order.place.account, PRIMARY, "instance", order.name)
    subnets = order.east["subnet_ids"]
    reservation = ec2_backends[order.place.account][PRIMARY].run_instances(
        IMAGES[PRIMARY],
        1,
        None,
        [],
        instance_type="m6i.large",
        is_instance_type_default=True,  # else a scan of all types for each
        subnet_id=subnets[order.number % len(subnets)],
        security_group_ids=[order.east["security_group_id"]],
        tags={"instance": {**order.tags, **LAUNCHABLE, "Name": order.name}},
    )
    instance = reservation.instances[0]
    arrived(instance)
    order.ids.named(order.place.account, RECOVERY, "drs", order.name)
    add_source_server(
        order.place.account,
        RECOVERY,
        machine_of(instance, order.place.account, PRIMARY),
        tags={"Name": order.name, **order.place.demo_scope().tags()},
        arrived=True,
    )


def _function(order: Order) -> None:
    order.ids.named(order.place.account, PRIMARY, "function", order.name)
    backend = lambda_backends[order.place.account][PRIMARY]
    order.east["functions"].append(order.name)
    function = backend.create_function(
        {
            "FunctionName": order.name,
            "Role": order.east["task_role_arn"],
            "Runtime": "python3.11",
            "Handler": "main.handler",
            "Code": {"S3Bucket": order.east["code_bucket"], "S3Key": CODE_KEY},
            "Timeout": 30,
            "MemorySize": 256,
            "Tags": order.tags,
        }
    )
    function.state = "Active"
    order.ids.named(order.place.account, PRIMARY, "function", order.name, "version")
    backend.publish_version(order.name)
    backend.create_alias("live", order.name, "1", "production", "")


def _queue(order: Order) -> None:
    order.ids.named(order.place.account, PRIMARY, "queue", order.name)
    sqs_backends[order.place.account][PRIMARY].create_queue(order.name, tags=order.tags)


def _table(order: Order) -> None:
    order.ids.named(order.place.account, PRIMARY, "table", order.name)
    dynamodb_backends[order.place.account][PRIMARY].create_table(
        order.name,
        schema=[{"AttributeName": "id", "KeyType": "HASH"}],
        throughput=None,
        attr=[{"AttributeName": "id", "AttributeType": "S"}],
        global_indexes=None,
        indexes=None,
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=names.upper(order.tags),
        deletion_protection_enabled=True,
        warm_throughput=None,
    )


MIX: tuple[Kind, ...] = (
    Kind("orders", 16, 1, _aurora, serves=True),
    Kind("database", 6, 1, _database),
    Kind("events", 4, 1, _queue),
    Kind("sessions", 4, 1, _table),
    Kind("api", 34, 2, _service("web")),
    Kind("worker", 20, 3, _service("worker")),
    Kind("server", 10, 3, _server),
    Kind("function", 6, 3, _function),
)
