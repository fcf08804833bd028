"""S3 buckets declared: the recovery bucket, its settings, and replication back to the source.

Where the owner wants one, a multi-region access point over both buckets is declared, too.

Replication goes both ways in every site state, so which site serves is no property of a bucket: it
is where the access point routes, and that is an action. The rule that replicates *from* the source
bucket belongs to a bucket of somebody else's, so an action sets it; program and adapter take rules,
names and keys from here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.problem import Problem
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.model.translation import Translation
from drstate.programs.base import Program
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws, pulumi
from drstate.programs.owners import Owners, program
from drstate.programs.running import free
from drstate.programs.translator import Translator

#: names of endpoints: the bucket's own host, and the access point's
HOST, ACCESS_POINT = "host", "access_point"
#: replication rules that begin so are ours
RULE_PREFIX = "drstate-to-"
#: S3's promise with replication time control
_MINUTES = 15
_ENABLED, _DISABLED = "Enabled", "Disabled"


def access_point_name(bucket: str) -> str:
    """Name of the access point that is declared over a bucket and its counterpart."""
    return bucket.replace(".", "-")[:50].strip("-")


class AccessPoint(Value):
    """A multi-region access point that somebody else owns and that has this bucket."""

    name: str
    alias: str
    #: region -> bucket
    buckets: dict[str, str]


class S3Spec(Spec):
    """A bucket as captured at its source."""

    bucket: str
    arn: str
    #: AES256, aws:kms or aws:kms:dsse; the key only where one is named
    encryption: str = "AES256"
    kms_key: str | None = None
    bucket_key: bool = False
    block_public_acls: bool = True
    block_public_policy: bool = True
    ignore_public_acls: bool = True
    restrict_public_buckets: bool = True
    #: role of a replication configuration that was there before ours
    replication_role: str | None = None
    #: settings that are not carried over, in alphabetical order
    not_carried: tuple[str, ...] = ()
    #: one that spans both sites already
    access_point: AccessPoint | None = None

    @property
    def own_access_point(self) -> str:
        """Name of the access point that is declared where nobody else has one."""
        return access_point_name(self.bucket)

    @property
    def uses_kms(self) -> bool:
        """Whether replicas need a key of the other region."""
        return self.encryption.startswith("aws:kms")


class S3Policy(Value):
    """Choices for the buckets of a scope."""

    #: the role that S3 replicates with; one for the way back may stand in the site map's roles
    replication_role: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$"
    )
    #: 99.99 % of new objects within 15 minutes, and metrics that measure it
    time_control: bool = True
    #: deletions are replicated, too
    delete_markers: bool = True
    #: declare a multi-region access point over both buckets
    access_point: bool = False
    #: settings that the buckets' owner makes at the recovery bucket (lifecycle, policy, ...)
    left_to_owner: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One replication rule of ours: everything of a bucket goes to ``destination``."""

    destination: str
    region: str
    kms_key: str | None
    time_control: bool
    delete_markers: bool

    @property
    def id(self) -> str:
        """The rule's id: one per destination region."""
        return f"{RULE_PREFIX}{self.region}"

    def as_api(self, priority: int) -> dict[str, Any]:
        """As PutBucketReplication takes it."""
        destination: dict[str, Any] = {
            "Bucket": f"arn:aws:s3:::{self.destination}",
            "Metrics": {"Status": _ENABLED},
        }
        if self.time_control:
            within = {"Minutes": _MINUTES}
            destination["ReplicationTime"] = {"Status": _ENABLED, "Time": within}
            destination["Metrics"]["EventThreshold"] = within
        # replicas of replicas' metadata are what makes two ways out of one
        criteria: dict[str, Any] = {"ReplicaModifications": {"Status": _ENABLED}}
        if self.kms_key:
            destination["EncryptionConfiguration"] = {"ReplicaKmsKeyID": self.kms_key}
            criteria["SseKmsEncryptedObjects"] = {"Status": _ENABLED}
        return {
            "ID": self.id,
            "Priority": priority,
            "Filter": {"Prefix": ""},
            "Status": _ENABLED,
            "SourceSelectionCriteria": criteria,
            "DeleteMarkerReplication": {"Status": _ENABLED if self.delete_markers else _DISABLED},
            "Destination": destination,
        }


def bucket_in(spec: S3Spec, region: str, translation: Translation) -> str | None:
    """The bucket's counterpart in a region, or None where the site map does not say."""
    if region == spec.region:
        return spec.bucket
    if spec.access_point is not None and region in spec.access_point.buckets:
        return spec.access_point.buckets[region]
    return translation.find(SiteMapTable.BUCKETS, spec.bucket)


def key_in(spec: S3Spec, region: str, account: str, translation: Translation) -> str | None:
    """The key that replicas are encrypted with in a region; None where they need none, or unmapped.

    AWS's own key has the same alias in every region.
    """
    if not spec.uses_kms:
        return None
    if spec.kms_key is None:
        return f"arn:aws:kms:{region}:{account}:alias/aws/s3"
    if region == spec.region:
        return spec.kms_key
    return translation.find(SiteMapTable.KMS_KEYS, spec.kms_key)


def role_in(spec: S3Spec, policy: S3Policy, region: str, translation: Translation) -> str | None:
    """The role that replicates out of the bucket in a region."""
    role = spec.replication_role or policy.replication_role
    if role is None or region == spec.region:
        return role
    return translation.find(SiteMapTable.ROLES, role) or policy.replication_role or role


BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
POINT = "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint"
OWNERS: Owners = {
    BUCKET: program("bucket", "tags"),
    VERSIONING: program("bucket", "versioningConfiguration"),
    ENCRYPTION: program("bucket", "rules"),
    PUBLIC_ACCESS: program(
        "blockPublicAcls",
        "blockPublicPolicy",
        "bucket",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ),
    REPLICATION: program("bucket", "role", "rules"),
    POINT: program("accountId", "details"),
}


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
    scope = translator.shard.id.scope
    file = f"stacks/{scope.customer}/{scope.environment}.yaml"
    translator.problems.append(
        Problem(
            resource=translator.resource,
            file=file,
            field=field,
            what=f"{what} ({field})",
            hint=f"{hint} to {field} in {file}.",
        )
    )


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


PROGRAM = Program(
    technology="s3",
    spec=S3Spec,
    policy=S3Policy,
    owners={"": OWNERS},
    values=s3_values,
    site=declare_site,
    classes=classes,
    stateful={
        BUCKET: "a bucket and its objects",
        VERSIONING: "the older versions of a bucket's objects",
        POINT: "the name under which clients reach the buckets",
    },
    identities={
        BUCKET: "{bucket}",
        VERSIONING: "{bucket}",
        ENCRYPTION: "{bucket}",
        PUBLIC_ACCESS: "{bucket}",
        REPLICATION: "{bucket}",
        POINT: "{accountId}:{details[name]}",
    },
    runs=free("objects stay and are paid as before; what is stored is not captured"),
)
