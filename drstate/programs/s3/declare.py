"""Declares the recovery bucket, its settings, replication back to the source, and the access point.

Replication goes both ways in every site state, so which site serves is no property of a bucket: it
is where the access point routes, and that is an action.
"""

from __future__ import annotations

import re
from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws, pulumi
from drstate.programs.s3.owners import (
    BUCKET,
    ENCRYPTION,
    OWNERS,
    POINT,
    PUBLIC_ACCESS,
    REPLICATION,
    VERSIONING,
)
from drstate.programs.s3.rules import _ENABLED
from drstate.programs.s3.spec import ACCESS_POINT, HOST, S3Policy, S3Spec
from drstate.programs.s3.values import S3Values, s3_values


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.s3.Bucket,
        aws.s3.BucketVersioning,
        aws.s3.BucketVersioningVersioningConfigurationArgs,
        aws.s3.BucketServerSideEncryptionConfiguration,
        aws.s3.BucketServerSideEncryptionConfigurationRuleArgs,
        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs,
        aws.s3.BucketPublicAccessBlock,
        aws.s3.BucketReplicationConfig,
        aws.s3.BucketReplicationConfigRuleArgs,
        aws.s3control.MultiRegionAccessPoint,
        aws.s3control.MultiRegionAccessPointDetailsArgs,
        aws.s3control.MultiRegionAccessPointDetailsRegionArgs,
        aws.s3control.MultiRegionAccessPointDetailsPublicAccessBlockArgs,
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The bucket, its settings, its rule, and the access point, at the shard's site."""
    spec = S3Spec.model_validate(entry.spec)
    policy = declaration.policy(entry, S3Policy)
    translator = declaration.translator(entry, spec.region)
    values = s3_values(spec, translator)
    translator.settle()
    bucket = aws.s3.Bucket(
        name_of(entry),
        bucket=values.bucket,
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, BUCKET, protect=True),
    )
    versioning = _settings(entry, spec, values, bucket, declaration)
    aws.s3.BucketReplicationConfig(
        name_of(entry, "replication"),
        bucket=bucket.id,
        role=values.role,
        rules=[_snake(values.back.as_api(1))],
        opts=declaration.options(OWNERS, REPLICATION, depends_on=[versioning]),
    )
    endpoints = {HOST: bucket.bucket_regional_domain_name}
    resources = {"bucket": bucket.arn}
    if policy.access_point and spec.access_point is None:
        point = _access_point(entry, spec, bucket, declaration)
        endpoints[ACCESS_POINT] = point.domain_name
        resources["access_point"] = point.arn
    return DeclaredOutputs(endpoints=endpoints, resources=resources)


def _settings(
    entry: CatalogEntry,
    spec: S3Spec,
    values: S3Values,
    bucket: aws.s3.Bucket,
    declaration: Declaration,
) -> pulumi.Resource:
    """Public access, encryption and versioning; returns the last."""
    aws.s3.BucketPublicAccessBlock(
        name_of(entry, "public-access"),
        bucket=bucket.id,
        block_public_acls=spec.block_public_acls,
        block_public_policy=spec.block_public_policy,
        ignore_public_acls=spec.ignore_public_acls,
        restrict_public_buckets=spec.restrict_public_buckets,
        opts=declaration.options(OWNERS, PUBLIC_ACCESS),
    )
    default = (
        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm=spec.encryption, kms_master_key_id=values.kms_key
        )
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name_of(entry, "encryption"),
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default,
                bucket_key_enabled=spec.bucket_key,
            )
        ],
        opts=declaration.options(OWNERS, ENCRYPTION),
    )
    versioning: pulumi.Resource = aws.s3.BucketVersioning(
        name_of(entry, "versioning"),
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
            status=_ENABLED
        ),
        opts=declaration.options(OWNERS, VERSIONING, protect=True),
    )
    return versioning


def _snake(value: Any) -> Any:
    """The API's members as pulumi_aws spells them."""
    if isinstance(value, dict):
        return {
            re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): _snake(item)
            for name, item in value.items()
        }
    return value


def _access_point(
    entry: CatalogEntry, spec: S3Spec, bucket: aws.s3.Bucket, declaration: Declaration
) -> aws.s3control.MultiRegionAccessPoint:
    """Over both buckets. In this stack, because it cannot be made before the bucket exists."""
    region = aws.s3control.MultiRegionAccessPointDetailsRegionArgs
    return aws.s3control.MultiRegionAccessPoint(
        name_of(entry, "access-point"),
        account_id=declaration.shard.account.id,
        details=aws.s3control.MultiRegionAccessPointDetailsArgs(
            name=spec.own_access_point,
            public_access_block=aws.s3control.MultiRegionAccessPointDetailsPublicAccessBlockArgs(
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
            regions=[region(bucket=spec.bucket), region(bucket=bucket.id)],
        ),
        opts=declaration.options(OWNERS, POINT, protect=True),
    )
