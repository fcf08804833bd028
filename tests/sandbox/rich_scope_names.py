"""What the resources of ``rich_scope`` are called, and where they are."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

EAST, WEST = "us-east-1", "us-west-2"
DATA, APP = "244444444401", "244444444402"
OTHERS = "580247275435"
PATH = "hooli/production.yaml"
WHEN = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
SUBNETS = ("subnet-0a0a0a0a0a0a0a001", "subnet-0a0a0a0a0a0a0a002")
GROUP = "sg-0a0a0a0a0a0a0a001"
TAGS = {
    "Customer": "hooli",
    "Environment": "production",
    "dr:enabled": "true",
    "dr:wave": "2",
    "CostCentre": "4711",
}


def arn_of(service: str, rest: str, account: str = APP, region: str = EAST) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def sha_of(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


KEYS = {account: arn_of("kms", f"key/{account}-aaaa", account) for account in (DATA, APP)}
QUEUES = {
    **{name: arn_of("sqs", f"hooli-{name}") for name in ("orders", "failed", "done")},
    "bills": arn_of("sqs", "hooli-bills", DATA),
}
TABLE_STREAM = arn_of("dynamodb", "table/hooli-carts/stream/2025-03-01T10:00:00.000")
KINESIS = arn_of("kinesis", "stream/hooli-clicks")
TOPIC = arn_of("sns", "hooli-caches", DATA)
REPOSITORY = f"{APP}.dkr.ecr.{EAST}.amazonaws.com/hooli/resize"
DIGEST = hashlib.sha256(b"the image").hexdigest()
LAYERS = (
    arn_of("lambda", "layer:hooli-tools:3"),
    arn_of("lambda", "layer:LambdaInsightsExtension:38", OTHERS),
)
ACCESS_POINT = arn_of("elasticfilesystem", "access-point/fsap-0123456789abcdef0")
CLUSTER, TASK = arn_of("ecs", "cluster/hooli"), arn_of("ecs", "task-definition/hooli-batch:4")
CERTIFICATE = arn_of("acm", "certificate/0a0a0a0a-1111-4222-8333-944455556666", DATA)
SEARCH_LOGS = arn_of("logs", "log-group:/hooli/search", DATA)
TOKEN = arn_of("secretsmanager", "secret:hooli/pages-a1b2c3", DATA)
SHIFT = arn_of("lambda", "function:hooli-shift:live", DATA)
EXPORTS = {EAST: "hooli-exports", WEST: "hooli-exports-dr"}
CHECK = "arn:aws:route53:::healthcheck/5f3c9c8e-1111-4222-8333-944455556666"


def in_west(arn: str) -> str:
    return arn.replace(EAST, WEST)
