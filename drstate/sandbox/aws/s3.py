"""S3: replication configurations kept whole, replicated objects, and buckets by their region.

moto keeps of a replication rule what it needs to answer, and says that a bucket is in every
region. The rest of S3 is moto's. What a configuration may say is in s3_replication.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from . import s3_replication as replication
from .extend import extend

_put_object = S3Backend.put_object
_put_versioning = S3Backend.put_bucket_versioning
_iter_tagged = S3Backend.iter_tagged_resources
_resources = ResourceGroupsTaggingAPIBackend._get_resources_generator  # noqa: SLF001 - no other way
_ID = string.ascii_letters + string.digits


class _Responses:
    def get_bucket_replication(self: Any) -> Any:
        """The configuration as it was put."""
        self.data["Action"] = "GetBucketReplication"
        found = self.backend.get_bucket_replication(self.bucket_name)
        if not found:
            raise replication.Refusal(
                "ReplicationConfigurationNotFoundError",
                "The replication configuration was not found",
            )
        return self.serialized(ActionResult({"ReplicationConfiguration": found}))

    def _replication_config_from_xml(self: Any, xml: Any) -> dict[str, Any]:
        """The whole configuration."""
        return replication.parsed(xml)


class _Backend:
    def put_bucket_replication(self: Any, bucket_name: str, replication: dict[str, Any]) -> None:
        """Keep it, if S3 would."""
        _put(self, bucket_name, replication)

    def put_bucket_versioning(self: Any, bucket_name: str, status: str) -> None:
        """A bucket that replicates stays versioned."""
        bucket = self.get_bucket(bucket_name)
        if status != "Enabled" and replication.rules_of(bucket):
            raise replication.Refusal(
                "InvalidBucketState",
                "A replication configuration is present on this bucket, so the versioning state "
                "cannot be changed.",
            )
        _put_versioning(self, bucket_name, status)

    def put_object(self: Any, bucket_name: str, key_name: str, value: bytes, **more: Any) -> Any:
        """Store it, and replicate it in a while."""
        made = _put_object(self, bucket_name, key_name, value, **more)
        replication.follow(self.get_bucket(bucket_name), key_name, made)
        return made

    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        """Buckets, with the region that they are in."""
        for one in _iter_tagged(self):
            region = self.buckets[one.arn.rsplit(":", 1)[-1]].region_name
            yield TaggedResource(one.arn, one.tags, one.resource_type, {"region": region})


class _Tagging:
    def _get_resources_generator(self: Any, **filters: Any) -> Iterator[TaggedResource]:
        """What is in this region: a bucket's ARN does not say where it is."""
        for one in _resources(self, **filters):
            if one.extra.get("region") in (None, self.region_name):
                yield one


def _put(backend: Any, bucket_name: str, wanted: dict[str, Any]) -> None:
    bucket = backend.get_bucket(bucket_name)
    replication.check(bucket, wanted)
    for rule in wanted["Rules"]:
        rule.setdefault("ID", "".join(mock_random.choice(_ID) for _ in range(20)))
    bucket.replication = wanted


def install() -> None:
    """Correct moto's S3."""
    replication.put_object = _put_object
    extend(
        S3Response,
        _Responses,
        replaces=frozenset({"get_bucket_replication", "_replication_config_from_xml"}),
    )
    extend(
        S3Backend,
        _Backend,
        replaces=frozenset(
            {
                "put_bucket_replication",
                "put_bucket_versioning",
                "put_object",
                "iter_tagged_resources",
            }
        ),
    )
    extend(
        ResourceGroupsTaggingAPIBackend,
        _Tagging,
        replaces=frozenset({"_get_resources_generator"}),
    )
