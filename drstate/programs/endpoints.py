"""How the real aws provider is pointed at an emulated AWS.

The one thing that programs read besides the shard, because it says in which world a process works,
not what is wanted there. Without the variable nothing is added. A shard never carries an endpoint:
it would end in the state of real stacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.programs.lazy import aws

#: set for a rehearsal with the real plugin: the address of the emulated AWS
ENDPOINT_VARIABLE = "DRSTATE_PROVIDER_ENDPOINT"
#: services that programs' resources and the plugin's own start call, by the plugin's names
SERVICES = (
    "applicationautoscaling",
    "autoscaling",
    "cloudwatch",
    "ec2",
    "ecs",
    "efs",
    "elasticache",
    "elbv2",
    "events",
    "fsx",
    "iam",
    "kms",
    "lambda_",
    "logs",
    "memorydb",
    "opensearch",
    "rds",
    "route53",
    "s3",
    "s3control",
    "sts",
)


def endpoint_arguments(env: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of an explicit provider: endpoints, and no checks that only the real AWS answers.

    Empty outside such a rehearsal. Role, region and allowed accounts stay as they are.
    """
    endpoint = env.get(ENDPOINT_VARIABLE)
    if not endpoint:
        return {}
    return {
        "endpoints": [aws.ProviderEndpointArgs(**dict.fromkeys(SERVICES, endpoint))],
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
        "s3_use_path_style": True,
    }
