"""S3 buckets: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.base import Program, Step
from drstate.programs.running import free
from drstate.programs.s3.declare import classes, declare_site
from drstate.programs.s3.owners import (
    BUCKET,
    ENCRYPTION,
    OWNERS,
    POINT,
    PUBLIC_ACCESS,
    REPLICATION,
    VERSIONING,
)
from drstate.programs.s3.spec import S3Policy, S3Spec
from drstate.programs.s3.values import s3_values

PROGRAM = Program(
    technology="s3",
    spec=S3Spec,
    step=Step.DATA,
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
