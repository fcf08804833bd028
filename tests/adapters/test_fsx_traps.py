"""FSx: backups in time, five copies at once, restores that are new file systems, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drstate.errors import OperationError
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.sandbox import process
from tests.adapters.filesystems import EAST, WEST, Files, copy_of

DOMAIN = "corp.initech.example"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("fsx") / "home"
    process.start(home, time_scale=1.0)
    yield home
    process.stop(home)


@pytest.fixture
def files(original: Path, tmp_path: Path) -> Iterator[Files]:
    with copy_of(original, tmp_path / "copy", "fsx") as found:
        found.protect()
        yield found


def systems(files: Files, region: str) -> list[dict]:
    found = files.client("fsx", region).describe_file_systems()["FileSystems"]
    return [one for one in found if one["FileSystemType"] == "WINDOWS"]


def tags(found: dict) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found["Tags"]}


def test_a_sixth_copy_waits_until_one_of_five_has_ended(files: Files) -> None:
    east, west = files.client("fsx", EAST), files.client("fsx", WEST)
    backup = east.create_backup(FileSystemId=files.facts["id"])["Backup"]["BackupId"]
    process.advance(files.home, settle=True)
    for _ in range(5):
        west.copy_backup(SourceBackupId=backup, SourceRegion=EAST)
    begun = files.clock.monotonic()
    told = files.run(files.action(Phase.REPLICATE, "copy"))
    assert files.clock.monotonic() > begun
    copied = west.describe_backups(BackupIds=[told["copy"]])["Backups"][0]
    assert copied["Lifecycle"] == "AVAILABLE"
    assert copied["KmsKeyId"].split(":")[3] == WEST
    assert tags(copied)["drstate:taken-at"] == told["taken_at"]


def test_the_age_of_the_newest_copy_is_the_rpo_and_a_young_one_is_not_taken_twice(
    files: Files,
) -> None:
    files.phase(Phase.REPLICATE)
    assert files.action(Phase.REPLICATE, "copy").observe(files.aws).done
    files.clock.sleep(3600)
    site = files.site(Phase.REPLICATE)
    lag = files.adapter.lag(files.kept, site, files.aws)
    assert lag is not None
    assert 3600 < float(lag.seconds or 0) < 4600
    # before an instantiation an hour is too old, for replicate a day is
    assert files.action(Phase.REPLICATE, "copy").observe(files.aws).done
    assert not files.action(Phase.INSTANTIATE, "copy").observe(files.aws).done
    files.clock.sleep(3 * 86400)
    assert files.adapter.ready(files.kept, site, files.aws).status is ResourceStatus.DEGRADED


def test_a_restore_is_a_new_file_system_in_the_sites_terms_and_the_old_one_is_kept(
    files: Files,
) -> None:
    files.phase(Phase.REPLICATE)
    files.phase(Phase.ACTIVATE)
    assert files.action(Phase.ACTIVATE, "restore").observe(files.aws).done
    (restored,) = systems(files, WEST)
    joined = restored["WindowsConfiguration"]["SelfManagedActiveDirectoryConfiguration"]
    assert joined["DomainName"] == DOMAIN
    assert joined["DomainJoinServiceAccountSecret"].split(":")[3] == WEST
    assert restored["WindowsConfiguration"]["Aliases"][0]["Name"] == f"files.{DOMAIN}"
    assert tags(restored)["drstate:source"] == files.facts["arn"]
    assert "dr:enabled" not in tags(restored)
    files.phase(Phase.CLEANUP)
    (old,) = systems(files, EAST)
    assert old["Lifecycle"] == "AVAILABLE"
    assert "drstate:superseded" in tags(old)
    # there and back: what serves in the east is a third one, and is what is captured then
    files.phase(Phase.REPLICATE)
    files.phase(Phase.ACTIVATE)
    assert len(systems(files, EAST)) == 2
    again = files.adapter.capture(files.resource, files.aws)
    assert again.endpoints["dns"] != files.kept.spec["endpoints"]["dns"]
    assert again.settings == files.adapter.spec(files.kept).settings


def test_a_forced_one_restores_the_newest_copy_and_asks_the_other_region_nothing(
    files: Files,
) -> None:
    files.phase(Phase.REPLICATE)
    files.clock.sleep(600)
    process.add_fault(files.home, {"effect": "region-down", "region": EAST})
    told = files.run(files.action(Phase.ACTIVATE, "restore", force=True))
    assert told["lag_seconds_before"] > 600
    assert told["endpoints"]["dns"].endswith(f".fsx.{WEST}.amazonaws.com")
    process.clear_faults(files.home)


def test_restored_in_instantiate_it_is_told_how_old_its_data_is(
    original: Path, tmp_path: Path
) -> None:
    with copy_of(original, tmp_path / "early", "fsx", restore_in="instantiate") as files:
        files.protect()
        files.phase(Phase.REPLICATE)
        files.phase(Phase.INSTANTIATE)
        assert len(systems(files, WEST)) == 1
        (warning,) = files.adapter.prerequisites(
            Phase.ACTIVATE, files.kept, files.site(Phase.ACTIVATE), files.aws
        )
        assert warning.status is ResourceStatus.DEGRADED
        assert "what was written since is not in it" in warning.detail


def test_what_is_not_mapped_is_told_before_anything_is_done(files: Files) -> None:
    files.scope.site_map[WEST].pop("secrets")
    (found,) = files.adapter.prerequisites(
        Phase.REPLICATE, files.kept, files.site(Phase.REPLICATE), files.aws
    )
    assert f"site_map.{WEST}.secrets" in found.detail
    assert "stacks/initech/production.yaml" in found.hint
    seen = files.action(Phase.REPLICATE, "copy").observe(files.aws)
    assert "secrets" in str(seen.blocked)


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("LUSTRE", {"LustreConfiguration": {"DeploymentType": "SCRATCH_2"}}, "SCRATCH_2"),
        ("ONTAP", {"OntapConfiguration": {"DeploymentType": "SINGLE_AZ_2"}}, "SnapMirror"),
    ],
)
def test_what_has_no_backups_is_no_source(files: Files, kind: str, more: dict, reason: str) -> None:
    subnet = files.client("ec2", EAST).describe_subnets()["Subnets"][0]["SubnetId"]
    made = files.client("fsx", EAST).create_file_system(
        FileSystemType=kind, StorageCapacity=1200, SubnetIds=[subnet], **more
    )["FileSystem"]
    other = {"name": made["FileSystemId"], "arn": made["ResourceARN"]}
    with pytest.raises(OperationError) as caught:
        files.adapter.capture(files.resource.model_copy(update=other), files.aws)
    assert reason in (caught.value.why or "")


def test_a_backup_that_fsx_has_begun_by_itself_is_waited_for(files: Files) -> None:
    files.client("fsx", EAST).create_backup(FileSystemId=files.facts["id"])
    told = files.run(files.action(Phase.ACTIVATE, "copy"))
    taken = files.client("fsx", EAST).describe_backups()["Backups"]
    assert len(taken) == 2, "a last backup begins after the one that was under way"
    assert told["taken_at"] == max(one["CreationTime"] for one in taken).isoformat()
