"""aws:s3/bucket:Bucket: a bucket. Its settings are types of their own. Its id is its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import tag_list, tag_map
from drstate.sandbox.provider.problems import ProviderError, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    listing,
    record,
    text,
)
from drstate.sandbox.provider.services import s3_shared as s3
from drstate.sandbox.provider.wire import Values

_OWN_TYPE = "declare it as a resource of its own: aws.s3.Bucket... (this property is deprecated)"
_NOT_EMULATED = "this plugin does not have it; use the real provider"
_NAME = re.compile(r"^(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
#: where buckets need no location constraint
_FIRST = "us-east-1"


class Bucket(ResourceType):
    """A bucket. Its id is its name."""

    urn_type = "aws:s3/bucket:Bucket"
    title = "S3 Bucket"
    name_property = "bucket"
    name_prefix = "bucketPrefix"
    autoname = True
    timeouts = Timeouts(create=1200.0, update=1200.0, delete=3600.0)
    stable = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId")
    props: ClassVar[Mapping[str, Prop]] = {
        "accelerationStatus": text(refused=_OWN_TYPE),
        "acl": text(refused=_OWN_TYPE),
        "bucket": text(replaces=True, computed=True),
        "bucketNamespace": text(refused=_NOT_EMULATED),
        "bucketPrefix": text(replaces=True, computed=True, local=True),
        "corsRules": listing(record({}), refused=_OWN_TYPE),
        "forceDestroy": flag(local=True, default=False),
        "grants": listing(record({}), refused=_OWN_TYPE),
        "lifecycleRules": listing(record({}), refused=_OWN_TYPE),
        "logging": record({}, refused=_OWN_TYPE),
        "objectLockConfiguration": record({}, refused=_OWN_TYPE),
        "objectLockEnabled": flag(computed=True, replaces=True),
        "policy": text(refused=_OWN_TYPE),
        "region": REGION,
        "replicationConfiguration": record({}, refused=_OWN_TYPE),
        "requestPayer": text(refused=_OWN_TYPE),
        "serverSideEncryptionConfiguration": record({}, refused=_OWN_TYPE),
        "tags": TAGS,
        "versioning": record({}, refused=_OWN_TYPE),
        "website": record({}, refused=_OWN_TYPE),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "bucketDomainName": OUT_TEXT,
        "bucketRegion": OUT_TEXT,
        "bucketRegionalDomainName": OUT_TEXT,
        "hostedZoneId": OUT_TEXT,
        "tagsAll": OUT_TAGS,
        "websiteDomain": OUT_TEXT,
        "websiteEndpoint": OUT_TEXT,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        name = inputs.get("bucket")
        if name and not _NAME.match(name):
            yield (
                "bucket",
                f"{name!r} is not a bucket name: 3 to 63 lower-case letters, digits, dots, dashes",
            )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        name = str(inputs["bucket"])
        request: dict[str, Any] = {"Bucket": name}
        if call.region != _FIRST:
            request["CreateBucketConfiguration"] = {"LocationConstraint": call.region}
        if inputs.get("objectLockEnabled"):
            request["ObjectLockEnabledForBucket"] = True
        call.client("s3").create_bucket(**request)
        if tags:
            with made(name):
                self._tag(call, name, tags)
        return name

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        head = s3.look(call, "head_bucket", ident)
        if head is None:
            return None
        region = head.get("BucketRegion") or call.region
        values: Values = {
            "arn": f"arn:{call.partition}:s3:::{ident}",
            "bucket": ident,
            "bucketDomainName": f"{ident}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{ident}.s3.{region}.amazonaws.com",
        }
        shown = s3.look(call, "get_bucket_tagging", ident)
        return Found(ident, values, tag_map(shown["TagSet"]) if shown else {})

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """Only tags can be changed, and those are not its business."""

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("s3")
        if state.get("forceDestroy"):
            raise ProviderError(
                f"forceDestroy of {ident}: this plugin empties no bucket; empty it first"
            )
        try:
            client.delete_bucket(Bucket=ident)
        except ClientError as error:
            if not s3.gone(error):
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        shown = s3.look(call, "get_bucket_tagging", ident)
        now = tag_map(shown["TagSet"]) if shown else {}
        self._tag(call, ident, {**{k: v for k, v in now.items() if k not in drop}, **put})

    @staticmethod
    def _tag(call: Call, ident: str, tags: Mapping[str, str]) -> None:
        client = call.client("s3")
        if tags:
            client.put_bucket_tagging(Bucket=ident, Tagging={"TagSet": tag_list(tags)})
        else:
            client.delete_bucket_tagging(Bucket=ident)
