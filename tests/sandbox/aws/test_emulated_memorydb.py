"""Multi-region clusters of MemoryDB, and what Resource Explorer finds of the data services."""

import pytest

from drstate.sandbox import process

DATA = "211111111101"
EAST, WEST = "us-east-1", "us-west-2"


@pytest.fixture
def east(sandbox):
    return region(sandbox, EAST)


@pytest.fixture
def west(sandbox):
    return region(sandbox, WEST)


def region(sandbox, name):
    """A client, in a region that has a subnet group."""
    memorydb = sandbox.client("memorydb", name, DATA)
    subnets = sandbox.client("ec2", name, DATA).describe_subnets()["Subnets"]
    memorydb.create_subnet_group(
        SubnetGroupName="carts", SubnetIds=[one["SubnetId"] for one in subnets[:2]]
    )
    return memorydb


@pytest.fixture
def multi(sandbox, east):
    made = east.create_multi_region_cluster(
        MultiRegionClusterNameSuffix="carts", NodeType="db.r7g.large", NumShards=2
    )["MultiRegionCluster"]
    assert made["Status"] == "creating"
    process.advance(sandbox.home, 11)
    return made["MultiRegionClusterName"]


def join(client, multi, **more):
    return client.create_cluster(
        ClusterName="carts", NodeType="db.r7g.large", ACLName="open-access",
        SubnetGroupName="carts", MultiRegionClusterName=multi, **more,
    )["Cluster"]  # fmt: skip


def shown(client, multi):
    return client.describe_multi_region_clusters(
        MultiRegionClusterName=multi, ShowClusterDetails=True
    )["MultiRegionClusters"][0]


def test_members_join_in_time_and_are_seen_from_every_region(sandbox, east, west, multi):
    first = join(east, multi)
    assert (first["Status"], first["MultiRegionClusterName"]) == ("creating", multi)
    process.advance(sandbox.home, 11)
    join(west, multi)
    assert shown(east, multi)["Status"] == "updating"
    process.advance(sandbox.home, 11)
    seen = shown(west, multi)
    assert seen == shown(east, multi)
    assert seen["Status"] == "available"
    assert [(one["Region"], one["Status"]) for one in seen["Clusters"]] == [
        (EAST, "available"), (WEST, "available"),
    ]  # fmt: skip
    member = west.describe_clusters(ClusterName="carts", ShowShardDetails=True)["Clusters"][0]
    assert (member["NumberOfShards"], len(member["Shards"])) == (2, 2)


def test_change_reaches_every_member(sandbox, east, west, multi, refused):
    join(east, multi)
    sandbox.settle()
    join(west, multi)
    sandbox.settle()
    east.update_multi_region_cluster(
        MultiRegionClusterName=multi, NodeType="db.r7g.xlarge", ShardConfiguration={"ShardCount": 3}
    )
    busy = refused(
        west.update_multi_region_cluster, MultiRegionClusterName=multi, Description="later"
    )
    assert busy[0] == "InvalidMultiRegionClusterStateFault"
    process.advance(sandbox.home, 11)
    for client in (east, west):
        found = client.describe_clusters(ClusterName="carts")["Clusters"][0]
        assert (found["NodeType"], found["NumberOfShards"]) == ("db.r7g.xlarge", 3)
        assert found["Status"] == "available"
    alone = refused(east.update_cluster, ClusterName="carts", NodeType="db.r7g.large")
    assert alone[0] == "InvalidParameterCombinationException"


def test_it_is_deleted_after_its_members(sandbox, east, west, multi, refused):
    join(west, multi)
    sandbox.settle()
    answer = refused(east.delete_multi_region_cluster, MultiRegionClusterName=multi)
    assert answer[0] == "InvalidMultiRegionClusterStateFault"
    assert "us-west-2" in answer[2]
    assert west.delete_cluster(ClusterName="carts")["Cluster"]["Status"] == "deleting"
    process.advance(sandbox.home, 11)
    assert shown(east, multi)["Clusters"] == []
    assert west.describe_clusters()["Clusters"] == []
    east.delete_multi_region_cluster(MultiRegionClusterName=multi)
    process.advance(sandbox.home, 11)
    gone = refused(west.describe_multi_region_clusters, MultiRegionClusterName=multi)
    assert gone[0] == "MultiRegionClusterNotFoundFault"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"NumShards": 1}, "InvalidParameterCombinationException"),
        ({"Engine": "redis"}, "InvalidParameterCombinationException"),
        ({"TLSEnabled": False}, "InvalidParameterCombinationException"),
        ({"SnapshotName": "old"}, "SandboxNotImplemented"),
    ],
)
def test_member_that_does_not_fit_is_refused(east, multi, refused, more, code):
    assert refused(join, client=east, multi=multi, **more)[0] == code
    assert east.describe_clusters()["Clusters"] == []
    assert refused(join, client=east, multi="none")[0] == "MultiRegionClusterNotFoundFault"


def test_second_member_of_a_region_is_refused(sandbox, east, multi, refused):
    join(east, multi)
    sandbox.settle()
    answer = refused(
        east.create_cluster, ClusterName="others", NodeType="db.r7g.large",
        ACLName="open-access", SubnetGroupName="carts", MultiRegionClusterName=multi,
    )  # fmt: skip
    assert answer[0] == "InvalidParameterValueException"
    assert "us-east-1" in answer[2]


def found_types(sandbox):
    explorer = sandbox.client("resource-explorer-2", EAST, DATA)
    found = {
        one["ResourceType"]: one["Properties"]
        for service in ("elasticache", "elasticfilesystem", "memorydb")
        for one in explorer.search(QueryString=f"service:{service} region:{EAST}")["Resources"]
    }
    supported = explorer.list_supported_resource_types(MaxResults=1000)["ResourceTypes"]
    assert set(found) <= {one["ResourceType"] for one in supported}
    return found


def test_data_services_are_found_also_after_a_restart(sandbox, east, multi, tmp_path):
    tags = [{"Key": "Customer", "Value": "acme"}]
    east.create_cluster(
        ClusterName="alone", NodeType="db.r7g.large", ACLName="open-access",
        SubnetGroupName="carts", Tags=tags,
    )  # fmt: skip
    sandbox.client("efs", EAST, DATA).create_file_system(CreationToken="one", Tags=tags)
    sandbox.client("elasticache", EAST, DATA).create_replication_group(
        ReplicationGroupId="sessions", ReplicationGroupDescription="sessions",
        CacheNodeType="cache.r7g.large", Tags=tags,
    )  # fmt: skip
    before = found_types(sandbox)
    assert {
        "elasticache:replicationgroup", "elasticfilesystem:file-system", "memorydb:cluster",
        "memorydb:subnetgroup",
    } <= set(before)  # fmt: skip
    assert before["memorydb:cluster"][0]["Data"] == tags
    # Another process has put no correction in place before it is asked for something.
    process.snapshot(sandbox.home, tmp_path / "kept")
    process.stop(sandbox.home)
    sandbox.status = process.start(sandbox.home, snapshot=tmp_path / "kept")
    assert set(found_types(sandbox)) == set(before)


def alone(client, name="alone", **more):
    return client.create_cluster(
        **{"ClusterName": name, "NodeType": "db.t4g.small", "ACLName": "open-access",
           "SubnetGroupName": "carts", **more}
    )["Cluster"]  # fmt: skip


def test_a_cluster_is_what_it_was_asked_to_be(sandbox, east, refused):
    made = alone(east, Engine="valkey", EngineVersion="7.2", NumShards=2, NumReplicasPerShard=0)
    assert (made["Engine"], made["EngineVersion"]) == ("valkey", "7.2")
    assert made["ParameterGroupName"] == "default.memorydb-valkey7"
    busy = refused(east.update_cluster, ClusterName="alone", Description="later")
    assert busy[0] == "InvalidClusterStateFault"
    sandbox.settle()
    shards = east.describe_clusters(ClusterName="alone", ShowShardDetails=True)["Clusters"][0][
        "Shards"
    ]
    assert [(one["Slots"], one["NumberOfNodes"]) for one in shards] == [
        ("0-8191", 1), ("8192-16383", 1),
    ]  # fmt: skip
    east.update_cluster(ClusterName="alone", ReplicaConfiguration={"ReplicaCount": 1})
    found = east.describe_clusters(ClusterName="alone")["Clusters"][0]
    assert (found["Status"], found["AvailabilityMode"]) == ("updating", "multiaz")
    for change in ({"Engine": "memcached"}, {"EngineVersion": "5.0"}):
        answer = refused(alone, client=east, name="other", **change)
        assert answer[0] == "InvalidParameterValueException"


def test_lists_of_users_are_regional_and_kept_while_in_use(sandbox, east, west, refused):
    east.create_user(
        UserName="carts", AuthenticationMode={"Type": "iam"}, AccessString="on ~* +@all"
    )
    made = east.create_acl(ACLName="carts", UserNames=["carts"])["ACL"]
    assert (made["Status"], made["UserNames"]) == ("active", ["carts"])
    assert [one["Name"] for one in east.describe_acls()["ACLs"]] == ["open-access", "carts"]
    assert refused(west.describe_acls, ACLName="carts")[0] == "ACLNotFoundFault"
    assert refused(alone, client=west, ACLName="carts")[0] == "ACLNotFoundFault"
    unknown = refused(east.create_acl, ACLName="other", UserNames=["nobody"])
    assert unknown[0] == "UserNotFoundFault"
    alone(east, ACLName="carts")
    assert refused(east.delete_acl, ACLName="carts")[0] == "InvalidACLStateFault"
    sandbox.settle()
    east.delete_cluster(ClusterName="alone")
    assert east.delete_acl(ACLName="carts")["ACL"]["Status"] == "deleting"


def test_a_snapshot_reaches_another_region_through_s3_and_is_restored(sandbox, east, west, refused):
    alone(east, NumShards=2)
    assert refused(east.create_snapshot, ClusterName="alone", SnapshotName="s")[0] == (
        "InvalidClusterStateFault"
    )
    sandbox.settle()
    assert east.create_snapshot(ClusterName="alone", SnapshotName="s")["Snapshot"]["Status"] == (
        "creating"
    )
    early = refused(east.copy_snapshot, SourceSnapshotName="s", TargetSnapshotName="t")
    assert early[0] == "InvalidSnapshotStateFault"
    assert refused(east.delete_snapshot, SnapshotName="nobody")[0] == "SnapshotNotFoundFault"
    sandbox.settle()
    s3_east, s3_west = (
        sandbox.assumed(DATA).client("s3", name, endpoint_url=sandbox.status.endpoint)
        for name in (EAST, WEST)
    )
    s3_east.create_bucket(Bucket="memory-east")
    s3_west.create_bucket(
        Bucket="memory-west", CreateBucketConfiguration={"LocationConstraint": WEST}
    )
    elsewhere = refused(
        east.copy_snapshot,
        SourceSnapshotName="s", TargetSnapshotName="t", TargetBucket="memory-west",
    )  # fmt: skip
    assert elsewhere[0] == "InvalidParameterValueException"
    east.copy_snapshot(SourceSnapshotName="s", TargetSnapshotName="t", TargetBucket="memory-east")
    copied = east.copy_snapshot(SourceSnapshotName="s", TargetSnapshotName="t")["Snapshot"]
    assert (copied["Name"], copied["Status"]) == ("t", "copying")
    names = [f"t-{number:04d}.rdb" for number in (1, 2)]
    there = [f"arn:aws:s3:::memory-west/{name}" for name in names]
    assert refused(alone, client=west, SnapshotArns=there)[0] == "InvalidParameterValueException"
    for name in names:
        body = s3_east.get_object(Bucket="memory-east", Key=name)["Body"].read()
        s3_west.put_object(Bucket="memory-west", Key=name, Body=body)
    alone(west, SnapshotArns=there, NumShards=2)
    sandbox.settle()
    assert west.describe_clusters(ClusterName="alone")["Clusters"][0]["Status"] == "available"


def test_lag_is_told_in_the_region_that_receives(sandbox, east, west, multi):
    join(east, multi)
    sandbox.settle()
    join(west, multi)
    sandbox.settle()
    listed = sandbox.client("cloudwatch", WEST, DATA).list_metrics(
        Namespace="AWS/MemoryDB", MetricName="MultiRegionClusterReplicationLag"
    )["Metrics"]
    told = {tuple(one["Value"] for one in metric["Dimensions"]) for metric in listed}
    assert told == {("carts", EAST)}
