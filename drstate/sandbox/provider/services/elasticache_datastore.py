"""aws:elasticache/globalReplicationGroup:GlobalReplicationGroup: a global datastore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import ProviderError, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_FLAG,
    OUT_TEXT,
    REGION,
    Prop,
    flag,
    integer,
    listing,
    record,
    text,
)
from drstate.sandbox.provider.services import elasticache_shared as cache
from drstate.sandbox.provider.wire import Values

#: in creation they are the source group's; afterwards the datastore's own
_CHANGED_ON_IT = {
    "automaticFailoverEnabled": "AutomaticFailoverEnabled",
    "cacheNodeType": "CacheNodeType",
    "engineVersion": "EngineVersion",
    "globalReplicationGroupDescription": "GlobalReplicationGroupDescription",
    "parameterGroupName": "CacheParameterGroupName",
}


class GlobalReplicationGroup(ResourceType):
    """A global datastore over an existing replication group."""

    urn_type = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"
    title = "ElastiCache Global Replication Group"
    timeouts = Timeouts(create=3600.0, update=3600.0, delete=1200.0)
    stable = ("arn", "globalReplicationGroupId")
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {"engineVersion": ("engineVersionActual",)}
    props: ClassVar[Mapping[str, Prop]] = {
        "automaticFailoverEnabled": flag(computed=True, api=BY_HAND),
        "cacheNodeType": text(computed=True, api=BY_HAND),
        "engine": text(computed=True, api=BY_HAND, choices=("redis", "valkey")),
        "engineVersion": text(computed=True, api=BY_HAND, same=cache.same_version),
        "globalReplicationGroupDescription": text(),
        "globalReplicationGroupIdSuffix": text(required=True, replaces=True),
        "numNodeGroups": integer(computed=True, api=BY_HAND),
        "parameterGroupName": text(local=True),
        "primaryReplicationGroupId": text(required=True, replaces=True),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "atRestEncryptionEnabled": OUT_FLAG,
        "authTokenEnabled": OUT_FLAG,
        "clusterEnabled": OUT_FLAG,
        "engineVersionActual": OUT_TEXT,
        "globalNodeGroups": listing(
            record({"globalNodeGroupId": text(), "slots": text()}), computed=True
        ),
        "globalReplicationGroupId": OUT_TEXT,
        "transitEncryptionEnabled": OUT_FLAG,
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        answer = call.client("elasticache").create_global_replication_group(**request)
        ident = str(answer["GlobalReplicationGroup"]["GlobalReplicationGroupId"])
        with made(ident):
            self._settled(call, ident)
            self.update(call, ident, {}, inputs, frozenset(inputs) & _SET_AFTERWARDS)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = cache.datastore(call, ident)
        if shown is None or shown["Status"] in ("deleting", "deleted"):
            return None
        values = inward(shown, {"globalReplicationGroupDescription": text()}, Style.PASCAL)
        members = shown.get("Members") or []
        primary: dict[str, Any] = next((one for one in members if one["Role"] == "PRIMARY"), {})
        values.update(
            arn=shown["ARN"],
            atRestEncryptionEnabled=bool(shown.get("AtRestEncryptionEnabled")),
            authTokenEnabled=bool(shown.get("AuthTokenEnabled")),
            automaticFailoverEnabled=primary.get("AutomaticFailover") == "enabled",
            cacheNodeType=shown.get("CacheNodeType"),
            clusterEnabled=bool(shown.get("ClusterEnabled")),
            engine=shown.get("Engine"),
            engineVersion=shown.get("EngineVersion"),
            engineVersionActual=shown.get("EngineVersion"),
            globalNodeGroups=[
                {"globalNodeGroupId": one["GlobalNodeGroupId"], "slots": one["Slots"]}
                for one in shown.get("GlobalNodeGroups") or ()
            ],
            globalReplicationGroupId=shown["GlobalReplicationGroupId"],
            globalReplicationGroupIdSuffix=str(shown["GlobalReplicationGroupId"]).partition("-")[2],
            numNodeGroups=len(shown.get("GlobalNodeGroups") or ()),
            # whoever takes writes now: a program that sets it has to leave it alone
            primaryReplicationGroupId=primary.get("ReplicationGroupId"),
            transitEncryptionEnabled=bool(shown.get("TransitEncryptionEnabled")),
        )
        return Found(shown["GlobalReplicationGroupId"], values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._settled(call, ident)
        if "numNodeGroups" in changed:
            raise ProviderError("the sandbox does not add or remove shards of a datastore")
        request = {member: new[name] for name, member in _CHANGED_ON_IT.items() if name in changed}
        if request:
            call.client("elasticache").modify_global_replication_group(
                GlobalReplicationGroupId=ident, ApplyImmediately=True, **request
            )
            self._settled(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("elasticache")
        try:
            self._empty(call, ident)
            client.delete_global_replication_group(
                GlobalReplicationGroupId=ident, RetainPrimaryReplicationGroup=True
            )
        except ClientError as error:
            if not cache.gone(error):
                raise
        self.await_gone(call, ident, lambda: cache.datastore(call, ident))

    def _empty(self, call: Call, ident: str) -> None:
        shown = cache.datastore(call, ident) or {}
        for one in shown.get("Members") or ():
            if one["Role"] == "PRIMARY":
                continue
            call.client("elasticache").disassociate_global_replication_group(
                GlobalReplicationGroupId=ident,
                ReplicationGroupId=one["ReplicationGroupId"],
                ReplicationGroupRegion=one["ReplicationGroupRegion"],
            )
            self._settled(call, ident)

    def _settled(self, call: Call, ident: str) -> None:
        def settled() -> bool | None:
            shown = cache.datastore(call, ident) or {}
            return True if shown.get("Status") in ("available", "primary-only") else None

        call.waiter.until(f"{self.title} ({ident}) to be available", call.limit, settled)


_SET_AFTERWARDS = frozenset(_CHANGED_ON_IT) - {"globalReplicationGroupDescription"}
