"""One resource of every technology for initech/production, a module per technology.

Each module has ``build(ids, land) -> Piece``. The order is that of building; a piece may not count
on another one.
"""

from __future__ import annotations

#: modules of this package
PIECES: tuple[str, ...] = (
    "drs",
    "rds",
    "aurora",
    "security_group",
    "autoscaling",
    "elb",
    "ecs",
    "efs",
    "ssm",
    "lambda_hook",
    "lambda_",
    "eventbridge",
    "elasticache",
    "memorydb",
    "fsx",
    "s3",
    "sql_ag",
    "oracle_dg",
    "route53",
    "opensearch",
    "ontap",
    "eks_dns",
)
