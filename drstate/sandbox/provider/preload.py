"""What a plugin process needs, loaded before there is one: see ``drstate.sandbox.forkserver``.

Clients of the services are made once and thrown away, so that the descriptions of the services
have been read. Nothing is opened, no thread is started, AWS is not called.
"""

from __future__ import annotations

from importlib import import_module

import botocore.session

from drstate.aws import models

#: what resource types are made with
SERVICES = (
    "application-autoscaling", "autoscaling", "cloudwatch", "ec2", "ecs", "efs", "elasticache",
    "elbv2", "events", "fsx", "lambda", "logs", "memorydb", "opensearch", "rds", "route53", "s3",
    "s3control", "sts",
)  # fmt: skip


def load() -> None:
    """Load the plugin and its services."""
    # the SDK's stubs only, unless somebody has loaded the SDK
    import_module("drstate.sandbox.provider.stubs").bare_packages()
    import_module("pulumi.runtime.proto.provider_pb2_grpc")
    import_module("drstate.sandbox.provider.servicer")
    read(SERVICES)


def read(services: tuple[str, ...]) -> None:
    """Read the descriptions of services."""
    session = botocore.session.Session()
    session.register_component("data_loader", models.reader())
    session.set_credentials("none", "none")
    for service in services:
        session.create_client(service, region_name="us-east-1")
