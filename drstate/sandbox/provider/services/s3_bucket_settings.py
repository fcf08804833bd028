"""A bucket's versioning, default encryption and public access block. Ids are the bucket's name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import REGION, Prop, flag, listing, record, text, unordered
from drstate.sandbox.provider.services import s3_shared as s3
from drstate.sandbox.provider.wire import Values

_NOT_EMULATED = "this plugin does not have it; use the real provider"
_BUCKET = text(required=True, replaces=True, api="Bucket")


class _Setting(ResourceType):
    """A setting of a bucket that is put as a whole."""

    stable = ()
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self.put(call, inputs)
        return str(inputs["bucket"])

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        kept = {name: old[name] for name in self.props if name not in changed and name in old}
        self.put(call, {**kept, **{name: new.get(name) for name in changed}, "bucket": ident})

    @abstractmethod
    def put(self, call: Call, values: Values) -> None:
        """Set it."""


class BucketVersioning(_Setting):
    """Whether a bucket keeps versions."""

    urn_type = "aws:s3/bucketVersioning:BucketVersioning"
    title = "S3 Bucket Versioning"
    props: ClassVar[Mapping[str, Prop]] = {
        "bucket": _BUCKET,
        "expectedBucketOwner": text(refused=_NOT_EMULATED),
        "mfa": text(refused=_NOT_EMULATED),
        "region": REGION,
        "versioningConfiguration": record(
            {
                "mfaDelete": text(computed=True),
                "status": text(required=True, choices=("Disabled", "Enabled", "Suspended")),
            },
            required=True,
        ),
    }

    @override
    def put(self, call: Call, values: Values) -> None:
        status = values["versioningConfiguration"]["status"]
        if status != "Disabled":
            call.client("s3").put_bucket_versioning(
                Bucket=values["bucket"], VersioningConfiguration={"Status": status}
            )

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = s3.look(call, "get_bucket_versioning", ident)
        if shown is None:
            return None
        status = shown.get("Status", "Disabled")
        return Found(ident, {"bucket": ident, "versioningConfiguration": {"status": status}})

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if s3.look(call, "get_bucket_versioning", ident):
            call.client("s3").put_bucket_versioning(
                Bucket=ident, VersioningConfiguration={"Status": "Suspended"}
            )


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


class BucketPublicAccessBlock(_Setting):
    """What keeps the public out."""

    urn_type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    title = "S3 Bucket Public Access Block"
    props: ClassVar[Mapping[str, Prop]] = {
        **{name: flag(default=False) for name in _BLOCKS},
        "bucket": _BUCKET,
        "region": REGION,
        "skipDestroy": flag(local=True),
    }

    @override
    def put(self, call: Call, values: Values) -> None:
        wanted = outward(values, self.props, Style.PASCAL, _BLOCKS)
        call.client("s3").put_public_access_block(
            Bucket=values["bucket"], PublicAccessBlockConfiguration=wanted
        )

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = s3.look(call, "get_public_access_block", ident)
        if shown is None:
            return None
        values = inward(shown["PublicAccessBlockConfiguration"], self.props, Style.PASCAL)
        return Found(ident, {**values, "bucket": ident})

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if not state.get("skipDestroy"):
            s3.drop(call, "delete_public_access_block", ident)


_BY_DEFAULT: dict[str, Prop] = {
    "kmsMasterKeyId": text(api="KMSMasterKeyID"),
    "sseAlgorithm": text(required=True, api="SSEAlgorithm"),
}
_RULE: dict[str, Prop] = {
    "applyServerSideEncryptionByDefault": record(
        _BY_DEFAULT, api="ApplyServerSideEncryptionByDefault"
    ),
    "blockedEncryptionTypes": listing(refused=_NOT_EMULATED),
    "bucketKeyEnabled": flag(),
}


class BucketEncryption(_Setting):
    """How new objects are encrypted."""

    urn_type = (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    title = "S3 Bucket Server-side Encryption Configuration"
    props: ClassVar[Mapping[str, Prop]] = {
        "bucket": _BUCKET,
        "expectedBucketOwner": text(refused=_NOT_EMULATED),
        "region": REGION,
        "rules": unordered(record(_RULE), required=True),
    }

    @override
    def put(self, call: Call, values: Values) -> None:
        rules = [outward(rule, _RULE, Style.PASCAL) for rule in values["rules"]]
        call.client("s3").put_bucket_encryption(
            Bucket=values["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
        )

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = s3.look(call, "get_bucket_encryption", ident)
        if shown is None:
            return None
        rules: list[dict[str, Any]] = shown["ServerSideEncryptionConfiguration"]["Rules"]
        return Found(
            ident,
            {"bucket": ident, "rules": [inward(rule, _RULE, Style.PASCAL) for rule in rules]},
        )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        s3.drop(call, "delete_bucket_encryption", ident)
