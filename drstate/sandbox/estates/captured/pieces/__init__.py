"""The resources of a captured scope, a module per technology, each built from its own spec.

Each module has ``build(site, entry)``. The order is that of building; a piece asks ``site`` for
whatever else it stands on, and counts on no other piece.
"""

from __future__ import annotations

#: modules of this package; a technology without one cannot be rebuilt and is refused by name
PIECES: tuple[str, ...] = (
    "security_group",
    "elb",
    "drs",
    "rds",
    "aurora",
    "elasticache",
    "memorydb",
    "opensearch",
    "efs",
    "fsx",
    "ontap",
    "s3",
    "sql_ag",
    "oracle_dg",
    "eks_dns",
    "autoscaling",
    "ecs",
    "ssm",
    "lambda_hook",
    "http_hook",
    "command_hook",
    "lambda_",
    "eventbridge",
    "route53",
)
