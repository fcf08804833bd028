import pytest

DATA = "211111111101"
EAST, WEST = "us-east-1", "us-west-2"
BASE = {
    "ReplicationGroupId": "sessions",
    "ReplicationGroupDescription": "sessions",
    "CacheNodeType": "cache.r7g.large",
    "AutomaticFailoverEnabled": True,
    "NumCacheClusters": 2,
}


@pytest.fixture
def east(sandbox):
    return sandbox.client("elasticache", EAST, DATA)


@pytest.fixture
def west(sandbox):
    return sandbox.client("elasticache", WEST, DATA)


@pytest.fixture
def datastore(sandbox, east, west):
    """A datastore with its primary in the east and a secondary in the west."""
    east.create_replication_group(**BASE)
    sandbox.settle()
    made = east.create_global_replication_group(
        GlobalReplicationGroupIdSuffix="orders", PrimaryReplicationGroupId="sessions"
    )["GlobalReplicationGroup"]
    assert made["Status"] == "creating"
    sandbox.settle()
    west.create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="copy",
        GlobalReplicationGroupId=made["GlobalReplicationGroupId"],
        NumCacheClusters=2,
    )
    sandbox.settle()
    return made["GlobalReplicationGroupId"]


def group(client, name="sessions"):
    return client.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]


def shown(client, name):
    return client.describe_global_replication_groups(
        GlobalReplicationGroupId=name, ShowMemberInfo=True
    )["GlobalReplicationGroups"][0]


def roles(client, name):
    return {one["ReplicationGroupRegion"]: one["Role"] for one in shown(client, name)["Members"]}


def test_group_is_created_in_time_and_has_member_clusters(sandbox, east):
    made = east.create_replication_group(**BASE)["ReplicationGroup"]
    assert made["Status"] == "creating"
    assert "PrimaryEndpoint" not in made["NodeGroups"][0]
    sandbox.settle()
    ready = group(east)
    assert ready["Status"] == "available"
    assert ready["NodeGroups"][0]["PrimaryEndpoint"]["Port"] == 6379
    clusters = east.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
    assert [one["CacheClusterId"] for one in clusters] == ["sessions-001", "sessions-002"]
    assert {one["ReplicationGroupId"] for one in clusters} == {"sessions"}
    assert clusters[0]["CacheNodes"][0]["CacheNodeStatus"] == "available"
    alone = east.describe_cache_clusters(ShowCacheClustersNotInReplicationGroups=True)
    assert alone["CacheClusters"] == []


def test_cluster_mode_divides_the_slots_over_the_shards(sandbox, east):
    asked = {key: value for key, value in BASE.items() if key != "NumCacheClusters"}
    east.create_replication_group(**asked, NumNodeGroups=3, ReplicasPerNodeGroup=1)
    sandbox.settle()
    made = group(east)
    assert made["ClusterEnabled"] is True
    assert [one["Slots"] for one in made["NodeGroups"]] == ["0-5460", "5461-10921", "10922-16383"]
    assert len(made["MemberClusters"]) == 6
    assert made["ConfigurationEndpoint"]["Address"].startswith("clustercfg.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"NumCacheClusters": 1}, "InvalidParameterValue"),
        ({"NumCacheClusters": 7}, "InvalidParameterValue"),
        ({"ReplicasPerNodeGroup": 1}, "InvalidParameterCombination"),
        ({"MultiAZEnabled": True, "AutomaticFailoverEnabled": False},
         "InvalidParameterCombination"),
        ({"AuthToken": "x" * 20}, "InvalidParameterCombination"),
        ({"CacheSubnetGroupName": "none"}, "CacheSubnetGroupNotFoundFault"),
        ({"Engine": "memcached"}, "InvalidParameterValue"),
        ({"NetworkType": "ipv5"}, "InvalidParameterValue"),
        ({"SnapshotName": "none"}, "InvalidParameterValue"),
        ({"GlobalReplicationGroupId": "none", "CacheNodeType": ""},
         "GlobalReplicationGroupNotFoundFault"),
        ({"PrimaryClusterId": "old"}, "SandboxNotImplemented"),
    ],
)  # fmt: skip
def test_group_that_aws_would_refuse_is_refused(east, refused, change, code):
    answer = refused(east.create_replication_group, **BASE | change)
    assert answer[0] == code
    assert answer[3] == 0, "nothing that is retried"
    assert east.describe_replication_groups()["ReplicationGroups"] == []


def test_replicas_are_added_and_removed_within_bounds(sandbox, east, refused):
    east.create_replication_group(**BASE)
    busy = refused(
        east.increase_replica_count,
        ReplicationGroupId="sessions", NewReplicaCount=2, ApplyImmediately=True,
    )  # fmt: skip
    assert busy[0] == "InvalidReplicationGroupState"
    sandbox.settle()

    def change(operation, count):
        return operation(
            ReplicationGroupId="sessions", NewReplicaCount=count, ApplyImmediately=True
        )

    assert change(east.increase_replica_count, 3)["ReplicationGroup"]["Status"] == "modifying"
    sandbox.settle()
    assert len(group(east)["MemberClusters"]) == 4
    for operation, count, code in (
        (east.increase_replica_count, 3, "NoOperationFault"),
        (east.increase_replica_count, 6, "InvalidParameterValue"),
        (east.decrease_replica_count, 0, "InvalidParameterValue"),
    ):
        answer = refused(
            operation, ReplicationGroupId="sessions", NewReplicaCount=count, ApplyImmediately=True
        )
        assert answer[0] == code
    change(east.decrease_replica_count, 1)
    sandbox.settle()
    assert group(east)["MemberClusters"] == ["sessions-001", "sessions-002"]


def test_datastore_fails_over_and_back(sandbox, east, west, datastore):
    assert shown(east, datastore)["Status"] == "available"
    assert roles(east, datastore) == {EAST: "PRIMARY", WEST: "SECONDARY"}
    moving = west.failover_global_replication_group(
        GlobalReplicationGroupId=datastore,
        PrimaryRegion=WEST,
        PrimaryReplicationGroupId="sessions",
    )["GlobalReplicationGroup"]
    assert moving["Status"] == "modifying"
    assert roles(west, datastore)[EAST] == "PRIMARY", "not yet"
    sandbox.settle()
    assert roles(west, datastore) == {EAST: "SECONDARY", WEST: "PRIMARY"}
    role = group(east)["GlobalReplicationGroupInfo"]["GlobalReplicationGroupMemberRole"]
    assert role == "SECONDARY"
    east.failover_global_replication_group(
        GlobalReplicationGroupId=datastore,
        PrimaryRegion=EAST,
        PrimaryReplicationGroupId="sessions",
    )
    sandbox.settle()
    assert roles(east, datastore) == {EAST: "PRIMARY", WEST: "SECONDARY"}


def test_failover_to_what_is_no_secondary_is_refused(sandbox, east, west, datastore, refused):
    def to(region, name="sessions", store=datastore):
        return refused(
            west.failover_global_replication_group,
            GlobalReplicationGroupId=store,
            PrimaryRegion=region,
            PrimaryReplicationGroupId=name,
        )[0]

    assert to(EAST) == "InvalidParameterValue"
    assert to(WEST, "other") == "InvalidParameterValue"
    assert to(WEST, store="none") == "GlobalReplicationGroupNotFoundFault"
    west.failover_global_replication_group(
        GlobalReplicationGroupId=datastore,
        PrimaryRegion=WEST,
        PrimaryReplicationGroupId="sessions",
    )
    assert to(EAST) == "InvalidGlobalReplicationGroupState"


def test_second_member_in_a_region_is_refused(east, datastore, refused):
    answer = refused(
        east.create_replication_group,
        ReplicationGroupId="again",
        ReplicationGroupDescription="again",
        GlobalReplicationGroupId=datastore,
        NumCacheClusters=2,
    )
    assert answer[0] == "InvalidParameterValue"


def test_member_takes_what_its_primary_has(west, datastore, refused):
    member = group(west)
    assert member["CacheNodeType"] == "cache.r7g.large"
    assert member["AutomaticFailover"] == "enabled"
    answer = refused(
        west.modify_replication_group, ReplicationGroupId="sessions", EngineVersion="7.2"
    )
    assert answer[0] == "InvalidParameterValue"
    refusal = refused(west.delete_replication_group, ReplicationGroupId="sessions")
    assert refusal[0] == "InvalidReplicationGroupState"


def test_small_nodes_are_refused_in_a_datastore(sandbox, east, refused):
    east.create_replication_group(**BASE | {"CacheNodeType": "cache.t4g.medium"})
    sandbox.settle()
    answer = refused(
        east.create_global_replication_group,
        GlobalReplicationGroupIdSuffix="orders", PrimaryReplicationGroupId="sessions",
    )  # fmt: skip
    assert answer[0] == "InvalidParameterValue"
    assert "cache.t4g.medium" in answer[2]


def test_datastore_is_taken_apart_in_order(sandbox, east, west, datastore, refused):
    answer = refused(
        east.delete_global_replication_group,
        GlobalReplicationGroupId=datastore, RetainPrimaryReplicationGroup=True,
    )  # fmt: skip
    assert answer[0] == "InvalidGlobalReplicationGroupState"
    west.disassociate_global_replication_group(
        GlobalReplicationGroupId=datastore,
        ReplicationGroupId="sessions",
        ReplicationGroupRegion=WEST,
    )
    sandbox.settle()
    assert shown(east, datastore)["Status"] == "primary-only"
    assert group(west)["GlobalReplicationGroupInfo"] == {}
    east.delete_global_replication_group(
        GlobalReplicationGroupId=datastore, RetainPrimaryReplicationGroup=True
    )
    sandbox.settle()
    assert east.describe_global_replication_groups()["GlobalReplicationGroups"] == []
    assert group(east)["Status"] == "available"


def test_change_of_a_datastore_reaches_every_member(sandbox, east, west, datastore):
    east.modify_global_replication_group(
        GlobalReplicationGroupId=datastore, ApplyImmediately=True, CacheNodeType="cache.r7g.xlarge"
    )
    sandbox.settle()
    assert {group(one)["CacheNodeType"] for one in (east, west)} == {"cache.r7g.xlarge"}


def test_snapshot_reaches_another_region_through_s3_and_is_restored(sandbox, east, west, refused):
    east.create_replication_group(**BASE)
    sandbox.settle()
    east.create_snapshot(ReplicationGroupId="sessions", SnapshotName="nightly")
    taken = east.describe_snapshots(SnapshotName="nightly")["Snapshots"][0]
    assert taken["SnapshotStatus"] == "creating"
    assert refused(east.delete_snapshot, SnapshotName="nobody")[0] == "SnapshotNotFoundFault"
    sandbox.settle()
    # Plain clients: a body that streams is no document to hold to a model.
    s3_east, s3_west = (
        sandbox.assumed(DATA).client("s3", region, endpoint_url=sandbox.status.endpoint)
        for region in (EAST, WEST)
    )
    s3_east.create_bucket(Bucket="export-east")
    s3_west.create_bucket(
        Bucket="export-west", CreateBucketConfiguration={"LocationConstraint": WEST}
    )
    assert refused(
        east.copy_snapshot,
        SourceSnapshotName="nightly", TargetSnapshotName="out", TargetBucket="export-west",
    )[0] == "InvalidParameterValue"  # fmt: skip
    east.copy_snapshot(
        SourceSnapshotName="nightly", TargetSnapshotName="out", TargetBucket="export-east"
    )
    there = BASE | {"SnapshotArns": ["arn:aws:s3:::export-west/out-0001.rdb"]}
    assert refused(west.create_replication_group, **there)[0] == "InvalidParameterValue"
    exported = s3_east.get_object(Bucket="export-east", Key="out-0001.rdb")["Body"].read()
    s3_west.put_object(Bucket="export-west", Key="out-0001.rdb", Body=exported)
    west.create_replication_group(**there)
    sandbox.settle()
    assert group(west)["Status"] == "available"


def test_groups_are_listed_in_pages(sandbox, east, refused):
    for number in range(21):
        east.create_replication_group(**BASE | {"ReplicationGroupId": f"cache-{number:02d}"})
    sandbox.settle()
    pages = east.get_paginator("describe_replication_groups").paginate(
        PaginationConfig={"PageSize": 20}
    )
    assert [len(page["ReplicationGroups"]) for page in pages] == [20, 1]
    assert refused(east.describe_replication_groups, MaxRecords=5)[0] == "InvalidParameterValue"
    answer = refused(east.describe_replication_groups, Marker="made-up")
    assert answer[0] == "InvalidParameterValue"


def test_operation_that_is_not_emulated_is_refused_by_name(east, refused):
    code, status, message, retries = refused(
        east.rebalance_slots_in_global_replication_group,
        GlobalReplicationGroupId="any", ApplyImmediately=True,
    )  # fmt: skip
    assert (code, status, retries) == ("SandboxNotImplemented", 400, 0)
    assert "RebalanceSlotsInGlobalReplicationGroup" in message


def test_what_is_used_is_not_deleted_and_the_rest_is(sandbox, east, refused):
    subnets = sandbox.client("ec2", EAST, DATA).describe_subnets()["Subnets"]
    east.create_cache_subnet_group(
        CacheSubnetGroupName="used",
        CacheSubnetGroupDescription="d",
        SubnetIds=[subnets[0]["SubnetId"]],
    )
    east.create_replication_group(**BASE, CacheSubnetGroupName="used")
    east.create_cache_cluster(
        CacheClusterId="alone", Engine="redis", CacheNodeType="cache.t4g.small", NumCacheNodes=1
    )
    sandbox.settle()
    used = refused(east.delete_cache_subnet_group, CacheSubnetGroupName="used")
    assert used[0] == "CacheSubnetGroupInUse"
    member = group(east)["MemberClusters"][0]
    code = refused(east.delete_cache_cluster, CacheClusterId=member)[0]
    assert code == "InvalidCacheClusterState"
    gone = east.delete_cache_cluster(CacheClusterId="alone")["CacheCluster"]
    assert gone["CacheClusterStatus"] == "deleting"
    east.delete_replication_group(ReplicationGroupId="sessions")
    sandbox.settle()
    assert refused(east.describe_cache_clusters, CacheClusterId="alone")[0] == (
        "CacheClusterNotFound"
    )
    east.delete_cache_subnet_group(CacheSubnetGroupName="used")
    missing = refused(east.delete_cache_subnet_group, CacheSubnetGroupName="used")
    assert missing[0] == "CacheSubnetGroupNotFoundFault"


def test_lag_is_told_in_the_region_that_receives(sandbox, east, west, datastore):
    def dimensions(region):
        listed = sandbox.client("cloudwatch", region, DATA).list_metrics(
            Namespace="AWS/ElastiCache", MetricName="GlobalDatastoreReplicationLag"
        )["Metrics"]
        return [one["Value"] for metric in listed for one in metric["Dimensions"]]

    assert (dimensions(EAST), sorted(dimensions(WEST))) == ([], ["sessions", "sessions-001"])
    west.failover_global_replication_group(
        GlobalReplicationGroupId=datastore,
        PrimaryRegion=WEST,
        PrimaryReplicationGroupId="sessions",
    )
    sandbox.settle()
    assert (sorted(dimensions(EAST)), dimensions(WEST)) == (["sessions", "sessions-001"], [])
