"""Who owns which property of the declared bucket, its settings and the access point."""

from __future__ import annotations

from drstate.programs.owners import Owners, program

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
