"""Replicated file systems: states, protection, time, failing over and back."""

import pytest

from drstate.sandbox import process

DATA = "211111111101"
EAST, WEST = "us-east-1", "us-west-2"


@pytest.fixture
def east(sandbox):
    return sandbox.client("efs", EAST, DATA)


@pytest.fixture
def west(sandbox):
    return sandbox.client("efs", WEST, DATA)


@pytest.fixture
def source(east):
    return east.create_file_system(CreationToken="orders", Encrypted=True)["FileSystemId"]


def replicate(client, source, **destination):
    return client.create_replication_configuration(
        SourceFileSystemId=source, Destinations=[destination or {"Region": WEST}]
    )


def end(client, name):
    found = client.describe_replication_configurations(FileSystemId=name)["Replications"]
    return found[0]["Destinations"][0]


def protection(client, name):
    found = client.describe_file_systems(FileSystemId=name)["FileSystems"][0]
    return found["FileSystemProtection"]["ReplicationOverwriteProtection"]


def test_replication_is_enabled_in_time_and_makes_a_read_only_copy(
    sandbox, east, west, source, refused
):
    made = replicate(east, source)
    copy = made["Destinations"][0]
    assert (copy["Status"], copy["Region"]) == ("ENABLING", WEST)
    assert "LastReplicatedTimestamp" not in copy
    process.advance(sandbox.home, 19)
    assert end(east, source)["Status"] == "ENABLING"
    process.advance(sandbox.home, 2)
    assert end(east, source)["Status"] == "ENABLED"
    # Both ends show the same replication.
    assert end(west, copy["FileSystemId"])["FileSystemId"] == copy["FileSystemId"]
    assert protection(west, copy["FileSystemId"]) == "REPLICATING"
    assert protection(east, source) == "ENABLED"
    assert west.describe_file_systems()["FileSystems"][0]["Encrypted"] is True
    for client, name in ((east, source), (west, copy["FileSystemId"])):
        assert refused(client.delete_file_system, FileSystemId=name)[:2] == (
            "FileSystemInUse", 409,
        )  # fmt: skip
        assert refused(
            client.update_file_system_protection,
            FileSystemId=name, ReplicationOverwriteProtection="DISABLED",
        )[0] == "ReplicationAlreadyExists"  # fmt: skip


def test_replicated_time_moves_in_rounds(sandbox, east, source):
    created = replicate(east, source)["CreationTime"]
    process.advance(sandbox.home, 30)
    first = end(east, source)["LastReplicatedTimestamp"]
    assert abs((first - created).total_seconds()) < 1
    process.advance(sandbox.home, 40)
    second = end(east, source)["LastReplicatedTimestamp"]
    assert (second - first).total_seconds() == pytest.approx(60, abs=0.01)
    process.advance(sandbox.home, 600)
    third = end(east, source)["LastReplicatedTimestamp"]
    assert (third - second).total_seconds() == pytest.approx(600, abs=0.01)


def test_failing_over_and_back(sandbox, east, west, source, refused):
    copy = replicate(east, source)["Destinations"][0]["FileSystemId"]
    sandbox.settle()
    # Over: the replication is ended from the surviving region, and the copy is writable.
    west.delete_replication_configuration(SourceFileSystemId=source)
    assert end(west, copy)["Status"] == "DELETING"
    process.advance(sandbox.home, 21)
    assert refused(west.describe_replication_configurations, FileSystemId=copy)[:2] == (
        "ReplicationNotFound", 404,
    )  # fmt: skip
    assert protection(west, copy) == "ENABLED"
    # Back: the first source is protected until somebody decides that it may be overwritten.
    answer = refused(replicate, client=west, source=copy, Region=EAST, FileSystemId=source)
    assert answer[0] == "BadRequest"
    assert "protection" in answer[2]
    changed = east.update_file_system_protection(
        FileSystemId=source, ReplicationOverwriteProtection="DISABLED"
    )
    assert changed["ReplicationOverwriteProtection"] == "DISABLED"
    back = replicate(west, copy, Region=EAST, FileSystemId=source)
    assert back["SourceFileSystemRegion"] == WEST
    sandbox.settle()
    assert end(east, source)["Status"] == "ENABLED"
    assert protection(east, source) == "REPLICATING"
    # And once more in the first direction.
    east.delete_replication_configuration(SourceFileSystemId=copy)
    sandbox.settle()
    west.update_file_system_protection(FileSystemId=copy, ReplicationOverwriteProtection="DISABLED")
    replicate(east, source, Region=WEST, FileSystemId=copy)
    sandbox.settle()
    assert end(west, copy)["Status"] == "ENABLED"


def test_lost_key_stops_the_replication_until_it_is_back(sandbox, east, source):
    kms = sandbox.client("kms", WEST, DATA)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    replicate(east, source, Region=WEST, KmsKeyId=key)
    sandbox.settle()
    before = end(east, source)["LastReplicatedTimestamp"]
    kms.disable_key(KeyId=key)
    process.advance(sandbox.home, 300)
    broken = end(east, source)
    assert broken["Status"] == "ERROR"
    assert key in broken["StatusMessage"]
    assert broken["LastReplicatedTimestamp"] == before
    kms.enable_key(KeyId=key)
    mended = end(east, source)
    assert mended["Status"] == "ENABLED"
    assert mended["LastReplicatedTimestamp"] > before


@pytest.mark.parametrize(
    ("destination", "code"),
    [
        ({"Region": "us-none-1"}, "BadRequest"),
        ({"Region": WEST, "KmsKeyId": "11111111-2222-3333-4444-555555555555"}, "BadRequest"),
        ({"Region": WEST, "AvailabilityZoneName": "us-east-1a"}, "BadRequest"),
        ({"Region": WEST, "FileSystemId": "fs-0123456789abcdef0"}, "FileSystemNotFound"),
        ({"Region": WEST, "RoleArn": "arn:aws:iam::322222222201:role/copy"},
         "SandboxNotImplemented"),
        ({"Region": WEST,
          "FileSystemId":
              "arn:aws:elasticfilesystem:us-west-2:322222222201:file-system/fs-0123456789abcdef0"},
         "SandboxNotImplemented"),
    ],
)  # fmt: skip
def test_destination_that_aws_would_refuse_is_refused(east, source, refused, destination, code):
    answer = refused(replicate, client=east, source=source, **destination)
    assert answer[0] == code
    assert answer[3] == 0, "nothing that is retried"
    assert east.describe_replication_configurations()["Replications"] == []


def test_file_system_is_in_one_replication_only(sandbox, east, west, source, refused):
    copy = replicate(east, source)["Destinations"][0]["FileSystemId"]
    sandbox.settle()
    assert refused(replicate, client=east, source=source)[0] == "BadRequest"
    assert refused(replicate, client=west, source=copy, Region=EAST)[0] == "BadRequest"
    assert refused(
        west.delete_replication_configuration, SourceFileSystemId=copy
    )[0] == "ReplicationNotFound"  # fmt: skip


def test_configuration_deleted_at_one_end_is_an_error_at_the_other(sandbox, east, west, source):
    copy = replicate(east, source)["Destinations"][0]["FileSystemId"]
    sandbox.settle()
    local = {"SourceFileSystemId": source, "DeletionMode": "LOCAL_CONFIGURATION_ONLY"}
    west.delete_replication_configuration(**local)
    assert protection(west, copy) == "ENABLED"
    assert west.describe_replication_configurations()["Replications"] == []
    assert end(east, source)["Status"] == "ERROR"
    east.delete_replication_configuration(**local)
    assert east.describe_replication_configurations()["Replications"] == []


def test_throughput_and_policies_change(sandbox, east, source, refused):
    sandbox.settle()
    east.update_file_system(FileSystemId=source, ThroughputMode="elastic")
    assert east.describe_file_systems()["FileSystems"][0]["ThroughputMode"] == "elastic"
    assert refused(
        east.update_file_system, FileSystemId=source, ThroughputMode="provisioned"
    )[0] == "BadRequest"  # fmt: skip
    east.put_backup_policy(FileSystemId=source, BackupPolicy={"Status": "ENABLED"})
    assert east.describe_backup_policy(FileSystemId=source)["BackupPolicy"]["Status"] == "ENABLED"
    east.put_file_system_policy(FileSystemId=source, Policy="{}")
    east.delete_file_system_policy(FileSystemId=source)
    gone = refused(east.describe_file_system_policy, FileSystemId=source)
    assert gone[0] == "PolicyNotFound"


def test_an_access_point_is_made_once_for_a_token_and_only_where_the_file_system_is(east, source):
    words = {"ClientToken": "orders", "FileSystemId": source, "RootDirectory": {"Path": "/orders"}}
    made = east.create_access_point(**words)
    assert made["FileSystemId"] == source
    with pytest.raises(east.exceptions.AccessPointAlreadyExists):
        east.create_access_point(**words)
    with pytest.raises(east.exceptions.FileSystemNotFound):
        east.create_access_point(ClientToken="other", FileSystemId="fs-0a1b2c3d")
    east.delete_access_point(AccessPointId=made["AccessPointId"])
    assert east.describe_access_points(FileSystemId=source)["AccessPoints"] == []
    with pytest.raises(east.exceptions.AccessPointNotFound):
        east.delete_access_point(AccessPointId=made["AccessPointId"])
