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
    autoscaling_groups,
    cloudwatch,
    ec2_shown,
    ec2_states,
    ecs,
    elbv2,
    explorer,
    fleet_digest,
    iam,
    kms,
    launch_templates,
    rds,
    route53,
    security_groups,
    service_models,
    sts,
)
from .drs import agents as drs_agents

_DIRECT = {
    "application-autoscaling": (
        "moto.applicationautoscaling.responses:ApplicationAutoScalingResponse"
    ),
    "autoscaling": "moto.autoscaling.responses:AutoScalingResponse",
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
    "route53-recovery-cluster": "drstate.sandbox.aws.recovery_responses:ClusterResponse",
    "route53-recovery-control-config": "drstate.sandbox.aws.recovery_responses:ConfigResponse",
    "secretsmanager": "moto.secretsmanager.responses:SecretsManagerResponse",
    "sts": "moto.sts.responses:TokenResponse",
}


# Corrected when they are first asked for: importing them all would double a start's time.
_WHEN_ASKED = {
    "cloudtrail": "moto.cloudtrail.responses:CloudTrailResponse",
    "dynamodb": "moto.dynamodb.responses:DynamoHandler",
    "eks": "moto.eks.responses:EKSResponse",
    "efs": "moto.efs.responses:EFSResponse",
    "elasticache": "moto.elasticache.responses:ElastiCacheResponse",
    "events": "moto.events.responses:EventsHandler",
    "fsx": "moto.fsx.responses:FSxResponse",
    "lambda": "moto.awslambda.responses:LambdaResponse",
    "opensearch": "moto.opensearch.responses:OpenSearchServiceResponse",
    # by moto's server, after its correction
    "s3": "",
    "s3control": "moto.s3control.responses:S3ControlResponse",
    "servicequotas": "moto.servicequotas.responses:ServiceQuotasResponse",
    "ssm": "moto.ssm.responses:SimpleSystemManagerResponse",
    "memorydb": "moto.memorydb.responses:MemoryDBResponse",
    "sns": "moto.sns.responses:SNSResponse",
    "sqs": "moto.sqs.responses:SQSResponse",
    "stepfunctions": "moto.stepfunctions.responses:StepFunctionResponse",
}
# Modules that cannot be called what their service is called: here, and moto's.
_NAMED = {
    "events": ("eventbridge", "events"),
    "lambda": ("functions", "awslambda"),
    "servicequotas": ("service_quotas", "servicequotas"),
}


@cache
def correct(service: str) -> None:
    """Put one service's corrections in place before anything uses its backends."""
    import_module(f"{__name__}.{_NAMED.get(service, (service,))[0]}").install()


def correct_used() -> None:
    """The same for every service whose backends came from a snapshot."""
    for service in _WHEN_ASKED:
        if f"moto.{_NAMED.get(service, (service,))[-1]}.models" in sys.modules:
            correct(service)


def require_copyable() -> None:
    """Raise OSError where something runs in threads, which a copy of the process has not."""
    if "moto.stepfunctions.parser.models" not in sys.modules:
        return
    busy = import_module(f"{__name__}.stepfunctions_runs").running()
    if busy:
        raise OSError(f"state machines are in the middle of their work: {', '.join(busy)}")


@cache
def own_service(service: str) -> Any:
    """The response class of a service that is reached directly, or None."""
    if service in _WHEN_ASKED:
        correct(service)
    path = _DIRECT.get(service) or _WHEN_ASKED.get(service)
    if not path:
        return None
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def load() -> None:
    """Load every service that has corrections, and its description, as its first call would.

    For a process that is going to be copied: each copy would do it again.
    """
    for service in (*_DIRECT, *_WHEN_ASKED):
        own_service(service)
        service_models.load(service)


def install() -> None:
    """Put every addition and correction in place; safe to call again."""
    service_models.install()
    for service in (sts, rds, ecs, autoscaling, cloudwatch, route53, elbv2, iam, kms):
        service.install()
    autoscaling_groups.install()
    fleet_digest.install()
    launch_templates.install()
    ec2_shown.install()
    ec2_states.install()
    security_groups.install()
    drs_agents.install()


__all__ = ["correct", "correct_used", "explorer", "install", "own_service", "require_copyable"]
