"""aws:memorydb/cluster:Cluster, alone or as a member of a multi-region cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import ProviderError, code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
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
_MODIFIABLE = frozenset(
    {
        "aclName",
        "description",
        "engine",
        "engineVersion",
        "ipDiscovery",
        "maintenanceWindow",
        "nodeType",
        "parameterGroupName",
        "securityGroupIds",
        "snapshotRetentionLimit",
        "snapshotWindow",
        "snsTopicArn",
    }
)
_ENDPOINT = {"address": text(), "port": integer()}


class MemoryDbCluster(ResourceType):
    """A cluster, alone or as a member of a multi-region cluster."""

    urn_type = "aws:memorydb/cluster:Cluster"
    title = "MemoryDB Cluster"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    timeouts = Timeouts(create=7200.0, update=7200.0, delete=7200.0)
    stable = ("arn",)
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "engineVersion": ("enginePatchVersion",),
        "numReplicasPerShard": ("shards",),
        "numShards": ("shards",),
    }
    props: ClassVar[Mapping[str, Prop]] = {
        "aclName": text(required=True, api="ACLName"),
        "autoMinorVersionUpgrade": flag(default=True, replaces=True),
        "dataTiering": flag(default=False, replaces=True, api=BY_HAND),
        "description": text(default="Managed by Pulumi"),
        "engine": text(computed=True, choices=("redis", "valkey")),
        "engineVersion": text(computed=True, same=cache.same_version),
        "finalSnapshotName": text(local=True),
        "ipDiscovery": text(computed=True, choices=("ipv4", "ipv6")),
        "kmsKeyArn": text(replaces=True, api="KmsKeyId"),
        "maintenanceWindow": text(computed=True),
        "multiRegionClusterName": text(replaces=True),
        "name": text(replaces=True, computed=True, api="ClusterName"),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "networkType": text(replaces=True, computed=True, choices=("dual_stack", "ipv4", "ipv6")),
        "nodeType": text(required=True),
        "numReplicasPerShard": integer(default=1, low=0, high=5),
        "numShards": integer(default=1, low=1),
        "parameterGroupName": text(computed=True),
        "port": integer(replaces=True, computed=True),
        "region": REGION,
        "securityGroupIds": unordered(),
        "snapshotArns": listing(replaces=True, refused=_ELSEWHERE),
        "snapshotName": text(replaces=True, refused=_ELSEWHERE),
        "snapshotRetentionLimit": integer(computed=True, low=0, high=35),
        "snapshotWindow": text(computed=True),
        "snsTopicArn": text(),
        "subnetGroupName": text(replaces=True, computed=True),
        "tags": TAGS,
        "tlsEnabled": flag(default=True, replaces=True, api="TLSEnabled"),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "clusterEndpoints": listing(record(_ENDPOINT), computed=True),
        "enginePatchVersion": OUT_TEXT,
        "shards": unordered(
            record(
                {
                    "name": text(),
                    "nodes": unordered(
                        record(
                            {
                                "availabilityZone": text(),
                                "createTime": text(),
                                "endpoints": listing(record(_ENDPOINT)),
                                "name": text(),
                            }
                        )
                    ),
                    "numNodes": integer(),
                    "slots": text(),
                }
            ),
            computed=True,
        ),
        "tagsAll": OUT_TAGS,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if inputs.get("tlsEnabled") is False and inputs.get("aclName") != "open-access":
            yield "aclName", "'aclName' must be open-access where tlsEnabled is false"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        ident = str(inputs["name"])
        request = outward(inputs, self.props, Style.PASCAL)
        if inputs.get("dataTiering"):
            request["DataTiering"] = True
        if tags:
            request["Tags"] = tag_list(tags)
        call.client("memorydb").create_cluster(**request)
        with made(ident):
            self._available(call, ident)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = _cluster(call, ident)
        if shown is None or shown["Status"] == "deleting":
            return None
        values = inward(shown, self.props, Style.PASCAL, {"name": "Name"})
        shards = shown.get("Shards") or []
        endpoint = shown.get("ClusterEndpoint") or {}
        values.update(
            arn=shown["ARN"],
            clusterEndpoints=[_endpoint(endpoint)] if endpoint else [],
            dataTiering=str(shown.get("DataTiering")).lower() == "true",
            description=shown.get("Description") or "",
            enginePatchVersion=shown.get("EnginePatchVersion"),
            multiRegionClusterName=shown.get("MultiRegionClusterName"),
            numReplicasPerShard=min((int(one["NumberOfNodes"]) - 1 for one in shards), default=0),
            numShards=shown.get("NumberOfShards"),
            port=endpoint.get("Port"),
            securityGroupIds=sorted(
                one["SecurityGroupId"] for one in shown.get("SecurityGroups") or ()
            ),
            shards=[_shard(one) for one in shards],
        )
        tags = call.client("memorydb").list_tags(ResourceArn=shown["ARN"])
        return Found(shown["Name"], values, tag_map(tags.get("TagList") or ()))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._available(call, ident)
        client = call.client("memorydb")
        if "numReplicasPerShard" in changed:
            count = int(new.get("numReplicasPerShard") or 0)
            client.update_cluster(ClusterName=ident, ReplicaConfiguration={"ReplicaCount": count})
            self._available(call, ident)
        if "numShards" in changed:
            client.update_cluster(
                ClusterName=ident, ShardConfiguration={"ShardCount": new["numShards"]}
            )
            self._available(call, ident)
        request = outward(new, self.props, Style.PASCAL, changed & _MODIFIABLE)
        if request:
            client.update_cluster(ClusterName=ident, **request)
        self._available(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        request = {"ClusterName": ident}
        if state.get("finalSnapshotName"):
            request["FinalSnapshotName"] = state["finalSnapshotName"]
        if state.get("multiRegionClusterName"):
            request["MultiRegionClusterName"] = state["multiRegionClusterName"]
        try:
            call.client("memorydb").delete_cluster(**request)
        except ClientError as error:
            if code_of(error) != "ClusterNotFoundFault":
                raise
        self.await_gone(call, ident, lambda: _cluster(call, ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        client = call.client("memorydb")
        if drop:
            client.untag_resource(ResourceArn=state["arn"], TagKeys=drop)
        if put:
            client.tag_resource(ResourceArn=state["arn"], Tags=tag_list(put))

    def _available(self, call: Call, ident: str) -> None:
        def available() -> bool | None:
            status = (_cluster(call, ident) or {}).get("Status")
            if status == "create-failed":
                raise ProviderError(f"{self.title} ({ident}) could not be created")
            return True if status == "available" else None

        call.waiter.until(f"{self.title} ({ident}) to be available", call.limit, available)


def _cluster(call: Call, ident: str) -> dict[str, Any] | None:
    try:
        answer = call.client("memorydb").describe_clusters(ClusterName=ident, ShowShardDetails=True)
    except ClientError as error:
        if code_of(error) == "ClusterNotFoundFault":
            return None
        raise
    return dict(answer["Clusters"][0]) if answer["Clusters"] else None


def _endpoint(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {"address": shown.get("Address", ""), "port": shown.get("Port", 0)}


def _shard(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": shown["Name"],
        "numNodes": shown.get("NumberOfNodes"),
        "slots": shown.get("Slots"),
        "nodes": [
            {
                "availabilityZone": one.get("AvailabilityZone"),
                "createTime": one["CreateTime"].isoformat() if one.get("CreateTime") else None,
                "endpoints": [_endpoint(one["Endpoint"])] if one.get("Endpoint") else [],
                "name": one["Name"],
            }
            for one in shown.get("Nodes") or ()
        ],
    }
