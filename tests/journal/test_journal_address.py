"""Which journal a project has: what is said where, and what wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from drstate.engine.planned import load_planned, save_planned
from drstate.errors import ConfigError
from drstate.execution.journal_keeping import make_journal
from drstate.execution.journals import misplaced
from drstate.journal.address import TablePlace, chosen, place_of
from drstate.journal.sqlite import open_journal
from drstate.model.phases import SiteState
from tests.aws.clocks import FakeClock
from tests.journal.values import shard

ROOT = Path(__file__).parents[2]
WEST = "dynamodb://journal-1?region=us-west-2"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("sqlite:///x", "begin with dynamodb://"),
        ("dynamodb://", "3 to 255"),
        ("dynamodb://a b c?region=us-west-2", "3 to 255"),
        ("dynamodb://table/more?region=us-west-2", "3 to 255"),
        ("dynamodb://table", "does not name one region"),
        ("dynamodb://table?region=us-west-2&region=us-east-1", "does not name one region"),
        ("dynamodb://table?region=west", "does not name one region"),
        ("dynamodb://table?region=us-west-2&zone=a", "more than a region: zone"),
    ],
)
def test_a_wrong_address_is_refused_with_an_example(address: str, why: str) -> None:
    with pytest.raises(ConfigError, match="DRSTATE_JOURNAL") as caught:
        place_of(address, "DRSTATE_JOURNAL")
    assert why in caught.value.why
    assert "dynamodb://drstate-journal?region=us-west-2" in caught.value.hint


def test_an_address_is_read_as_it_is_written() -> None:
    assert place_of(WEST, "x") == TablePlace("journal-1", "us-west-2")
    assert str(place_of(WEST, "x")) == WEST
    assert place_of("file", "x") is None


def test_the_command_line_wins_over_the_environment_and_that_over_the_project(
    tmp_path: Path,
) -> None:
    def asked(env: str = "", line: str = "", *, sandbox: bool = False) -> str:
        found = chosen(tmp_path, sandbox=sandbox, asked=line or None, env={"DRSTATE_JOURNAL": env})
        return "file" if found is None else found.table

    one, two, three = (f"dynamodb://{name}?region=us-west-2" for name in ("one", "two", "three"))
    assert asked() == "file"
    (tmp_path / "Pulumi.yaml").write_text(f"name: x\ndrstate:\n  journal: {three}\n")
    assert asked() == "three"
    assert asked(two) == "two"
    assert asked(two, one) == "one"
    assert asked(two, "file") == "file"
    assert asked(sandbox=True) == "file"  # a rehearsal never goes to the project's table
    assert asked(two, sandbox=True) == "two"
    (tmp_path / "Pulumi.yaml").write_text("name: x\ndrstate:\n  journal: nowhere\n")
    with pytest.raises(ConfigError, match=r"drstate\.journal of Pulumi\.yaml"):
        asked()


def test_a_journal_in_the_source_region_is_told_with_the_command_that_moves_it() -> None:
    place = TablePlace("journal-1", "us-east-1")
    found = misplaced(place, "us-east-1", "us-west-2")
    assert found is not None
    assert "journal-1 is in us-east-1, the source region" in found.what
    assert f"drstate journal copy --to '{WEST}'" in found.mend
    assert misplaced(place, "us-west-2", "us-east-1") is None
    assert misplaced(None, "us-east-1", "us-west-2") is None


def test_no_table_is_made_where_every_scope_serves() -> None:
    with pytest.raises(ConfigError, match="must not be in us-east-1") as caught:
        make_journal(TablePlace("journal-1", "us-east-1"), ROOT, FakeClock())
    assert f"drstate journal init --journal '{WEST}'" in caught.value.hint


def test_an_old_file_is_not_believed_once_the_journal_is_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_journal(tmp_path / ".drstate" / "journal.db") as old:
        old.save_planned_shard(shard("s1", SiteState.STANDBY))
    save_planned(tmp_path, shard("s1", SiteState.ACTIVE))
    monkeypatch.delenv("DRSTATE_JOURNAL", raising=False)
    assert load_planned(tmp_path, "s1").site_state is SiteState.STANDBY
    monkeypatch.setenv("DRSTATE_JOURNAL", WEST)
    assert load_planned(tmp_path, "s1").site_state is SiteState.ACTIVE
