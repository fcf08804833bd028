"""What the resources of ``rich_hosts`` and ``rich_files`` are called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

#: technology, name, ARN, what its spec says
Row = tuple[str, str, str, dict[str, Any]]

EAST, WEST = "us-east-1", "us-west-2"
DATA, APP, DNS = "255555555501", "255555555502", "255555555503"
PATH = "aviato/production.yaml"
WHEN = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
#: two networks of the application account, far from each other
SUBNETS = ("subnet-0b0b0b0b0b0b0b001", "subnet-0b0b0b0b0b0b0b002")
FAR = "subnet-0b0b0b0b0b0b0b009"
FILES = ("subnet-0b0b0b0b0b0b0b011", "subnet-0b0b0b0b0b0b0b012")
GROUP, FAR_GROUP, FILE_GROUP = (f"sg-0b0b0b0b0b0b0b0{number}" for number in ("01", "09", "11"))
TAGS = {
    "Customer": "aviato",
    "Environment": "production",
    "dr:enabled": "true",
    "dr:wave": "1",
    "Name": "of aviato",
}
KEYS = {account: f"arn:aws:kms:{EAST}:{account}:key/{account}-bbbb" for account in (DATA, APP)}
TARGETS = f"arn:aws:elasticloadbalancing:{EAST}:{APP}:targetgroup/aviato-web/0123456789abcdef"
JOIN = f"arn:aws:secretsmanager:{EAST}:{DATA}:secret:aviato/join-AbCdEf"
ADMIN = {
    region: f"arn:aws:secretsmanager:{region}:{DATA}:secret:aviato/ontap-AbCdEf"
    for region in (EAST, WEST)
}
FILE_SYSTEM = "fs-0b0b0b0b0b0b0b001"
ACCESS_POINT = "fsap-0b0b0b0b0b0b0b001"
IMAGES = ("ami-0b0b0b0b0b0b0b001", "ami-0b0b0b0b0b0b0b002")
FSX, RESTORED = "fs-0b0b0b0b0b0b0b1", 4
SNAPSHOT = "snap-0b0b0b0b0b0b0b001"
SQL_HOST, ORACLE_HOST = "i-0b0b0b0b0b0b0b021", "i-0b0b0b0b0b0b0b031"
ROLE = f"arn:aws:iam::{DATA}:role/storage/aviato-replication"
