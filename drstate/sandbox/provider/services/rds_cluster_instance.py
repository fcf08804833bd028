"""aws:rds/clusterInstance:ClusterInstance: one instance of an Aurora cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import ProviderError, code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_FLAG,
    OUT_INTEGER,
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    text,
    unordered,
)
from drstate.sandbox.provider.services import rds_shared as rds
from drstate.sandbox.provider.wire import Values

#: Statuses in which an instance does not become available by itself.
_FAILED = frozenset(
    {
        "failed",
        "inaccessible-encryption-credentials",
        "incompatible-credentials",
        "incompatible-network",
        "incompatible-option-group",
        "incompatible-parameters",
        "incompatible-restore",
        "restore-error",
        "storage-full",
    }
)
_SHOWN_AS = {"performanceInsightsEnabled": "PerformanceInsightsEnabled"}
_MODIFIABLE = frozenset(
    {
        "autoMinorVersionUpgrade",
        "caCertIdentifier",
        "copyTagsToSnapshot",
        "dbParameterGroupName",
        "instanceClass",
        "monitoringInterval",
        "monitoringRoleArn",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "preferredBackupWindow",
        "preferredMaintenanceWindow",
        "promotionTier",
        "publiclyAccessible",
    }
)


def _always(_old: Any, _new: Any) -> bool:
    """An instance has its cluster's version; asking for another here does nothing (documented)."""
    return True


class RdsClusterInstance(ResourceType):
    """One instance of an Aurora cluster."""

    urn_type = "aws:rds/clusterInstance:ClusterInstance"
    title = "RDS Cluster Instance"
    name_property = "identifier"
    name_prefix = "identifierPrefix"
    autoname = True
    timeouts = Timeouts(create=5400.0, update=5400.0, delete=5400.0)
    stable = ("arn", "dbiResourceId", "endpoint")
    props: ClassVar[Mapping[str, Prop]] = {
        "applyImmediately": flag(local=True, computed=True),
        "autoMinorVersionUpgrade": flag(default=True),
        "availabilityZone": text(replaces=True, computed=True),
        "caCertIdentifier": text(computed=True, api="CACertificateIdentifier"),
        "clusterIdentifier": text(required=True, replaces=True, api="DBClusterIdentifier"),
        "copyTagsToSnapshot": flag(default=False),
        "customIamInstanceProfile": text(replaces=True),
        "dbParameterGroupName": text(computed=True, api="DBParameterGroupName"),
        "dbSubnetGroupName": text(
            replaces=True, computed=True, api="DBSubnetGroupName", same=rds.same_name
        ),
        "engine": text(required=True, replaces=True, choices=rds.INSTANCE_ENGINES),
        "engineVersion": text(computed=True, same=_always),
        "forceDestroy": flag(local=True),
        "identifier": text(replaces=True, computed=True, api="DBInstanceIdentifier"),
        "identifierPrefix": text(replaces=True, computed=True, local=True),
        "instanceClass": text(required=True, api="DBInstanceClass"),
        "monitoringInterval": integer(default=0),
        "monitoringRoleArn": text(computed=True),
        "performanceInsightsEnabled": flag(computed=True, api="EnablePerformanceInsights"),
        "performanceInsightsKmsKeyId": text(computed=True, api="PerformanceInsightsKMSKeyId"),
        "performanceInsightsRetentionPeriod": integer(computed=True),
        "preferredBackupWindow": text(computed=True, same=rds.same_window),
        "preferredMaintenanceWindow": text(computed=True, same=rds.same_window),
        "promotionTier": integer(default=0, low=0, high=15),
        "publiclyAccessible": flag(computed=True),
        "region": REGION,
        "tags": TAGS,
        "warningEventCategories": unordered(refused="the sandbox raises no RDS events"),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "dbiResourceId": OUT_TEXT,
        "endpoint": OUT_TEXT,
        "engineVersionActual": OUT_TEXT,
        "kmsKeyId": OUT_TEXT,
        "networkType": OUT_TEXT,
        "port": OUT_INTEGER,
        "storageEncrypted": OUT_FLAG,
        "tagsAll": OUT_TAGS,
        "writer": OUT_FLAG,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        ident = inputs.get("identifier")
        if ident and not rds.IDENTIFIER.match(ident):
            yield (
                "identifier",
                f"{ident!r} is not an instance identifier: {rds.IDENTIFIER_RULE}",
            )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        ident = str(inputs["identifier"])
        request = outward(inputs, self.props, Style.PASCAL)
        if tags:
            request["Tags"] = tag_list(tags)
        call.client("rds").create_db_instance(**request)
        with made(ident):
            self._available(call, ident)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        owner = shown.get("DBClusterIdentifier")
        if not owner:
            raise ProviderError(f"DB instance {ident} is not part of a cluster")
        values = inward(shown, self.props, Style.PASCAL, _SHOWN_AS)
        group = shown.get("DBSubnetGroup") or {}
        values["dbSubnetGroupName"] = group.get("DBSubnetGroupName")
        groups = shown.get("DBParameterGroups") or [{}]
        values["dbParameterGroupName"] = groups[0].get("DBParameterGroupName")
        address = shown.get("Endpoint") or {}
        cluster = rds.cluster(call, owner) or {}
        values["arn"] = shown["DBInstanceArn"]
        values["dbiResourceId"] = shown["DbiResourceId"]
        values["endpoint"] = address.get("Address")
        values["engineVersionActual"] = shown.get("EngineVersion")
        values["kmsKeyId"] = shown.get("KmsKeyId")
        values["networkType"] = shown.get("NetworkType")
        values["port"] = address.get("Port")
        values["storageEncrypted"] = bool(shown.get("StorageEncrypted"))
        values["writer"] = any(
            member.get("IsClusterWriter") and member.get("DBInstanceIdentifier") == ident
            for member in cluster.get("DBClusterMembers") or ()
        )
        tags = tag_map(shown["TagList"]) if "TagList" in shown else None
        return Found(shown["DBInstanceIdentifier"], values, tags)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        request = outward(new, self.props, Style.PASCAL, changed & _MODIFIABLE)
        for name in sorted(changed & _MODIFIABLE - {*new}):
            if isinstance(old.get(name), bool):
                request.update(outward({name: False}, self.props, Style.PASCAL))
            else:
                raise ProviderError(
                    f"{name} cannot be taken back once it is set; set another value instead of "
                    f"removing it (it is {old.get(name)!r})"
                )
        if request:
            call.client("rds").modify_db_instance(
                DBInstanceIdentifier=ident,
                ApplyImmediately=bool(new.get("applyImmediately")),
                **request,
            )
        self._available(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("rds")

        def accepted() -> bool | None:
            try:
                client.delete_db_instance(DBInstanceIdentifier=ident, SkipFinalSnapshot=True)
            except ClientError as error:
                if rds.gone(error):
                    return True
                message = str(error)
                if (
                    code_of(error) == "InvalidDBInstanceState"
                    and "already being deleted" in message
                ):
                    return True
                if "Cannot delete the last instance of the read replica" in message:
                    if not state.get("forceDestroy"):
                        raise
                    client.promote_read_replica_db_cluster(
                        DBClusterIdentifier=state["clusterIdentifier"]
                    )
                    return None
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to accept its deletion", call.limit, accepted)
        self.await_gone(call, ident, lambda: self._look(call, ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        rds.retag(call, state["arn"], put, drop)

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        try:
            answer = call.client("rds").describe_db_instances(DBInstanceIdentifier=ident)
        except ClientError as error:
            if rds.gone(error):
                return None
            raise
        return answer["DBInstances"][0] if answer["DBInstances"] else None

    def _available(self, call: Call, ident: str) -> None:
        def available() -> bool | None:
            status = (self._look(call, ident) or {}).get("DBInstanceStatus", "")
            if status in _FAILED:
                raise ProviderError(
                    f"{self.title} ({ident}) is in status {status!r}, from which it does not "
                    "become available by itself"
                )
            return True if status in ("available", "storage-optimization") else None

        call.waiter.until(f"{self.title} ({ident}) to be available", call.limit, available)
