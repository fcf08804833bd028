"""A versioned bucket with a key of its own, and the role that S3 replicates with."""

from __future__ import annotations

import json
from typing import Any

from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def build(ids: SeededIds, land: Land) -> Piece:
    """The bucket in the east with a few documents; in the west there is only the key."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 - only a start needs them
    from moto.s3.models import s3_backends  # noqa: PLC0415

    from drstate.sandbox.aws import correct  # noqa: PLC0415

    correct("s3")
    account, name = land.data, f"{land.scope.prefix}-documents"
    ids.named(account, "role", name)
    role = iam_backends[account][PARTITION].create_role(
        f"{land.scope.prefix}-replication", json.dumps(_TRUST), "/", None, "", [], None
    )
    key = land.kms(account, land.primary)
    land.kms(account, land.recovery)
    backend: Any = s3_backends[account][PARTITION]
    ids.named(account, land.primary, "bucket", name)
    bucket = backend.create_bucket(name, land.primary)
    backend.put_bucket_versioning(name, "Enabled")
    backend.put_bucket_encryption(name, _encryption(key))
    backend.put_public_access_block(
        name,
        dict.fromkeys(
            (
                "BlockPublicAcls",
                "IgnorePublicAcls",
                "BlockPublicPolicy",
                "RestrictPublicBuckets",
            ),
            "true",
        ),
    )
    backend.put_bucket_tagging(name, land.tags(1, "medium"))
    for number in range(3):
        backend.put_object(name, f"contracts/{number}.txt", f"contract {number}".encode())
    return Piece(
        facts={
            "account": account,
            "bucket": name,
            "arn": bucket.arn,
            "replication_role": role.arn,
        },
        site_map={"buckets": {name: f"{name}-{land.recovery}"}},
        scope={"policies": {"s3": {"replication_role": role.arn, "access_point": True}}},
    )


def _encryption(key: str) -> dict[str, Any]:
    """As moto reads it from a request."""
    return {
        "Rule": {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": key,
            },
            "BucketKeyEnabled": "true",
        }
    }
