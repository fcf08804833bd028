"""EFS: what a copy has and lacks, who may be overwritten, and which end is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drstate.errors import OperationError
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.sandbox import process
from tests.adapters.filesystems import EAST, WEST, Files, copy_of


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("efs") / "home"
    process.start(home, time_scale=1.0)
    yield home
    process.stop(home)


@pytest.fixture
def files(original: Path, tmp_path: Path) -> Iterator[Files]:
    with copy_of(original, tmp_path / "copy", "efs") as found:
        found.protect()
        yield found


@pytest.fixture
def mirrored(files: Files) -> Files:
    """The recovery file system is there, as the program declares it, and is a copy."""
    west = files.client("efs", WEST)
    spec = files.adapter.spec(files.kept)
    made = west.create_file_system(
        CreationToken=spec.token,
        Encrypted=True,
        Tags=[{"Key": "drstate:managed", "Value": "true"}],
    )["FileSystemId"]
    process.advance(files.home, settle=True)
    west.update_file_system_protection(FileSystemId=made, ReplicationOverwriteProtection="DISABLED")
    files.phase(Phase.REPLICATE)
    return files


def protection(files: Files, region: str) -> str:
    spec = files.adapter.spec(files.kept)
    wanted = {"FileSystemId": spec.identifier} if region == EAST else {"CreationToken": spec.token}
    found = files.client("efs", region).describe_file_systems(**wanted)["FileSystems"][0]
    return str(found["FileSystemProtection"]["ReplicationOverwriteProtection"])


def test_a_planned_activation_waits_until_what_was_written_before_is_copied(
    mirrored: Files,
) -> None:
    # a round takes a minute: right after one, nothing newer has been copied
    process.advance(mirrored.home, 61)
    began = mirrored.clock.now()
    told = mirrored.run(mirrored.action(Phase.ACTIVATE, "break"))
    assert told["last_replicated"] >= began.isoformat()
    assert told["lag_seconds_before"] == 0.0
    assert told["data_loss"].startswith("none of what was written before")
    assert {call.region for call in mirrored.calls if "delete" in call.operation} == {WEST}


def test_a_forced_one_waits_for_nothing_and_tells_the_age_of_the_copy(mirrored: Files) -> None:
    mirrored.clock.sleep(30)
    seen = len(mirrored.calls)
    told = mirrored.run(mirrored.action(Phase.ACTIVATE, "break", force=True))
    assert 0 < told["lag_seconds_before"] < 120
    assert "are lost or there in part" in told["data_loss"]
    assert told["deletion"] == "at both ends"
    assert {call.region for call in mirrored.calls[seen:]} == {WEST}


def test_the_configuration_is_deleted_at_one_end_only_where_both_fail_and_the_reversal_clears_it(
    mirrored: Files,
) -> None:
    rule = {"effect": "error", "service": "efs", "operation": "DeleteReplicationConfiguration",
            "code": "InternalServerError", "calls": "1-5", "times": 5}  # fmt: skip
    process.add_fault(mirrored.home, rule)
    told = mirrored.run(mirrored.action(Phase.ACTIVATE, "break", force=True))
    process.clear_faults(mirrored.home)
    assert told["deletion"].startswith("at this end only")
    assert protection(mirrored, WEST) == "ENABLED"
    east = mirrored.client("efs", EAST)
    left = east.describe_replication_configurations(FileSystemId=mirrored.facts["id"])
    assert left["Replications"][0]["Destinations"][0]["Status"] == "ERROR"
    mirrored.serving = WEST
    mirrored.phase(Phase.REPLICATE)
    now = east.describe_replication_configurations(FileSystemId=mirrored.facts["id"])
    assert now["Replications"][0]["SourceFileSystemRegion"] == WEST
    assert mirrored.recovery == EAST


def test_a_refusal_is_no_reason_to_cut_off_one_end_when_nothing_is_lost_yet(
    mirrored: Files,
) -> None:
    rule = {"effect": "error", "service": "efs", "operation": "DeleteReplicationConfiguration",
            "code": "AccessDeniedException"}  # fmt: skip
    process.add_fault(mirrored.home, rule)
    with pytest.raises(OperationError):
        mirrored.run(mirrored.action(Phase.ACTIVATE, "break"))
    process.clear_faults(mirrored.home)
    assert protection(mirrored, WEST) == "REPLICATING"


def test_the_protected_old_source_is_opened_at_the_reversal_which_says_what_it_overwrites(
    mirrored: Files,
) -> None:
    mirrored.phase(Phase.ACTIVATE)
    assert protection(mirrored, EAST) == "ENABLED"
    reversal = mirrored.action(Phase.REPLICATE, "replicate")
    assert f"what was written in {EAST} since the failover is overwritten" in reversal.spec.title
    recorded = reversal.observe(mirrored.aws).facts
    mirrored.run(reversal)
    assert protection(mirrored, EAST) == "REPLICATING"
    reversal.undo(mirrored.aws, mirrored.context({}), recorded)
    assert protection(mirrored, EAST) == "ENABLED"


def test_a_source_is_never_opened_to_be_overwritten(mirrored: Files) -> None:
    mirrored.serving = WEST  # the catalog is wrong: nothing was activated
    seen = mirrored.action(Phase.REPLICATE, "replicate").observe(mirrored.aws)
    assert not seen.done
    assert seen.blocked is not None
    assert "is the source of a replication" in seen.blocked


def test_a_file_system_that_never_was_a_copy_is_not_taken_for_activated(files: Files) -> None:
    west = files.client("efs", WEST)
    token = files.adapter.spec(files.kept).token
    made = west.create_file_system(CreationToken=token)["FileSystemId"]
    process.advance(files.home, settle=True)
    west.update_file_system_protection(FileSystemId=made, ReplicationOverwriteProtection="DISABLED")
    seen = files.action(Phase.ACTIVATE, "break").observe(files.aws)
    assert not seen.done
    assert "has never been a copy" in str(seen.blocked)
    assert files.adapter.created(
        "aws:efs/fileSystem:FileSystem",
        {"creationToken": token, "region": WEST},
        files.facts["account"],
        files.aws,
    ) == made  # fmt: skip


def test_a_copy_without_its_mount_targets_is_not_ready(mirrored: Files) -> None:
    site = mirrored.site(Phase.REPLICATE)
    found = mirrored.adapter.ready(mirrored.kept, site, mirrored.aws)
    assert found.status is ResourceStatus.UNHEALTHY
    assert "0 of 2 mount targets" in found.detail
    assert found.facts["lag_seconds"] >= 0
    lag = mirrored.adapter.lag(mirrored.kept, site, mirrored.aws)
    assert lag is not None
    assert lag.seconds is not None


def test_a_copy_and_a_one_zone_file_system_are_no_source(mirrored: Files) -> None:
    west = mirrored.client("efs", WEST)
    copy = west.describe_file_systems()["FileSystems"][0]
    here = {"name": copy["FileSystemId"], "arn": copy["FileSystemArn"], "region": WEST}
    with pytest.raises(OperationError, match="is the destination of a replication"):
        mirrored.adapter.capture(mirrored.resource.model_copy(update=here), mirrored.aws)
    zone = west.create_file_system(CreationToken="zone", AvailabilityZoneName=f"{WEST}a")
    there = {"name": zone["FileSystemId"], "arn": zone["FileSystemArn"], "region": WEST}
    with pytest.raises(OperationError, match="One Zone"):
        mirrored.adapter.capture(mirrored.resource.model_copy(update=there), mirrored.aws)
