"""What takes time in AWS takes (scaled) time, through AWS's states, service by service."""

import io
import zipfile

import pytest

from drstate.sandbox import process

DATA, APP = "211111111101", "211111111102"
EAST, WEST = "us-east-1", "us-west-2"


class Place:
    """One region of one account."""

    def __init__(self, sandbox, account=DATA, region=EAST):
        self.sandbox, self.account, self.region = sandbox, account, region

    def client(self, service):
        return self.sandbox.client(service, self.region, self.account)

    def subnets(self):
        found = self.client("ec2").describe_subnets()["Subnets"]
        return [one["SubnetId"] for one in found]


def rds_instance(place):
    rds = place.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="alone", Engine="postgres", DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20, MasterUsername="u", MasterUserPassword="password1",
    )  # fmt: skip
    return lambda: rds.describe_db_instances(DBInstanceIdentifier="alone")["DBInstances"][0][
        "DBInstanceStatus"
    ]


def rds_cluster(place):
    rds = place.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="alone", Engine="aurora-postgresql", MasterUsername="u",
        MasterUserPassword="password1",
    )  # fmt: skip
    return lambda: rds.describe_db_clusters(DBClusterIdentifier="alone")["DBClusters"][0]["Status"]


def file_system(place):
    efs = place.client("efs")
    name = efs.create_file_system(CreationToken="t")["FileSystemId"]
    return lambda: efs.describe_file_systems(FileSystemId=name)["FileSystems"][0]["LifeCycleState"]


def mount_target(place):
    file_system(place)()
    efs = place.client("efs")
    place.sandbox.settle()
    name = efs.describe_file_systems()["FileSystems"][0]["FileSystemId"]
    made = efs.create_mount_target(FileSystemId=name, SubnetId=place.subnets()[0])
    target = made["MountTargetId"]
    return lambda: efs.describe_mount_targets(MountTargetId=target)["MountTargets"][0][
        "LifeCycleState"
    ]


def cache_cluster(place):
    cache = place.client("elasticache")
    cache.create_cache_cluster(
        CacheClusterId="alone", Engine="redis", CacheNodeType="cache.t4g.small", NumCacheNodes=1
    )
    return lambda: cache.describe_cache_clusters(CacheClusterId="alone")["CacheClusters"][0][
        "CacheClusterStatus"
    ]


def replication_group(place):
    cache = place.client("elasticache")
    cache.create_replication_group(
        ReplicationGroupId="sessions", ReplicationGroupDescription="s",
        CacheNodeType="cache.r7g.large", NumCacheClusters=2, AutomaticFailoverEnabled=True,
    )  # fmt: skip
    return lambda: cache.describe_replication_groups()["ReplicationGroups"][0]["Status"]


def memory_cluster(place):
    memory = place.client("memorydb")
    memory.create_subnet_group(SubnetGroupName="carts", SubnetIds=place.subnets()[:2])
    memory.create_cluster(
        ClusterName="carts", NodeType="db.t4g.small", ACLName="open-access",
        SubnetGroupName="carts",
    )  # fmt: skip
    return lambda: memory.describe_clusters(ClusterName="carts")["Clusters"][0]["Status"]


def search_domain(place):
    search = place.client("opensearch")
    search.create_domain(DomainName="orders")

    def state():
        found = search.describe_domain(DomainName="orders")["DomainStatus"]
        assert ("Endpoint" in found) is not found["Processing"]
        return "processing" if found["Processing"] else "available"

    return state


def function(place):
    functions = place.client("lambda")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("one.py", "def handler(event, context): return event")
    functions.create_function(
        FunctionName="one", Runtime="python3.11", Handler="one.handler",
        Role=f"arn:aws:iam::{place.account}:role/drstate-target",
        Code={"ZipFile": stream.getvalue()},
    )  # fmt: skip
    return lambda: functions.get_function(FunctionName="one")["Configuration"]["State"]


def instance(place):
    ec2 = place.client("ec2")
    name = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0][
        "InstanceId"
    ]
    return lambda: ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0][
        "State"
    ]["Name"]


def target_health(place):
    balancing = place.client("elbv2")
    vpc = place.client("ec2").describe_subnets()["Subnets"][0]["VpcId"]
    group = balancing.create_target_group(
        Name="alone", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    balancer = balancing.create_load_balancer(Name="alone", Subnets=place.subnets()[:2])[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    balancing.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )  # fmt: skip
    balancing.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 80}])

    def state():
        shown = balancing.describe_target_health(TargetGroupArn=group)
        return shown["TargetHealthDescriptions"][0]["TargetHealth"]["State"]

    return state


def windows_share(place):
    fsx = place.client("fsx")
    fsx.create_file_system(
        FileSystemType="WINDOWS", StorageCapacity=32, SubnetIds=place.subnets()[:1],
        WindowsConfiguration={"ThroughputCapacity": 8},
    )  # fmt: skip
    return lambda: fsx.describe_file_systems()["FileSystems"][0]["Lifecycle"]


# What is made, where; its first state, its last, and the nominal seconds between them.
SLOW = {
    "RDS instance": (rds_instance, DATA, "creating", "available", 15),
    "Aurora cluster": (rds_cluster, DATA, "creating", "available", 15),
    "EFS file system": (file_system, DATA, "creating", "available", 10),
    "EFS mount target": (mount_target, DATA, "creating", "available", 10),
    "ElastiCache cluster": (cache_cluster, DATA, "creating", "available", 10),
    "ElastiCache replication group": (replication_group, DATA, "creating", "available", 10),
    "MemoryDB cluster": (memory_cluster, DATA, "creating", "available", 10),
    "OpenSearch domain": (search_domain, DATA, "processing", "available", 900),
    "Lambda function": (function, APP, "Pending", "Active", 5),
    "EC2 instance": (instance, APP, "pending", "running", 15),
    "target of a load balancer": (target_health, APP, "initial", "healthy", 50),
    "FSx file system": (windows_share, DATA, "CREATING", "AVAILABLE", 300),
}


@pytest.mark.parametrize("kind", SLOW)
def test_making_one_takes_its_time_through_its_states(sandbox, kind):
    make, account, first, last, seconds = SLOW[kind]
    # The service's model is read before the clock counts.
    place = Place(sandbox, account)
    state = make(place)
    assert state() == first
    process.advance(sandbox.home, seconds / 2 - 1)
    assert state() == first
    process.advance(sandbox.home, seconds / 2 + 2)
    assert state() == last


def test_replica_is_made_and_promoted_in_time(sandbox, refused):
    place = Place(sandbox)
    state = rds_instance(place)
    rds = place.client("rds")
    make = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": "alone"}
    assert state() == "creating"
    assert refused(rds.create_db_instance_read_replica, **make)[0] == "InvalidDBInstanceState"
    sandbox.settle()

    def shown(name):
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    rds.create_db_instance_read_replica(**make)
    assert (shown("copy")["DBInstanceStatus"], state()) == ("creating", "available")
    assert refused(rds.promote_read_replica, DBInstanceIdentifier="copy")[0] == (
        "InvalidDBInstanceState"
    )
    process.advance(sandbox.home, 16)
    assert shown("copy")["DBInstanceStatus"] == "available"
    assert shown("alone")["ReadReplicaDBInstanceIdentifiers"] == ["copy"]
    rds.promote_read_replica(DBInstanceIdentifier="copy")
    assert shown("copy")["DBInstanceStatus"] == "modifying"
    assert shown("copy")["ReadReplicaSourceDBInstanceIdentifier"] == "alone"
    process.advance(sandbox.home, 21)
    promoted = shown("copy")
    assert promoted["DBInstanceStatus"] == "available"
    assert "ReadReplicaSourceDBInstanceIdentifier" not in promoted
    assert shown("alone").get("ReadReplicaDBInstanceIdentifiers", []) == []
    assert refused(rds.promote_read_replica, DBInstanceIdentifier="copy")[0] == (
        "InvalidDBInstanceState"
    )


def test_mount_target_waits_for_its_file_system(sandbox, refused):
    place = Place(sandbox)
    file_system(place)
    efs = place.client("efs")
    name = efs.describe_file_systems()["FileSystems"][0]["FileSystemId"]
    early = refused(efs.create_mount_target, FileSystemId=name, SubnetId=place.subnets()[0])
    assert early[:2] == ("IncorrectFileSystemLifeCycleState", 409)
