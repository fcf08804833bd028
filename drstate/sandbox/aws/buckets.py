"""In which region an S3 bucket lives. Asks moto only where its S3 is in use already."""

from __future__ import annotations

import sys

from drstate.sandbox.access import PARTITION


def region_of_bucket(name: str) -> str:
    """The region, or "" where there is no such bucket."""
    models = sys.modules.get("moto.s3.models")
    if models is None or not name:
        return ""
    for partitions in list(models.s3_backends.values()):
        bucket = partitions[PARTITION].buckets.get(name)
        if bucket is not None:
            return str(bucket.region_name)
    return ""
