"""aws:elasticache/replicationGroup:ReplicationGroup, alone or as a member of a global datastore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward, tag_list
from drstate.sandbox.provider.problems import ProviderError, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_FLAG,
    OUT_TAGS,
    OUT_TEXT,
    OUT_TEXTS,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    listing,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import elasticache_shared as cache
from drstate.sandbox.provider.wire import Values

_ELSEWHERE = "use an adapter's action: what is restored is no part of a stack"
_NO_SECRETS = "the sandbox's stacks declare members of a datastore, which have its auth token"
#: what a member of a global datastore must not be given: it has what the datastore has
_INHERITED = (
    "atRestEncryptionEnabled",
    "engine",
    "engineVersion",
    "nodeType",
    "numNodeGroups",
    "parameterGroupName",
    "securityGroupNames",
    "snapshotArns",
    "snapshotName",
    "transitEncryptionEnabled",
)
_MODIFIABLE = frozenset(
    {
        "autoMinorVersionUpgrade",
        "automaticFailoverEnabled",
        "description",
        "engine",
        "engineVersion",
        "ipDiscovery",
        "logDeliveryConfigurations",
        "maintenanceWindow",
        "multiAzEnabled",
        "nodeType",
        "notificationTopicArn",
        "parameterGroupName",
        "securityGroupIds",
        "snapshotRetentionLimit",
        "snapshotWindow",
        "transitEncryptionEnabled",
        "transitEncryptionMode",
    }
)


class ReplicationGroup(ResourceType):
    """A replication group, alone or as a member of a global datastore."""

    urn_type = "aws:elasticache/replicationGroup:ReplicationGroup"
    title = "ElastiCache Replication Group"
    name_property = "replicationGroupId"
    autoname = True
    timeouts = Timeouts(create=3600.0, update=2400.0, delete=2700.0)
    stable = ("arn",)
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "engineVersion": ("engineVersionActual",),
        "numCacheClusters": ("memberClusters",),
        "replicasPerNodeGroup": ("memberClusters",),
    }
    props: ClassVar[Mapping[str, Prop]] = {
        "applyImmediately": flag(local=True, computed=True),
        "atRestEncryptionEnabled": flag(replaces=True, computed=True),
        "authToken": text(secret=True, refused=_NO_SECRETS),
        "authTokenUpdateStrategy": text(refused=_NO_SECRETS),
        "authTokenWo": text(secret=True, refused=_NO_SECRETS),
        "authTokenWoVersion": integer(refused=_NO_SECRETS),
        "autoMinorVersionUpgrade": flag(computed=True),
        "automaticFailoverEnabled": flag(default=False),
        "clusterMode": text(
            computed=True, replaces=True, choices=("enabled", "disabled", "compatible")
        ),
        "dataTieringEnabled": flag(replaces=True, computed=True, api=BY_HAND),
        "description": text(required=True, api="ReplicationGroupDescription"),
        "durability": text(refused="the sandbox does not emulate it"),
        "engine": text(computed=True, choices=("redis", "valkey")),
        "engineVersion": text(computed=True, same=cache.same_version),
        "finalSnapshotIdentifier": text(local=True),
        "globalReplicationGroupId": text(replaces=True, computed=True),
        "ipDiscovery": text(computed=True, choices=("ipv4", "ipv6")),
        "kmsKeyId": text(replaces=True),
        "logDeliveryConfigurations": unordered(
            record(
                {
                    "destination": text(required=True),
                    "destinationType": text(required=True),
                    "logFormat": text(required=True),
                    "logType": text(required=True),
                }
            ),
            api=BY_HAND,
        ),
        "maintenanceWindow": text(computed=True, api="PreferredMaintenanceWindow"),
        "multiAzEnabled": flag(default=False, api="MultiAZEnabled"),
        "networkType": text(replaces=True, computed=True, choices=("dual_stack", "ipv4", "ipv6")),
        "nodeGroupConfigurations": listing(
            computed=True, refused="give replicasPerNodeGroup, which is the same for every shard"
        ),
        "nodeType": text(computed=True, api="CacheNodeType"),
        "notificationTopicArn": text(),
        "numCacheClusters": integer(computed=True, low=1, high=6),
        "numNodeGroups": integer(computed=True),
        "parameterGroupName": text(computed=True, api="CacheParameterGroupName"),
        "port": integer(replaces=True, computed=True),
        "preferredCacheClusterAzs": listing(api="PreferredCacheClusterAZs"),
        "region": REGION,
        "replicasPerNodeGroup": integer(computed=True, low=0, high=5),
        "replicationGroupId": text(replaces=True, computed=True, same=cache.same_name),
        "securityGroupIds": unordered(computed=True),
        "securityGroupNames": unordered(replaces=True, refused="outside of VPCs only"),
        "snapshotArns": listing(refused=_ELSEWHERE),
        "snapshotName": text(refused=_ELSEWHERE),
        "snapshotRetentionLimit": integer(low=0, high=35),
        "snapshotWindow": text(computed=True),
        "subnetGroupName": text(
            replaces=True, computed=True, api="CacheSubnetGroupName", same=cache.same_name
        ),
        "tags": TAGS,
        "transitEncryptionEnabled": flag(computed=True),
        "transitEncryptionMode": text(computed=True, choices=("preferred", "required")),
        "userGroupIds": unordered(),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "clusterEnabled": OUT_FLAG,
        "configurationEndpointAddress": OUT_TEXT,
        "engineVersionActual": OUT_TEXT,
        "memberClusters": OUT_TEXTS,
        "primaryEndpointAddress": OUT_TEXT,
        "readerEndpointAddress": OUT_TEXT,
        "tagsAll": OUT_TAGS,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if inputs.get("globalReplicationGroupId"):
            for name in _INHERITED:
                if inputs.get(name) is not None:
                    yield name, f"'{name}' conflicts with globalReplicationGroupId; set one of them"
        elif inputs.get("nodeType") is None:
            yield "nodeType", "'nodeType' is needed unless globalReplicationGroupId is set"
        if inputs.get("multiAzEnabled") and not inputs.get("automaticFailoverEnabled"):
            yield (
                "multiAzEnabled",
                "automaticFailoverEnabled must be true if multiAzEnabled is; set it",
            )
        if inputs.get("numCacheClusters") and inputs.get("replicasPerNodeGroup") is not None:
            yield (
                "numCacheClusters",
                "'numCacheClusters' conflicts with replicasPerNodeGroup; set one of them",
            )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        ident = str(inputs["replicationGroupId"]).lower()
        request = outward(inputs, self.props, Style.PASCAL)
        request |= _by_hand(inputs)
        if tags:
            request["Tags"] = tag_list(tags)
        call.client("elasticache").create_replication_group(**request)
        with made(ident):
            self._available(call, ident)
            if inputs.get("globalReplicationGroupId"):
                self._joined(call, ident, str(inputs["globalReplicationGroupId"]))
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = cache.group(call, ident)
        if shown is None or shown["Status"] == "deleting":
            return None
        node = cache.node(call, shown)
        values = inward(shown, self.props, Style.PASCAL, {"description": "Description"})
        shards = shown.get("NodeGroups") or []
        first = shards[0] if shards else {}
        clustered = bool(shown.get("ClusterEnabled"))
        values.update(
            arn=shown["ARN"],
            automaticFailoverEnabled=shown.get("AutomaticFailover") in ("enabled", "enabling"),
            clusterEnabled=clustered,
            configurationEndpointAddress=_address(shown, "ConfigurationEndpoint"),
            dataTieringEnabled=shown.get("DataTiering") == "enabled",
            engineVersion=node.get("EngineVersion"),
            engineVersionActual=node.get("EngineVersion"),
            globalReplicationGroupId=(shown.get("GlobalReplicationGroupInfo") or {}).get(
                "GlobalReplicationGroupId"
            ),
            logDeliveryConfigurations=_logs(shown),
            maintenanceWindow=node.get("PreferredMaintenanceWindow"),
            memberClusters=sorted(shown.get("MemberClusters") or ()),
            multiAzEnabled=shown.get("MultiAZ") == "enabled",
            notificationTopicArn=(node.get("NotificationConfiguration") or {}).get("TopicArn"),
            numCacheClusters=len(shown.get("MemberClusters") or ()),
            numNodeGroups=len(shards),
            parameterGroupName=(node.get("CacheParameterGroup") or {}).get(
                "CacheParameterGroupName"
            ),
            primaryEndpointAddress=_address(first, "PrimaryEndpoint"),
            readerEndpointAddress=_address(first, "ReaderEndpoint"),
            replicasPerNodeGroup=max(0, len(first.get("NodeGroupMembers") or ()) - 1),
            securityGroupIds=sorted(
                one["SecurityGroupId"] for one in node.get("SecurityGroups") or ()
            ),
            subnetGroupName=node.get("CacheSubnetGroupName"),
        )
        endpoint = shown.get("ConfigurationEndpoint") or first.get("PrimaryEndpoint") or {}
        values["port"] = endpoint.get("Port")
        return Found(shown["ReplicationGroupId"], values, cache.tags(call, shown["ARN"]))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._available(call, ident)
        if changed & {"numCacheClusters", "replicasPerNodeGroup"}:
            self._resize(call, ident, new)
        if "userGroupIds" in changed:
            raise ProviderError("user groups of a replication group cannot be changed here")
        if "numNodeGroups" in changed:
            raise ProviderError("shards are added and removed on the datastore, not here")
        request = outward(new, self.props, Style.PASCAL, changed & _MODIFIABLE)
        request |= {
            key: value
            for key, value in _by_hand(new).items()
            if key == "LogDeliveryConfigurations" and "logDeliveryConfigurations" in changed
        }
        if request:
            call.client("elasticache").modify_replication_group(
                ReplicationGroupId=ident,
                ApplyImmediately=bool(new.get("applyImmediately")),
                **request,
            )
        self._available(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        shown = cache.group(call, ident)
        if shown is None:
            return
        datastore = (shown.get("GlobalReplicationGroupInfo") or {}).get("GlobalReplicationGroupId")
        if datastore:
            self._leave(call, ident, datastore)
        request = {"ReplicationGroupId": ident}
        if state.get("finalSnapshotIdentifier"):
            request["FinalSnapshotIdentifier"] = state["finalSnapshotIdentifier"]
        self._available(call, ident)
        try:
            call.client("elasticache").delete_replication_group(**request)
        except ClientError as error:
            if not cache.gone(error):
                raise
        self.await_gone(call, ident, lambda: cache.group(call, ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        cache.retag(call, state["arn"], put, drop)

    def _resize(self, call: Call, ident: str, new: Values) -> None:
        shown = cache.group(call, ident) or {}
        shards = shown.get("NodeGroups") or [{}]
        has = len(shards[0].get("NodeGroupMembers") or ()) - 1
        wanted = new.get("replicasPerNodeGroup")
        replicas = int(wanted if wanted is not None else new["numCacheClusters"] - 1)
        if replicas == has:
            return
        client = call.client("elasticache")
        change = client.increase_replica_count if replicas > has else client.decrease_replica_count
        change(ReplicationGroupId=ident, NewReplicaCount=replicas, ApplyImmediately=True)
        self._available(call, ident)

    def _joined(self, call: Call, ident: str, datastore: str) -> None:
        def joined() -> bool | None:
            found = cache.datastore(call, datastore) or {}
            return True if found.get("Status") == "available" else None

        call.waiter.until(f"{datastore} to have {ident} as a member", call.limit, joined)

    def _leave(self, call: Call, ident: str, datastore: str) -> None:
        call.client("elasticache").disassociate_global_replication_group(
            GlobalReplicationGroupId=datastore,
            ReplicationGroupId=ident,
            ReplicationGroupRegion=call.region,
        )

        def out() -> bool | None:
            shown = cache.group(call, ident) or {}
            inside = (shown.get("GlobalReplicationGroupInfo") or {}).get("GlobalReplicationGroupId")
            return None if inside else True

        call.waiter.until(f"{ident} to leave {datastore}", call.limit, out)

    def _available(self, call: Call, ident: str) -> None:
        def available() -> bool | None:
            shown = cache.group(call, ident) or {}
            if shown.get("Status") == "create-failed":
                raise ProviderError(f"{self.title} ({ident}) could not be created")
            return True if shown.get("Status") == "available" else None

        call.waiter.until(f"{self.title} ({ident}) to be available", call.limit, available)


def _address(shown: Mapping[str, Any], name: str) -> str | None:
    address = (shown.get(name) or {}).get("Address")
    return str(address) if address else None


def _by_hand(inputs: Values) -> dict[str, Any]:
    request: dict[str, Any] = {}
    if inputs.get("dataTieringEnabled"):
        request["DataTieringEnabled"] = True
    if inputs.get("logDeliveryConfigurations"):
        request["LogDeliveryConfigurations"] = [
            {
                "LogType": one["logType"],
                "DestinationType": one["destinationType"],
                "LogFormat": one["logFormat"],
                "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": one["destination"]}}
                if one["destinationType"] == "cloudwatch-logs"
                else {"KinesisFirehoseDetails": {"DeliveryStream": one["destination"]}},
            }
            for one in inputs["logDeliveryConfigurations"]
        ]
    return request


def _logs(shown: Mapping[str, Any]) -> list[Any]:
    found = []
    for one in shown.get("LogDeliveryConfigurations") or ():
        details = one["DestinationDetails"]
        logs = details.get("CloudWatchLogsDetails") or {}
        stream = details.get("KinesisFirehoseDetails") or {}
        found.append(
            {
                "destination": logs.get("LogGroup") or stream.get("DeliveryStream"),
                "destinationType": one["DestinationType"],
                "logFormat": one["LogFormat"],
                "logType": one["LogType"],
            }
        )
    return found
