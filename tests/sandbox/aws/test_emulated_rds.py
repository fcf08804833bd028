"""RDS instances and their replicas: states, refusals, renames, lag."""

import pytest

from drstate.sandbox import process

DATA, EXTERNAL_ID = "233333333301", "initech-dr-51d0"
EAST, WEST = "us-east-1", "us-west-2"
NAME = "initech-production-billing"


def client(sandbox, service, region):
    session = sandbox.assumed(DATA, external_id=EXTERNAL_ID)
    return sandbox.checked(session, service, region)


@pytest.fixture
def pair(sandbox):
    """The demo's instance, with a replica in the west that is available."""
    east, west = (client(sandbox, "rds", region) for region in (EAST, WEST))
    facts = sandbox.facts("initech/production")["rds"]
    key = client(sandbox, "kms", WEST).create_key()["KeyMetadata"]["Arn"]
    west.create_db_instance_read_replica(
        DBInstanceIdentifier=NAME, SourceDBInstanceIdentifier=facts["arn"], SourceRegion=EAST,
        KmsKeyId=key, DBParameterGroupName=facts[WEST]["parameter_group"],
        Tags=[{"Key": "a", "Value": "b"}],
    )  # fmt: skip
    sandbox.settle()
    return east, west


def shown(rds, name=NAME):
    return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def test_replica_of_another_region_has_what_was_asked_for_and_nothing_else(sandbox, pair, refused):
    east, west = pair
    found, source = shown(west), shown(east)
    assert found["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceArn"]
    assert found["StatusInfos"] == [
        {"StatusType": "read replication", "Normal": True, "Status": "replicating"}
    ]
    assert found["TagList"] == [{"Key": "a", "Value": "b"}]
    assert (found["BackupRetentionPeriod"], found["MultiAZ"]) == (0, False)
    assert found["AvailabilityZone"].startswith(WEST)
    assert found.get("EnabledCloudwatchLogsExports", []) == []
    assert found["DbiResourceId"] != source["DbiResourceId"]
    make = {"DBInstanceIdentifier": "other", "SourceDBInstanceIdentifier": source["DBInstanceArn"]}
    create = west.create_db_instance_read_replica
    assert "KmsKeyId is required" in refused(create, **make)[2]
    key = source["KmsKeyId"]
    assert refused(create, KmsKeyId=key, **make)[0] == "KMSKeyNotAccessibleFault"
    assert refused(create, KmsKeyId="alias/x", DBParameterGroupName="none", **make)[0] == (
        "DBParameterGroupNotFound"
    )
    named = refused(west.describe_db_parameter_groups, DBParameterGroupName="none")
    assert named[0] == "DBParameterGroupNotFound"
    assert refused(west.switchover_read_replica, DBInstanceIdentifier=NAME)[0] == (
        "InvalidDBInstanceState"
    )


def test_nothing_is_promoted_or_changed_while_it_is_backed_up(sandbox, pair, refused):
    _, west = pair
    west.create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier="now")
    assert shown(west)["DBInstanceStatus"] == "backing-up"
    promote = {"DBInstanceIdentifier": NAME, "BackupRetentionPeriod": 7}
    assert refused(west.promote_read_replica, **promote)[0] == "InvalidDBInstanceState"
    process.advance(sandbox.home, 11)
    assert shown(west)["DBInstanceStatus"] == "available"
    # switching backups on takes one first
    west.modify_db_instance(
        DBInstanceIdentifier=NAME, BackupRetentionPeriod=1, ApplyImmediately=True
    )
    process.advance(sandbox.home, 4)
    assert shown(west)["DBInstanceStatus"] == "backing-up"
    assert refused(west.promote_read_replica, **promote)[0] == "InvalidDBInstanceState"
    sandbox.settle()
    west.promote_read_replica(**promote)
    sandbox.settle()
    assert shown(west)["BackupRetentionPeriod"] == 7


def test_renamed_source_keeps_its_replica_and_its_clients_are_gone(sandbox, pair, refused):
    east, west = pair
    metrics = client(sandbox, "cloudwatch", WEST)

    def lag():
        found = metrics.get_metric_statistics(
            Namespace="AWS/RDS", MetricName="ReplicaLag", Period=60, Statistics=["Maximum"],
            Dimensions=[{"Name": "DBInstanceIdentifier", "Value": NAME}],
            StartTime="2000-01-01T00:00:00Z", EndTime="2100-01-01T00:00:00Z",
        )["Datapoints"]  # fmt: skip
        return max(found, key=lambda one: one["Timestamp"])["Maximum"]

    assert lag() > 0
    assert refused(east.stop_db_instance, DBInstanceIdentifier=NAME)[0] == "InvalidDBInstanceState"
    rename = {"DBInstanceIdentifier": NAME, "NewDBInstanceIdentifier": "put-away"}
    assert "ApplyImmediately" in refused(east.modify_db_instance, **rename)[2]
    east.modify_db_instance(**rename, ApplyImmediately=True)
    assert shown(east, "put-away")["DBInstanceStatus"] == "renaming"
    sandbox.settle()
    assert refused(shown, rds=east)[0] == "DBInstanceNotFound"
    assert shown(west)["ReadReplicaSourceDBInstanceIdentifier"].endswith(":db:put-away")
    assert shown(east, "put-away")["ReadReplicaDBInstanceIdentifiers"] == [
        shown(west)["DBInstanceArn"]
    ]
    assert lag() == 0
    west.promote_read_replica(DBInstanceIdentifier=NAME)
    sandbox.settle()
    east.stop_db_instance(DBInstanceIdentifier="put-away")
    assert shown(east, "put-away")["DBInstanceStatus"] == "stopping"
    sandbox.settle()
    assert shown(east, "put-away")["DBInstanceStatus"] == "stopped"


def test_replica_whose_source_is_deleted_says_so(sandbox, pair, refused):
    east, west = pair
    delete = {"DBInstanceIdentifier": NAME}
    assert refused(east.delete_db_instance, **delete)[0] == "InvalidParameterCombination"
    east.modify_db_instance(**delete, DeletionProtection=False, ApplyImmediately=True)
    sandbox.settle()
    east.delete_db_instance(**delete, FinalDBSnapshotIdentifier="last")
    info = shown(west)["StatusInfos"][0]
    assert (info["Status"], info["Normal"]) == ("terminated", False)
