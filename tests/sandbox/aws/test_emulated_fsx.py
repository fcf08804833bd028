"""File systems of FSx: states, backups, copies in another region, restores."""

import pytest

from drstate.sandbox import process

DATA = "211111111101"
EAST, WEST = "us-east-1", "us-west-2"
WINDOWS = {
    "ThroughputCapacity": 32,
    "DeploymentType": "SINGLE_AZ_2",
    "Aliases": ["files.acme.example"],
    "CopyTagsToBackups": True,
    "SelfManagedActiveDirectoryConfiguration": {
        "DomainName": "acme.example",
        "UserName": "joiner",
        "Password": "only-for-joining",
        "DnsIps": ["10.0.0.2"],
    },
}
TAGS = [{"Key": "dr:enabled", "Value": "true"}]


class Site:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.east = sandbox.client("fsx", EAST, DATA)
        self.west = sandbox.client("fsx", WEST, DATA)

    def subnet(self, region):
        ec2 = self.sandbox.client("ec2", region, DATA)
        return ec2.describe_subnets()["Subnets"][0]["SubnetId"]

    def windows(self, **more):
        return self.east.create_file_system(
            FileSystemType="WINDOWS",
            StorageCapacity=300,
            SubnetIds=[self.subnet(EAST)],
            WindowsConfiguration=WINDOWS,
            Tags=TAGS,
            **more,
        )["FileSystem"]

    def system(self, name, client=None):
        shown = (client or self.east).describe_file_systems(FileSystemIds=[name])
        return shown["FileSystems"][0]

    def backup(self, name, client=None):
        return (client or self.east).describe_backups(BackupIds=[name])["Backups"][0]

    def ready(self):
        """A file system and a backup of it, both available."""
        system = self.windows()["FileSystemId"]
        self.sandbox.settle()
        backup = self.east.create_backup(FileSystemId=system)["Backup"]["BackupId"]
        self.sandbox.settle()
        return system, backup


@pytest.fixture
def site(sandbox):
    return Site(sandbox)


def test_file_system_comes_back_in_another_region_from_a_copied_backup(site, sandbox, refused):
    made = site.windows()
    name = made["FileSystemId"]
    assert made["Lifecycle"] == "CREATING"
    assert refused(site.east.create_backup, FileSystemId=name)[0] == "BadRequest"
    process.advance(sandbox.home, 299)
    assert site.system(name)["Lifecycle"] == "CREATING"
    process.advance(sandbox.home, 2)
    assert site.system(name)["Lifecycle"] == "AVAILABLE"

    backup = site.east.create_backup(FileSystemId=name)["Backup"]
    assert (backup["Lifecycle"], backup["Type"]) == ("CREATING", "USER_INITIATED")
    assert backup["Tags"] == TAGS, "the file system's own"
    process.advance(sandbox.home, 60)
    assert 45 <= site.backup(backup["BackupId"])["ProgressPercent"] <= 55
    early = refused(site.west.copy_backup, SourceBackupId=backup["BackupId"], SourceRegion=EAST)
    assert early[0] == "SourceBackupUnavailable"
    process.advance(sandbox.home, 61)
    assert site.backup(backup["BackupId"])["Lifecycle"] == "AVAILABLE"

    copied = site.west.copy_backup(
        SourceBackupId=backup["BackupId"], SourceRegion=EAST, CopyTags=True
    )["Backup"]
    assert (copied["Lifecycle"], copied["SourceBackupRegion"]) == ("COPYING", EAST)
    assert copied["SourceBackupId"] == backup["BackupId"]
    subnet = site.subnet(WEST)
    wish = {"BackupId": copied["BackupId"], "SubnetIds": [subnet]}
    assert refused(site.west.create_file_system_from_backup, **wish)[0] == "BadRequest"
    blocked = refused(site.east.delete_backup, BackupId=backup["BackupId"])
    assert blocked[:2] == ("BackupBeingCopied", 400)
    process.advance(sandbox.home, 241)

    restored = site.west.create_file_system_from_backup(**wish)["FileSystem"]
    assert restored["Lifecycle"] == "CREATING"
    assert (restored["FileSystemType"], restored["StorageCapacity"]) == ("WINDOWS", 300)
    assert restored["FileSystemId"] != name
    assert restored["SubnetIds"] == [subnet]
    assert WEST in restored["DNSName"]
    settings = restored["WindowsConfiguration"]
    assert (settings["ThroughputCapacity"], settings["DeploymentType"]) == (32, "SINGLE_AZ_2")
    assert settings["Aliases"] == [{"Name": "files.acme.example", "Lifecycle": "AVAILABLE"}]
    blocked = refused(site.west.delete_backup, BackupId=copied["BackupId"])
    assert blocked[0] == "BackupRestoring"
    process.advance(sandbox.home, 301)
    assert site.system(restored["FileSystemId"], site.west)["Lifecycle"] == "AVAILABLE"
    gone = site.west.delete_backup(BackupId=copied["BackupId"])
    assert gone["Lifecycle"] == "DELETED"
    assert "only-for-joining" not in str(site.system(name))


def test_restore_takes_what_is_said_and_refuses_what_does_not_fit(site, refused):
    _, backup = site.ready()
    subnet = site.subnet(EAST)
    restore = site.east.create_file_system_from_backup
    wish = {"BackupId": backup, "SubnetIds": [subnet]}
    made = restore(
        **wish, StorageCapacity=600, WindowsConfiguration={"ThroughputCapacity": 64}
    )["FileSystem"]  # fmt: skip
    assert made["StorageCapacity"] == 600
    assert made["WindowsConfiguration"]["ThroughputCapacity"] == 64
    assert made["WindowsConfiguration"]["DeploymentType"] == "SINGLE_AZ_2"
    assert refused(restore, **wish, StorageCapacity=100)[0] == "BadRequest"
    lustre = {"DeploymentType": "PERSISTENT_1"}
    assert refused(restore, **wish, LustreConfiguration=lustre)[0] == "BadRequest"
    nowhere = {"BackupId": backup, "SubnetIds": ["subnet-0123456789abcdef0"]}
    assert refused(restore, **nowhere)[0] == "InvalidNetworkSettings"
    missing = {"BackupId": "backup-0123456789abcdef0", "SubnetIds": [subnet]}
    assert refused(restore, **missing)[:2] == ("BackupNotFound", 400)


def test_the_same_token_makes_one_file_system_and_one_backup(site, sandbox, refused):
    first, again = (site.windows(ClientRequestToken="t1") for _ in range(2))
    assert first["FileSystemId"] == again["FileSystemId"]
    other = {"ClientRequestToken": "t1", "NetworkType": "DUAL"}
    assert refused(site.windows, **other)[0] == "IncompatibleParameterError"
    sandbox.settle()
    made = [
        site.east.create_backup(FileSystemId=first["FileSystemId"], ClientRequestToken="b1")
        for _ in range(2)
    ]
    assert made[0]["Backup"]["BackupId"] == made[1]["Backup"]["BackupId"]
    busy = refused(
        site.east.create_backup, FileSystemId=first["FileSystemId"], ClientRequestToken="b2"
    )
    assert busy[0] == "BackupInProgress"


def test_deleted_file_system_leaves_a_last_backup_and_is_gone_in_time(site, sandbox, refused):
    name = site.windows()["FileSystemId"]
    sandbox.settle()
    ended = site.east.delete_file_system(FileSystemId=name)
    assert ended["Lifecycle"] == "DELETING"
    last = ended["WindowsResponse"]["FinalBackupId"]
    process.advance(sandbox.home, 121)
    gone = refused(site.east.describe_file_systems, FileSystemIds=[name])
    assert gone[:2] == ("FileSystemNotFound", 400)
    kept = site.backup(last)
    assert (kept["Lifecycle"], kept["FileSystem"]["FileSystemId"]) == ("AVAILABLE", name)
    restored = site.east.create_file_system_from_backup(
        BackupId=last, SubnetIds=[site.subnet(EAST)]
    )["FileSystem"]
    assert restored["StorageCapacity"] == 300


def test_only_what_can_be_backed_up_is_and_copies_have_their_limit(site, sandbox, refused):
    scratch = site.east.create_file_system(
        FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[site.subnet(EAST)]
    )["FileSystem"]["FileSystemId"]
    _, backup = site.ready()
    unfit = refused(site.east.create_backup, FileSystemId=scratch)
    assert unfit[0] == "UnsupportedOperation"
    volume = refused(site.east.create_backup, VolumeId="fsvol-0123456789abcdef0")
    assert volume[0] == "SandboxNotImplemented"
    for _ in range(5):
        site.west.copy_backup(SourceBackupId=backup, SourceRegion=EAST)
    more = refused(site.west.copy_backup, SourceBackupId=backup, SourceRegion=EAST)
    assert more[0] == "ServiceLimitExceeded"
    copy = {"SourceBackupId": backup, "SourceRegion": "us-east-9"}
    assert refused(site.west.copy_backup, **copy)[0] == "InvalidRegion"
    key = {"SourceBackupId": backup, "SourceRegion": EAST, "KmsKeyId": "no-such-key"}
    sandbox.settle()
    assert refused(site.west.copy_backup, **key)[0] == "InvalidDestinationKmsKey"


def test_lists_come_in_pages_and_by_filters(site):
    _, backup = site.ready()
    for client, operation, member, key in (
        (site.east, "describe_file_systems", "FileSystems", "FileSystemId"),
        (site.east, "describe_backups", "Backups", "BackupId"),
    ):
        site.windows()
        site.sandbox.settle()
        if member == "Backups":
            newest = site.east.describe_file_systems()["FileSystems"][-1]["FileSystemId"]
            site.east.create_backup(FileSystemId=newest)
        whole = [one[key] for one in getattr(client, operation)()[member]]
        paged = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1})
        pages = [page[member] for page in paged]
        assert len(whole) > 1
        assert [one[key] for page in pages for one in page] == whole
        assert all(len(page) == 1 for page in pages)
    of_system = [{"Name": "file-system-type", "Values": ["WINDOWS"]}]
    assert len(site.east.describe_backups(Filters=of_system)["Backups"]) == 2
    of_lustre = [{"Name": "file-system-type", "Values": ["LUSTRE"]}]
    assert site.east.describe_backups(Filters=of_lustre)["Backups"] == []
    assert site.east.list_tags_for_resource(ResourceARN=site.backup(backup)["ResourceARN"])[
        "Tags"
    ] == TAGS  # fmt: skip


def test_file_systems_survive_a_snapshot_in_the_middle_of_a_restore(site, sandbox, tmp_path):
    _, backup = site.ready()
    made = site.east.create_file_system_from_backup(BackupId=backup, SubnetIds=[site.subnet(EAST)])[
        "FileSystem"
    ]["FileSystemId"]
    process.snapshot(sandbox.home, tmp_path / "kept")
    sandbox.settle()
    process.restore(sandbox.home, tmp_path / "kept")
    assert site.system(made)["Lifecycle"] == "CREATING"
    process.advance(sandbox.home, 301)
    assert site.system(made)["Lifecycle"] == "AVAILABLE"
