"""The bucket in the terms of the site, and the rule that replicates back to the source."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.scope import SiteMapTable
from drstate.programs.s3.rules import Rule, bucket_in, key_in, role_in
from drstate.programs.s3.spec import S3Policy, S3Spec
from drstate.programs.translator import Translator


@dataclass(frozen=True)
class S3Values:
    """The bucket at the site. ``back`` replicates to the source bucket."""

    bucket: str
    kms_key: str | None
    role: str
    back: Rule


def s3_values(spec: S3Spec, translator: Translator) -> S3Values:
    """Translate; what is missing is collected in ``translator.problems``."""
    policy = translator.policy("s3", S3Policy)
    account = translator.shard.account.id
    bucket = bucket_in(spec, translator.region, translator.translation)
    if bucket is None:
        bucket = translator.required(SiteMapTable.BUCKETS, spec.bucket, "bucket")
    key = (
        translator.arn(SiteMapTable.KMS_KEYS, spec.kms_key, "KMS key of the bucket")
        if spec.uses_kms and spec.kms_key
        else None
    )
    role = role_in(spec, policy, translator.region, translator.translation)
    if role is None:
        _missing(
            translator,
            "policies.s3.replication_role",
            f"nobody says which role replicates bucket {spec.bucket}",
            "Add the ARN of a role that S3 may assume and that may replicate both buckets",
        )
    left = sorted(set(spec.not_carried) - set(policy.left_to_owner))
    if left:
        _missing(
            translator,
            "policies.s3.left_to_owner",
            f"bucket {spec.bucket} has settings that are not carried over: {', '.join(left)}",
            f"Make them at {bucket}, then add {', '.join(left)}",
        )
    return S3Values(
        bucket=bucket,
        kms_key=key,
        role=role or "",
        back=Rule(
            destination=spec.bucket,
            region=spec.region,
            kms_key=key_in(spec, spec.region, account, translator.translation),
            time_control=policy.time_control,
            delete_markers=policy.delete_markers,
        ),
    )


def _missing(translator: Translator, field: str, what: str, hint: str) -> None:
    translator.problems.append(
        translator.problem(
            field, f"{what} ({field})", f"{hint} to {field} in {translator.scope_file}."
        )
    )
