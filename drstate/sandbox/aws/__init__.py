"""What the emulated AWS has beyond moto, one file per service.

`install()` puts additions and corrections in place; `own_service()` finds the response
class of a service that is reached directly: those that moto lacks, those whose paths its
server does not know, and those that are called most (moto's server costs as much again as
the operation).
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any

from . import (
    autoscaling,
    cloudwatch,
    ec2_states,
    ecs,
    elbv2,
    explorer,
    kms,
    launch_templates,
    rds,
    route53,
    sts,
)
from .drs import agents as drs_agents

_DIRECT = {
    "application-autoscaling": (
        "moto.applicationautoscaling.responses:ApplicationAutoScalingResponse"
    ),
    "cloudwatch": "moto.cloudwatch.responses:CloudWatchResponse",
    "drs": "drstate.sandbox.aws.drs.responses:DrsResponse",
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


# Corrected when they are first asked for: importing them all would double a start's time.
_WHEN_ASKED = {
    "efs": "moto.efs.responses:EFSResponse",
    "elasticache": "moto.elasticache.responses:ElastiCacheResponse",
    "ssm": "moto.ssm.responses:SimpleSystemManagerResponse",
    "memorydb": "moto.memorydb.responses:MemoryDBResponse",
}


@cache
def correct(service: str) -> None:
    """Put one service's corrections in place before anything uses its backends."""
    import_module(f"{__name__}.{service}").install()


def correct_used() -> None:
    """The same for every service whose backends came from a snapshot."""
    for service in _WHEN_ASKED:
        if f"moto.{service}.models" in sys.modules:
            correct(service)


@cache
def own_service(service: str) -> Any:
    """The response class of a service that is reached directly, or None."""
    if service in _WHEN_ASKED:
        correct(service)
    path = _DIRECT.get(service) or _WHEN_ASKED.get(service)
    if path is None:
        return None
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def install() -> None:
    """Put every addition and correction in place; safe to call again."""
    for service in (sts, rds, ecs, autoscaling, cloudwatch, route53, elbv2, kms):
        service.install()
    launch_templates.install()
    ec2_states.install()
    drs_agents.install()


__all__ = ["correct", "correct_used", "explorer", "install", "own_service"]
