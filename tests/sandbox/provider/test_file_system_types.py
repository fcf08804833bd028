"""File systems, what hangs on them, and volumes through a whole life, over gRPC."""

import json

import pytest

from tests.sandbox.provider.provider_harness import Resource


@pytest.fixture(scope="module")
def network(aws):
    ec2 = aws("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    )["SecurityGroups"]
    return subnet["SubnetId"], [group["GroupId"] for group in groups]


@pytest.fixture
def system(plugin, request):
    made = Resource(plugin, "aws:efs/fileSystem:FileSystem", request.node.name)
    made.create({"creationToken": request.node.name[:64], "encrypted": True})
    return made


def test_a_file_system_lives(plugin):
    resource = Resource(plugin, "aws:efs/fileSystem:FileSystem")
    first = {
        "creationToken": "life",
        "encrypted": True,
        "protection": {"replicationOverwrite": "DISABLED"},
        "lifecyclePolicies": [{"transitionToIa": "AFTER_30_DAYS"}],
    }
    imported = resource.lives(
        first,
        {
            **first,
            "throughputMode": "provisioned",
            "provisionedThroughputInMibps": 8,
            "lifecyclePolicies": [
                {"transitionToArchive": "AFTER_90_DAYS"},
                {"transitionToIa": "AFTER_30_DAYS"},
            ],
            "tags": {"a": "b"},
        },
        [
            "throughputMode",
            "provisionedThroughputInMibps",
            "lifecyclePolicies[0].transitionToArchive",
            "lifecyclePolicies[0].transitionToIa",
            "lifecyclePolicies[1]",
            "tags",
            "tagsAll.a",
        ],
    )
    assert imported["protection"] == {"replicationOverwrite": "DISABLED"}


def test_a_mount_target_and_an_access_point_live(plugin, system, network):
    subnet, groups = network
    target = Resource(plugin, "aws:efs/mountTarget:MountTarget")
    first = {"fileSystemId": system.id, "subnetId": subnet, "securityGroups": groups[:1]}
    target.create(first)
    assert target.diff(first)[0] == {}
    assert target.state["dnsName"] == f"{system.id}.efs.us-west-2.amazonaws.com"
    assert target.refresh() == (target.id, target.inputs, target.state)
    point = Resource(plugin, "aws:efs/accessPoint:AccessPoint")
    point.lives(
        {
            "fileSystemId": system.id,
            "posixUser": {"uid": 1000, "gid": 1000},
            "rootDirectory": {
                "path": "/in",
                "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "0750"},
            },
        }
        | {"tags": {"a": "b"}},
        {
            "fileSystemId": system.id,
            "posixUser": {"uid": 1000, "gid": 1000},
            "rootDirectory": {
                "path": "/in",
                "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "0750"},
            },
        }
        | {"tags": {"a": "c"}},
        ["tags.a", "tagsAll.a"],
    )
    target.delete()
    assert target.refresh()[0] == ""


def test_policies_of_a_file_system_are_changed_in_place_and_taken_away(plugin, system):
    policy = Resource(plugin, "aws:efs/fileSystemPolicy:FileSystemPolicy")
    text = json.dumps({"Version": "2012-10-17", "Statement": []})
    policy.create({"fileSystemId": system.id, "policy": text})
    # the same in another order is no difference
    other = '{"Statement": [], "Version": "2012-10-17"}'
    assert policy.diff({"fileSystemId": system.id, "policy": other})[0] == {}
    policy.delete()
    assert policy.refresh()[0] == ""
    backups = Resource(plugin, "aws:efs/backupPolicy:BackupPolicy")
    backups.create({"fileSystemId": system.id, "backupPolicy": {"status": "ENABLED"}})
    off = {"fileSystemId": system.id, "backupPolicy": {"status": "DISABLED"}}
    assert set(backups.diff(off)[0]) == {"backupPolicy.status"}


def test_a_volume_of_ontap_lives(plugin, aws, network):
    fsx = aws("fsx")
    system = fsx.create_file_system(
        FileSystemType="ONTAP",
        StorageCapacity=1024,
        SubnetIds=[network[0]],
        OntapConfiguration={"DeploymentType": "SINGLE_AZ_2"},
    )["FileSystem"]["FileSystemId"]
    svm = fsx.create_storage_virtual_machine(FileSystemId=system, Name="life")
    first = {
        "name": "life",
        "storageVirtualMachineId": svm["StorageVirtualMachine"]["StorageVirtualMachineId"],
        "sizeInMegabytes": 1024,
        "ontapVolumeType": "DP",
    }
    volume = Resource(plugin, "aws:fsx/ontapVolume:OntapVolume")
    volume.lives(
        first,
        {**first, "sizeInMegabytes": 2048, "tags": {"a": "b"}},
        ["sizeInMegabytes", "tags", "tagsAll.a"],
    )
    assert "securityStyle" in volume.failures({**first, "securityStyle": "UNIX"})
