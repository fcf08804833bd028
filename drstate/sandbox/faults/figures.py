"""How many calls AWS allows, per account and region: burst and calls a second.

`documented` figures are in the services' public documentation. The others are assumed, at
the order of magnitude that is met in practice: AWS publishes none for these services, and
raises any of them on request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

READ = re.compile(r"^(Describe|List|Get|Search|Lookup|Head|Query|Scan|BatchGet|Test)")


@dataclass(frozen=True)
class Figure:
    """A bucket: `shared` by all operations that the pattern fits, or one for each."""

    service: str
    operation: str
    burst: float
    rate: float
    documented: bool
    shared: bool = False
    # One bucket for the account, whatever the region.
    everywhere: bool = False


# The first row that fits holds. "read" and "write" stand for the kind of operation.
FIGURES: tuple[Figure, ...] = (
    # Five requests a second for the whole account, all operations together.
    Figure("route53", "*", 5, 5, True, shared=True, everywhere=True),
    Figure("ec2", "RunInstances", 5, 2, False),
    Figure("ec2", "StartInstances", 5, 2, False),
    Figure("ec2", "StopInstances", 5, 2, False),
    Figure("ec2", "read", 100, 20, True),
    Figure("ec2", "write", 50, 5, False),
    Figure("ecs", "DescribeClusters", 50, 20, True),
    Figure("ecs", "read", 100, 20, False),
    Figure("ecs", "RegisterTaskDefinition", 20, 1, False),
    Figure("ecs", "write", 50, 5, False),
    Figure("cloudwatch", "DescribeAlarms", 9, 9, True),
    Figure("cloudwatch", "GetMetricData", 50, 50, True),
    Figure("cloudwatch", "SetAlarmState", 3, 3, True),
    Figure("cloudwatch", "DeleteAlarms", 3, 3, True),
    Figure("cloudwatch", "DescribeAlarmHistory", 3, 3, True),
    Figure("cloudwatch", "DescribeAlarmsForMetric", 3, 3, True),
    Figure("cloudwatch", "PutMetricAlarm", 3, 3, False),
    Figure("cloudwatch", "PutMetricData", 500, 500, False),
    Figure("rds", "read", 50, 20, False, shared=True),
    Figure("rds", "write", 20, 5, False, shared=True),
    Figure("drs", "read", 20, 10, False, shared=True),
    Figure("drs", "write", 10, 5, False, shared=True),
    Figure("sts", "*", 600, 600, False),
    Figure("resourcegroupstaggingapi", "read", 15, 15, False),
    Figure("resource-explorer-2", "read", 10, 5, False),
    Figure("secretsmanager", "read", 1000, 1000, False),
    Figure("kms", "*", 1000, 1000, False),
    Figure("dynamodb", "*", 1000, 1000, False),
    Figure("s3", "*", 3500, 3500, False),
    Figure("sqs", "*", 3000, 3000, False),
    Figure("*", "read", 100, 20, False),
    Figure("*", "write", 50, 5, False),
)


def figure_of(service: str, operation: str) -> Figure:
    """The figure that holds for an operation."""
    kind = "read" if READ.match(operation) else "write"
    for row in FIGURES:
        if fnmatchcase(service, row.service) and (
            row.operation == kind or fnmatchcase(operation, row.operation)
        ):
            return row
    raise AssertionError("the last rows fit everything")
