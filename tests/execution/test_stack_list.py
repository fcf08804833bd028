"""What stacks say of themselves, and the list that is made of it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drstate.execution.stacklist import Wanted, stacks_in_folder
from drstate.execution.stacktags import LONGEST, message_of, tags_of, wave_of
from drstate.execution.workbench import Workbench
from drstate.journal.port import Journal
from drstate.model.catalog import GLOBAL
from drstate.model.events import StackFinished
from drstate.model.phases import SiteState
from drstate.model.plan import Stage
from drstate.programs.readme import readme
from tests.journal import values

ONE = "acme.production.us-west-2.211111111101.w1"
SPANNING = "acme.production.global.211111111101"
RUN = "20261122-001122-ab12"
LINK = "https://app.pulumi.com/acme/drstate/one/updates/7"


class Journaled:
    """A journal that knows one execution."""

    def events(self, execution: str, *, kinds: tuple[str, ...]) -> list[Any]:
        assert (execution, kinds) == (RUN, ("stack_finished",))
        done = StackFinished(
            stage="replicate.w1", shard="s", stack=ONE, ok=True, ops=(), counts={},
            duration_seconds=1, permalink=LINK,
        )  # fmt: skip
        return [SimpleNamespace(payload=done)]


JOURNAL = cast("Journal", Journaled())


def written(folder: Path, name: str, tags: dict[str, str], message: str = "") -> None:
    root = folder / ".pulumi"
    stacks, history = root / "stacks" / "drstate", root / "history" / "drstate" / name
    for one in (stacks, history):
        one.mkdir(parents=True, exist_ok=True)
    rows = [{"type": "aws:x/y:Z", "inputs": {"filler": "x" * 400}}] * 20
    state = {"checkpoint": {"latest": {"resources": rows}}}
    (stacks / f"{name}.json").write_text(json.dumps(state))
    (stacks / f"{name}.pulumi-tags").write_text(json.dumps({"version": 1, "tags": tags}))
    entry = {"kind": "update", "result": "succeeded", "message": message, "endTime": 1795306042}
    (history / f"{name}-1.history.json").write_text(json.dumps(entry))


def listed(folder: Path, **wanted: Any) -> list[Any]:
    return list(stacks_in_folder(folder, "drstate", JOURNAL, Wanted(**wanted), "file://x").stacks)


def test_a_stack_is_told_by_its_tags_and_its_last_update(tmp_path):
    shard = values.shard(ONE)
    written(tmp_path, ONE, tags_of(shard), f"drstate {RUN} replicate.w1: because: of it")
    (row,) = listed(tmp_path)
    assert (row.scope, row.customer, row.environment) == ("acme/production", "acme", "production")
    assert (row.account, row.region, row.role) == ("211111111101", "us-west-2", "recovery")
    assert (row.wave, row.group, row.site_state) == ("1", "w1", "standby")
    assert row.technologies == tuple({one.resource.technology for one in shard.resources})
    assert (row.execution, row.stage, row.permalink) == (RUN, "replicate.w1", LINK)
    assert (row.resources, row.result, row.pending_operations) == (20, "succeeded", 0)


def test_a_stack_without_tags_is_told_by_its_name(tmp_path):
    written(tmp_path, ONE, {}, "pulumi up by hand")
    written(tmp_path, SPANNING, {})
    spanning, site = listed(tmp_path)
    assert (site.scope, site.region, site.account) == (
        "acme/production",
        "us-west-2",
        "211111111101",
    )
    assert (site.wave, site.site_state, site.execution, site.permalink) == ("1", "", "", "")
    assert (spanning.region, spanning.group, spanning.wave) == (GLOBAL, GLOBAL, GLOBAL)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"customer": "acme"}, 2),
        ({"customer": "globex"}, 0),
        ({"environment": "staging"}, 0),
        ({"waves": (1,)}, 1),
        ({"waves": (2,)}, 0),
        ({"sites": ("us-west-2",)}, 1),
        ({"sites": ("global", "us-west-2")}, 2),
    ],
)
def test_stacks_are_chosen_by_scope_wave_and_site(tmp_path, wanted, found):
    written(tmp_path, ONE, {})
    written(tmp_path, SPANNING, {})
    assert len(listed(tmp_path, **wanted)) == found


def test_hundreds_of_stacks_are_listed_in_no_time(tmp_path):
    for number in range(300):
        written(tmp_path, f"acme.production.us-west-2.{number:012}.w1", {})
    begun = time.process_time()
    assert len(listed(tmp_path)) == 300
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("group", "wave"), [("w1", "1"), ("w12b", "12"), ("global", "global"), ("web", "web")]
)
def test_a_group_belongs_to_a_wave(group, wave):
    assert wave_of(group) == wave


def test_tags_say_nothing_that_differs_from_run_to_run_and_fit_every_backend():
    shard = values.shard(ONE)
    assert tags_of(shard) == tags_of(shard.model_copy(update={"bindings": ()}))
    (entry,) = shard.resources
    many = tuple(
        entry.model_copy(
            update={
                "resource": entry.resource.model_copy(update={"technology": f"technology-{number}"})
            }
        )
        for number in range(40)
    )
    told = tags_of(shard.model_copy(update={"resources": many}))["drstate:technologies"]
    assert len(told) <= LONGEST
    assert told.endswith(",…")


@pytest.mark.parametrize(
    ("why", "special", "message"),
    [
        ("", "", f"drstate {RUN} activate.w2"),
        ("storm", "", f"drstate {RUN} activate.w2: storm"),
        ("", "rollback", f"drstate {RUN} rollback activate.w2"),
    ],
)
def test_a_message_names_execution_and_wave(why, special, message):
    bench = cast("Workbench", SimpleNamespace(message=f"drstate {RUN}", why=why))
    stage = cast("Stage", SimpleNamespace(id="activate.w2"))
    assert message_of(bench, stage, special) == message


@pytest.mark.parametrize("special", ["", "rollback"])
def test_a_message_is_read_back(tmp_path, special):
    bench = cast("Workbench", SimpleNamespace(message=f"drstate {RUN}", why="a.b: c"))
    stage = cast("Stage", SimpleNamespace(id="activate.w2-traffic"))
    written(tmp_path, ONE, {}, message_of(bench, stage, special))
    (row,) = listed(tmp_path)
    assert (row.execution, row.stage) == (RUN, "activate.w2-traffic")


def test_the_page_of_a_stack_is_the_same_in_every_site_state():
    pages = {readme(values.shard(ONE, state)) for state in SiteState}
    (page,) = pages
    assert "**${outputs.site_state}**" in page
    for name in ("scope", "region", "group", "account"):
        assert f"${{outputs.{name}}}" in page


def test_a_name_puts_nothing_of_its_own_into_the_page():
    shard = values.shard(ONE)
    (entry,) = shard.resources
    named = entry.resource.model_copy(update={"name": "a|b<i>${outputs.x}"})
    page = readme(
        shard.model_copy(update={"resources": (entry.model_copy(update={"resource": named}),)})
    )
    assert "a\\|b&lt;i>$ {outputs.x}" in page
