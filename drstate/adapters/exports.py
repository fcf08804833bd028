"""Exported snapshots in S3: how data without cross-region replication reaches the other region.

ElastiCache and MemoryDB write a snapshot as objects into a bucket of their own region, and make
clusters from objects of a bucket in theirs. Between the two this module copies. An export counts
only once every object of it is there. It deletes nothing: how long exports are kept is the business
of the bucket's life-cycle rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drstate.adapters.at import At, calls
from drstate.model.grant import Grant
from drstate.model.plan import Call, Plane

#: S3 copies an object of at most this many bytes in one call
SINGLE_COPY = 5 * 1024**3
#: bytes of one part of a larger one: 10,000 of them are the most that an object may have
PART = 512 * 1024**2
STAMP = "%Y%m%d%H%M%S"
#: of every grant for carried snapshots
UNCALLED = "only what AWS does not replicate by itself is carried as snapshots"
GRANTS = (
    Grant("find exported snapshots", ("s3:ListBucket",), ("arn:aws:s3:::*",), uncalled=UNCALLED),
    Grant(
        "carry exported snapshots from bucket to bucket",
        ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
        # exported under a name that begins so, carried into a folder that does
        ("arn:aws:s3:::*/drstate*",),
        uncalled=UNCALLED,
    ),
    Grant(
        "have AWS export to a bucket, which it asks for in the caller's name",
        ("s3:DeleteObject", "s3:GetBucketAcl"),
        ("arn:aws:s3:::*", "arn:aws:s3:::*/drstate*"),
        uncalled=UNCALLED,
    ),
    Grant(
        "have AWS believe that the caller may export: it asks for all buckets",
        ("s3:GetBucketLocation", "s3:ListAllMyBuckets"),
        uncalled=UNCALLED,
    ),
)
_KEY = re.compile(r"(?P<stamp>\d{14})/(?P<number>\d+)-of-(?P<total>\d+)\.rdb")


@dataclass(frozen=True)
class Export:
    """A whole exported snapshot in a bucket of the region that is to restore it."""

    bucket: str
    #: the moment of the data, as digits: part of the names of what is restored from it
    stamp: str
    #: of its objects, in the order of their shards
    keys: tuple[str, ...]

    @property
    def taken_at(self) -> datetime:
        """When the snapshot was begun: later writes are not in it."""
        return datetime.strptime(self.stamp, STAMP).replace(tzinfo=UTC)

    @property
    def arns(self) -> list[str]:
        """ARNs of the objects."""
        return [f"arn:aws:s3:::{self.bucket}/{key}" for key in self.keys]

    def age_seconds(self, now: datetime) -> float:
        """Seconds since the moment of the data."""
        return max(0.0, (now - self.taken_at).total_seconds())


def folder(technology: str, account: str, identifier: str) -> str:
    """Where exports of a resource are kept in the receiving bucket, which others may share."""
    return f"drstate/{technology}/{account}/{identifier}/"


def newest(at: At, bucket: str, prefix: str) -> Export | None:
    """The newest export under ``prefix`` that is whole, or None."""
    found: dict[str, dict[int, str]] = {}
    totals: dict[str, int] = {}
    for item in at.pages("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix):
        key = str(item["Key"])
        part = _KEY.fullmatch(key.removeprefix(prefix))
        if part is not None:
            found.setdefault(part["stamp"], {})[int(part["number"])] = key
            totals[part["stamp"]] = int(part["total"])
    whole = [stamp for stamp, parts in found.items() if len(parts) == totals[stamp]]
    if not whole:
        return None
    stamp = max(whole)
    parts = found[stamp]
    return Export(bucket, stamp, tuple(parts[number] for number in sorted(parts)))


def written(at: At, bucket: str, prefix: str) -> list[tuple[str, int]]:
    """Keys and sizes of what a service has exported under a name, in the order of the shards."""
    items = at.pages("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=f"{prefix}-")
    return sorted((str(item["Key"]), int(item["Size"])) for item in items)


def carry(
    here: At, source: str, objects: Iterable[tuple[str, int]], bucket: str, prefix: str, stamp: str
) -> None:
    """Copy objects of ``source`` to ``bucket``; called in the receiving region.

    A copy that was cut off is begun again: until all objects are there the export does not count.
    """
    wanted = list(objects)
    for number, (key, size) in enumerate(wanted, start=1):
        target = f"{prefix}{stamp}/{number}-of-{len(wanted)}.rdb"
        if size <= SINGLE_COPY:
            here.call("s3", "copy_object", Bucket=bucket, Key=target,
                      CopySource={"Bucket": source, "Key": key})  # fmt: skip
        else:
            _in_parts(here, source, key, size, bucket, target)


def _in_parts(here: At, source: str, key: str, size: int, bucket: str, target: str) -> None:
    upload = here.call("s3", "create_multipart_upload", Bucket=bucket, Key=target)["UploadId"]
    same: dict[str, Any] = {"Bucket": bucket, "Key": target, "UploadId": upload}
    try:
        parts = []
        for number, begin in enumerate(range(0, size, PART), start=1):
            end = min(begin + PART, size) - 1
            copied = here.call("s3", "upload_part_copy", **same, PartNumber=number,
                               CopySource={"Bucket": source, "Key": key},
                               CopySourceRange=f"bytes={begin}-{end}")  # fmt: skip
            parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
        here.call("s3", "complete_multipart_upload", **same, MultipartUpload={"Parts": parts})
    except BaseException:
        # parts that nobody completes are stored, and paid for, without being seen
        here.call("s3", "abort_multipart_upload", **same)
        raise


def export_calls(source: str, target: str) -> list[Call]:
    """What carrying over calls, for plans."""
    return [
        *calls("s3", source, "ListObjectsV2", plane=Plane.DATA),
        *calls(
            "s3",
            target,
            "ListObjectsV2",
            "CopyObject",
            "CreateMultipartUpload",
            "UploadPartCopy",
            "CompleteMultipartUpload",
            "AbortMultipartUpload",
            plane=Plane.DATA,
        ),
    ]
