"""What the emulated AWS has beyond moto, one file per service.

`install()` puts additions and corrections in place; `own_service()` finds the response
class of a service that is reached directly: those that moto lacks, those whose paths its
server does not know, and those that are called most (moto's server costs as much again as
the operation).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from . import autoscaling, cloudwatch, ecs, elbv2, explorer, kms, rds, route53, sts

_DIRECT = {
    "application-autoscaling": (
        "moto.applicationautoscaling.responses:ApplicationAutoScalingResponse"
    ),
    "cloudwatch": "moto.cloudwatch.responses:CloudWatchResponse",
    "ec2": "moto.ec2.responses:EC2Response",
    "ecr": "moto.ecr.responses:ECRResponse",
    "ecs": "moto.ecs.responses:EC2ContainerServiceResponse",
    "elbv2": "moto.elbv2.responses:ELBV2Response",
    "iam": "moto.iam.responses:IamResponse",
    "kms": "moto.kms.responses:KmsResponse",
    "logs": "moto.logs.responses:LogsResponse",
    "rds": "moto.rds.responses:RDSResponse",
    "resource-explorer-2": "drstate.sandbox.aws.explorer:ExplorerResponse",
    "resourcegroupstaggingapi": (
        "moto.resourcegroupstaggingapi.responses:ResourceGroupsTaggingAPIResponse"
    ),
    "route53": "moto.route53.responses:Route53",
    "secretsmanager": "moto.secretsmanager.responses:SecretsManagerResponse",
    "sts": "moto.sts.responses:TokenResponse",
}


@cache
def own_service(service: str) -> Any:
    """The response class of a service that is reached directly, or None."""
    path = _DIRECT.get(service)
    if path is None:
        return None
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def install() -> None:
    """Put every addition and correction in place; safe to call again."""
    for service in (sts, rds, ecs, autoscaling, cloudwatch, route53, elbv2, kms):
        service.install()


__all__ = ["explorer", "install", "own_service"]
