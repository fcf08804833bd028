"""ONTAP: through the vendor's library, over checked TLS; FSx a minute behind; nothing by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drstate.adapters.at import At
from drstate.adapters.ontap.client import Cluster, Login, OntapError, lag_seconds
from drstate.adapters.ontap.place import Place, place
from drstate.errors import ConfigError, OperationError
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.sandbox import process
from tests.adapters.filesystems import EAST, WEST, Files, copy_of


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox in which the recovery volume is there, as the program declares it, and a copy."""
    home = tmp_path_factory.mktemp("ontap") / "home"
    process.start(home, time_scale=1.0)
    with copy_of(home, home.parent / "mirrored", "ontap") as files:
        files.protect()
        files.client("fsx", WEST).create_volume(
            VolumeType="ONTAP",
            Name="orders",
            OntapConfiguration={
                "StorageVirtualMachineId": files.facts["svms"][WEST],
                "SizeInMegabytes": 102400,
                "OntapVolumeType": "DP",
            },
        )
        files.phase(Phase.REPLICATE)
        yield files.home
    process.stop(home)


@pytest.fixture
def files(original: Path, tmp_path: Path) -> Iterator[Files]:
    with copy_of(original, tmp_path / "copy", "ontap") as found:
        found.protect()
        yield found


def at(files: Files, region: str) -> Place:
    where = At(files.aws, files.facts["account"], region)
    spec = files.adapter.spec(files.kept)
    return place(where, spec, files.site(Phase.ACTIVATE))


def shown(files: Files, region: str) -> dict[str, Any]:
    """The volume as FSx shows it."""
    (found,) = files.client("fsx", region).describe_volumes()["Volumes"]
    return found["OntapConfiguration"]


def test_a_planned_activation_unmounts_copies_breaks_and_mounts_in_this_order(
    files: Files,
) -> None:
    names = [action.spec.id.rpartition("#")[2] for action in files.actions(Phase.ACTIVATE)]
    assert names == ["unmount", "break", "mount"]
    files.clock.sleep(200)
    for action in files.actions(Phase.ACTIVATE):
        told = files.run(action)
        if action.spec.id.endswith("#break"):
            assert told["data_loss"].startswith("none")
    assert shown(files, EAST).get("JunctionPath") is None
    assert (shown(files, WEST)["OntapVolumeType"], shown(files, WEST)["JunctionPath"]) == (
        "RW",
        "/orders",
    )


def test_fsx_shows_a_copy_for_a_minute_after_the_break_and_that_is_waited_for(
    files: Files,
) -> None:
    here = at(files, WEST)
    mirror = here.cluster.mirror(here.path)
    assert mirror is not None
    with pytest.raises(OntapError) as caught:
        here.cluster.set_state(mirror.uuid, "broken_off")
    assert "not quiesced" in str(caught.value.why)
    here.cluster.set_state(mirror.uuid, "paused")
    process.advance(files.home, 3)
    here.cluster.set_state(mirror.uuid, "broken_off")
    process.advance(files.home, 10)
    assert files.action(Phase.ACTIVATE, "break").observe(files.aws).done
    assert shown(files, WEST)["OntapVolumeType"] == "DP"
    mount = files.action(Phase.ACTIVATE, "mount", force=True)
    assert not mount.observe(files.aws).done
    # a break leaves it unmounted, and its quotas off, although there are rules
    broken = here.cluster.volume(here.svm_name, "orders")
    assert broken is not None
    assert (broken.junction, broken.quotas) == (None, False)
    files.run(mount)
    assert shown(files, WEST)["OntapVolumeType"] == "RW"
    site = files.site(Phase.ACTIVATE)
    assert files.adapter.health(files.kept, site, files.aws).ok
    mounted = here.cluster.volume(here.svm_name, "orders")
    assert mounted is not None
    assert mounted.quotas


def test_the_last_copy_begins_after_one_that_is_under_way(files: Files) -> None:
    here = at(files, WEST)
    mirror = here.cluster.mirror(here.path)
    assert mirror is not None
    here.cluster.copy_now(mirror.uuid)
    assert here.cluster.mirror(here.path).transferring
    with pytest.raises(OntapError, match="could not post"):
        here.cluster.copy_now(mirror.uuid)
    files.run(files.action(Phase.ACTIVATE, "break"))
    assert here.cluster.mirror(here.path).state == "broken_off"


def test_a_forced_one_needs_nothing_of_the_other_region_nor_the_end_of_a_transfer(
    files: Files,
) -> None:
    here = at(files, WEST)
    here.cluster.copy_now(here.cluster.mirror(here.path).uuid)
    process.add_fault(files.home, {"effect": "region-down", "region": EAST})
    process.advance(files.home, 3600)
    lost = here.cluster.mirror(here.path)
    assert (lost.healthy, lost.transferring) == (False, True)
    planned = files.action(Phase.ACTIVATE, "break").observe(files.aws)
    assert "does not answer" in str(planned.blocked)
    assert [a.spec.needs_consent for a in files.actions(Phase.ACTIVATE, force=True)] == [
        "data-loss",
        None,
    ]
    for action in files.actions(Phase.ACTIVATE, force=True):
        files.run(action)
    process.clear_faults(files.home)
    assert "throws away what they write" in str(
        files.adapter.unfenced(files.kept, files.site(Phase.ACTIVATE, force=True))
    )


def test_the_reversal_says_what_it_throws_away_and_clears_the_old_direction(files: Files) -> None:
    files.phase(Phase.ACTIVATE)
    files.phase(Phase.CLEANUP)
    reversal = files.action(Phase.REPLICATE, "mirror")
    assert f"written in {EAST} since the failover is thrown away" in reversal.spec.title
    files.run(reversal)
    east, west = at(files, EAST), at(files, WEST)
    assert west.cluster.mirror(west.path) is None
    back = east.cluster.mirror(east.path)
    assert back is not None
    assert (back.source, back.state) == (west.path, "snapmirrored")
    assert reversal.observe(files.aws).done


def test_a_volume_that_is_not_mounted_does_not_serve_and_quotas_that_are_off_degrade_it(
    files: Files,
) -> None:
    files.run(files.action(Phase.ACTIVATE, "break"))
    site, here = files.site(Phase.ACTIVATE), at(files, WEST)
    found = files.adapter.health(files.kept, site, files.aws)
    assert found.status is ResourceStatus.UNHEALTHY
    assert "is not mounted at /orders" in found.detail
    broken = here.cluster.volume(here.svm_name, "orders")
    assert broken is not None
    here.cluster.mount(broken.uuid, "/orders")
    found = files.adapter.health(files.kept, site, files.aws)
    assert found.status is ResourceStatus.DEGRADED
    assert "its quotas are not active" in found.detail


def test_a_certificate_of_nobodys_is_not_accepted_and_the_password_is_nowhere_told(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = at(files, EAST).cluster.host
    secret = "not-the-password"
    login = Login(host, "fsxadmin", secret)
    assert secret not in repr(login)
    with pytest.raises(OntapError) as refused:
        Cluster(login, files.clock).volume("initech", "orders")
    assert "not authorized" in str(refused.value.why)
    assert "policies.ontap.secrets" in refused.value.hint
    monkeypatch.delenv("DRSTATE_ONTAP_CA_FILE")
    with pytest.raises(OntapError) as untrusted:
        Cluster(login, files.clock).volume("initech", "orders")
    assert "CERTIFICATE_VERIFY_FAILED" in str(untrusted.value.why)
    for error in (refused.value, untrusted.value):
        assert secret not in f"{error} {error.why} {error.hint}"


def test_a_busy_cluster_is_asked_again_by_the_clock_of_whoever_asks(files: Files) -> None:
    here = at(files, EAST)
    busy = {"effect": "throttle", "service": "ontap", "operation": "GetStorageVolumes", "times": 2}
    process.add_faults(files.home, [busy])
    before = files.clock.monotonic()
    assert here.cluster.volume(here.svm_name, "orders") is not None
    assert files.clock.monotonic() - before == 1 + 2


def test_without_the_vendors_library_the_error_names_the_extra(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "netapp_ontap", None)
    with pytest.raises(ConfigError) as caught:
        files.action(Phase.ACTIVATE, "break").observe(files.aws)
    assert caught.value.hint == "pip install 'drstate[ontap]'"


def test_a_site_that_nobody_can_log_in_to_stops_the_run_before_its_first_action(
    files: Files,
) -> None:
    files.scope.policies.by_technology["ontap"]["secrets"].pop(WEST)
    (found,) = files.adapter.prerequisites(
        Phase.ACTIVATE, files.kept, files.site(Phase.ACTIVATE), files.aws
    )
    assert found.status is ResourceStatus.UNHEALTHY
    assert f"policies.ontap.secrets.{WEST}" in found.detail


def test_a_copy_is_no_source(files: Files) -> None:
    (copy,) = files.client("fsx", WEST).describe_volumes()["Volumes"]
    other = {"name": copy["VolumeId"], "arn": copy["ResourceARN"], "region": WEST}
    with pytest.raises(OperationError) as caught:
        files.adapter.capture(files.resource.model_copy(update=other), files.aws)
    assert "it is a copy (DP)" in (caught.value.why or "")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT8M30S", 510.0), ("P1DT1H", 90000.0), ("PT0S", 0.0), ("", None), ("soon", None)],
)
def test_lag_is_read_as_iso_8601(text: str, seconds: float | None) -> None:
    assert lag_seconds(text) == seconds
