"""What other packages' technologies protect: the demo has nothing of theirs, so it is made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from drstate.sandbox import process

EXTERNAL_ID = "initech-dr-51d0"
ROLE = "arn:aws:iam::233333333302:role/drstate-target"


def log_group(home: Path) -> None:
    """A protected log group in initech's application account."""
    status = process.status(home)
    assert status is not None
    keys = status.credentials
    place: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": status.endpoint}
    operator: Any = boto3.Session(keys.access_key_id, keys.secret_access_key)
    given = operator.client("sts", **place).assume_role(
        RoleArn=ROLE, RoleSessionName="setup", ExternalId=EXTERNAL_ID
    )["Credentials"]
    target: Any = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )
    logs = target.client("logs", **place)
    logs.create_log_group(
        logGroupName="/initech/audit",
        tags={
            "Customer": "initech",
            "Environment": "production",
            "dr:enabled": "true",
            "dr:wave": "2",
        },
    )
    logs.put_retention_policy(logGroupName="/initech/audit", retentionInDays=90)


#: technology -> makes what is protected
GUESTS: Mapping[str, Callable[[Path], None]] = {"log-group": log_group}
