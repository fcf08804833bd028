"""aws:s3/bucketReplicationConfig:BucketReplicationConfig: all replication rules of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    REGION,
    Prop,
    integer,
    listing,
    mapping,
    record,
    text,
)
from drstate.sandbox.provider.services import s3_shared as s3
from drstate.sandbox.provider.wire import Values

_NOT_EMULATED = "this plugin does not have it; use the real provider"
_STATUS = text(required=True, choices=("Disabled", "Enabled"))
_ON = {"status": _STATUS}
_MINUTES = record({"minutes": integer(required=True)})
_DESTINATION: dict[str, Prop] = {
    "accessControlTranslation": record({"owner": text(required=True)}),
    "account": text(),
    "bucket": text(required=True),
    "encryptionConfiguration": record(
        {"replicaKmsKeyId": text(required=True, api="ReplicaKmsKeyID")}
    ),
    "metrics": record({"eventThreshold": _MINUTES, "status": _STATUS}),
    "replicationTime": record(
        {"status": _STATUS, "time": record({"minutes": integer(required=True)}, required=True)}
    ),
    "storageClass": text(),
}
_RULE: dict[str, Prop] = {
    "deleteMarkerReplication": record(_ON),
    "destination": record(_DESTINATION, required=True),
    "existingObjectReplication": record(_ON, refused=_NOT_EMULATED),
    "filter": record(
        {
            "and": record({"prefix": text(), "tags": mapping()}, refused=_NOT_EMULATED),
            "prefix": text(),
            "tag": record(
                {"key": text(required=True), "value": text(required=True)}, refused=_NOT_EMULATED
            ),
        }
    ),
    "id": text(computed=True, api="ID"),
    "prefix": text(refused="use filter"),
    "priority": integer(),
    "sourceSelectionCriteria": record(
        {"replicaModifications": record(_ON), "sseKmsEncryptedObjects": record(_ON)}
    ),
    "status": _STATUS,
}


class BucketReplication(ResourceType):
    """All replication rules of a bucket. Its id is the bucket's name."""

    urn_type = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    title = "S3 Bucket Replication Configuration"
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "bucket": text(required=True, replaces=True),
        "region": REGION,
        "role": text(required=True),
        "rules": listing(record(_RULE), required=True),
        "token": text(refused=_NOT_EMULATED, secret=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs["bucket"], inputs)
        return str(inputs["bucket"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = s3.look(call, "get_bucket_replication", ident)
        if shown is None:
            return None
        config: dict[str, Any] = shown["ReplicationConfiguration"]
        return Found(
            ident,
            {
                "bucket": ident,
                "role": config["Role"],
                "rules": [_rule_in(rule) for rule in config["Rules"]],
            },
        )

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._put(call, ident, {**old, **{name: new[name] for name in changed if name in new}})

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        s3.drop(call, "delete_bucket_replication", ident)

    @staticmethod
    def _put(call: Call, bucket: str, values: Values) -> None:
        call.client("s3").put_bucket_replication(
            Bucket=bucket,
            ReplicationConfiguration={
                "Role": values["role"],
                "Rules": [_rule_out(rule) for rule in values["rules"]],
            },
        )


def _rule_out(rule: Values) -> dict[str, Any]:
    made = outward(rule, _RULE, Style.PASCAL)
    # an empty filter means all objects, and is what makes a rule one of the newer kind
    if "filter" in rule:
        made["Filter"] = {"Prefix": (rule.get("filter") or {}).get("prefix") or ""}
    return made


def _rule_in(shown: Mapping[str, Any]) -> Values:
    values = inward(shown, _RULE, Style.PASCAL)
    if "Filter" in shown:
        values["filter"] = {"prefix": shown["Filter"].get("Prefix") or ""}
    return values
