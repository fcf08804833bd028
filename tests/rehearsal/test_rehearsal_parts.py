"""The parts of a rehearsal: which strokes there are, what is compared, what is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drstate.adapters.outside import OutsideAction
from drstate.errors import ConfigError, UnknownNameError, UsageError
from drstate.execution.codedigest import digest_of
from drstate.model.rehearsed import Faults
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.captured import from_file, from_journal
from drstate.rehearsal.comparing import differences, ends_differ, known_ids, only_in, shape
from drstate.rehearsal.leftovers import MARKER, PREFIX, sweep, workplace
from drstate.rehearsal.strokes import COMMAND, EVENT, FAULTS, KILLS, KINDS, Course, Stroke
from drstate.rehearsal.wish import Wish
from drstate.rehearsal.world import copy_project
from drstate.sandbox import process
from tests.execution.worlds import World

COURSE = Course(calls=("ecs:A@x", "rds:B@y", "rds:B@y"), commands=2, events=("one", "two", "three"))


def test_every_kind_strikes_at_each_of_its_moments():
    found = COURSE.every()
    calls = [one for one in found if one.kind in (*KILLS, *FAULTS)]
    assert len(calls) == 3 * (len(KILLS) + len(FAULTS))
    assert [one.number for one in found if one.kind == COMMAND] == [1, 2]
    # after the last event nothing is left to be struck
    assert [one.number for one in found if one.kind == EVENT] == [1, 2]
    assert len(set(found)) == len(found)
    assert COURSE.moment("error", 1) == "ecs:A@x"
    assert COURSE.moment(EVENT, 2) == "two"


def test_a_sample_is_one_of_each_kind_and_the_same_for_the_same_seed():
    found = COURSE.sample("monday")
    assert [one.kind for one in found] == list(KINDS)
    assert found == COURSE.sample("monday")
    assert len({tuple(COURSE.sample(str(seed))) for seed in range(9)}) > 1


def test_a_kind_without_a_moment_has_no_stroke():
    course = Course(calls=("ecs:A@x",), commands=0, events=("one",))
    assert {one.kind for one in course.sample("s")} == {*KILLS, *FAULTS}
    with pytest.raises(UsageError, match="--call 2 does not exist"):
        course.one("error", 2)


def test_wishes_choose_strokes():
    assert Wish(faults=Faults.ALL, kinds=("error",)).strokes(COURSE) == [
        Stroke("error", number) for number in (1, 2, 3)
    ]
    assert Wish(kinds=("error",), call=3).strokes(COURSE) == [Stroke("error", 3)]
    assert Wish(faults=Faults.NONE).strokes(COURSE) == []
    assert len(Wish(faults=Faults.ALL).strokes(COURSE)) == len(COURSE.every())
    for wrong in ({"kinds": ("eror",)}, {"call": 3}, {"faults": Faults.NONE, "kinds": ("error",)}):
        with pytest.raises(UsageError):
            Wish(**wrong)


def test_one_resource_more_is_a_difference_and_an_id_that_aws_draws_is_not():
    one = {"resources": {"task/6f1c2a34-aaaa-bbbb-cccc-0123456789ab": {"size": 1}}}
    same = {"resources": {"task/00000000-aaaa-bbbb-cccc-0123456789ab": {"size": 1}}}
    assert shape(one) == shape(same)
    assert shape(one) != shape({"resources": {**one["resources"], **same["resources"]}})
    assert shape(one) != shape({"resources": {key: {"size": 2} for key in one["resources"]}})


def test_ids_that_were_there_before_may_not_differ_and_those_drawn_in_a_run_may():
    def estate(group: str, instance: str, at: float) -> dict[str, Any]:
        return {"resources": {f"ec2/{instance}": {"group": group, "at": at, "size": 3}}}

    before = estate("sg-0123456789abcdef0", "i-1", 1.0)
    known = known_ids(before)
    one = estate("sg-0123456789abcdef0", "i-aaaaaaaaaaaaaaaaa", 1795327098.7)
    same = estate("sg-0123456789abcdef0", "i-bbbbbbbbbbbbbbbbb", 1795327212.1)
    other = estate("sg-fedcba9876543210f", "i-aaaaaaaaaaaaaaaaa", 1795327098.7)
    assert shape(one, known) == shape(same, known)
    assert shape(one, known) != shape(other, known)
    # one more of what looks alike is one too many
    two = {"resources": {**one["resources"], **same["resources"]}}
    assert only_in(shape(two, known), shape(one, known)) == shape(one, known)
    assert only_in(shape(one, known), shape(two, known)) == []


def test_differences_name_the_place():
    old, new = {"a": [{"b": 1}], "c": 2}, {"a": [{"b": 3}], "c": 2}
    assert differences(old, new) == [".a[0].b: 1 -> 3"]
    assert differences(old, {**old, "d": None}) == []
    assert differences([1, 3], [1, 2, 2]) == [": 3 is missing", ": 2 is new", ": 2 is new"]
    assert differences([1], [1, 1]) == [": the same in another number"]


def test_a_warning_more_is_the_way_there_and_one_less_is_a_difference():
    one, two = {"text": "not fenced"}, {"text": "called: the first wave failed"}
    old, new = {"warnings": [one], "status": "C"}, {"warnings": [one, two], "status": "C"}
    assert ends_differ(old, new) == []
    assert ends_differ(new, old) == [f".warnings: {two['text']!r} is missing"]
    assert ends_differ(old, {**new, "status": "F"}) == [".status: 'C' -> 'F'"]


def gone() -> int:
    """The id of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def left(place: Path, pid: int, began: str) -> Path:
    folder = place / f"{PREFIX}{pid}-{began}"
    folder.mkdir()
    (folder / MARKER).write_text(json.dumps({"pid": pid, "began": began}))
    return folder


def test_copies_of_a_dead_process_are_ended_and_removed_and_no_others(
    origin: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = left(tmp_path, gone(), "1")
    # the id was given to another process since
    recycled = left(tmp_path, os.getpid(), "1")
    foreign = tmp_path / f"{PREFIX}fresh"
    foreign.mkdir()
    copy = origin.copy(dead / "stroke-7")
    known = process.status(copy.sandbox)
    assert known is not None
    with workplace() as own:
        assert not dead.exists()
        assert not recycled.exists()
        assert not Path(f"/proc/{known.pid}").exists()
        # one that has not said yet whose it is
        assert foreign.exists()
        assert sweep() == []
        inner = origin.copy(own / "ready")
        begun = process.status(inner.sandbox)
        assert begun is not None
    assert not own.exists()
    assert not Path(f"/proc/{begun.pid}").exists()
    assert process.status(origin.sandbox) is not None


def test_a_link_to_somebody_elses_folder_is_not_followed(tmp_path: Path):
    target = tmp_path / "precious"
    target.mkdir()
    (target / MARKER).write_text(json.dumps({"pid": gone(), "began": "1"}))
    (tmp_path / f"{PREFIX}link").symlink_to(target)
    assert sweep(tmp_path) == []
    assert (target / MARKER).exists()


def test_the_codes_digest_changes_with_any_module_and_with_nothing_else(tmp_path: Path):
    root, cache = tmp_path / "package", tmp_path / "digest.json"
    (root / "inner").mkdir(parents=True)
    module = root / "inner" / "one.py"
    module.write_text("A = 1\n")
    (root / "two.py").write_text("B = 1\n")
    first = digest_of([root], cache)
    assert digest_of([root], cache) == first
    module.touch()
    (root / "notes.txt").write_text("no code")
    assert digest_of([root], cache) == first
    module.write_text("A = 2\n")
    second = digest_of([root], cache)
    assert second != first
    (root / "two.py").rename(root / "three.py")
    assert digest_of([root], cache) not in (first, second)
    cache.write_text("{ broken")
    (root / "three.py").rename(root / "two.py")
    module.write_text("A = 1\n")
    assert digest_of([root], cache) == first
    assert digest_of([root], tmp_path / "no" / "folder.json") == first


def test_nothing_outside_aws_is_run_where_something_stands_in(monkeypatch: pytest.MonkeyPatch):
    """What a hook's program or request would do, a rehearsal never does."""
    from drstate.adapters.actions import RunContext
    from drstate.model.phases import Phase

    class Perilous(OutsideAction):
        def __init__(self) -> None:
            self.told, self.phase, self.region = {}, Phase.ACTIVATE, "us-west-2"
            self.hook = type("Hook", (), {"headers_from": {}, "environment_from": ()})()

        def perform(self, *_: object) -> str:
            raise AssertionError("it was run")

    from drstate.aws.clock import SystemClock

    run = RunContext(facts={"run": "r-1"}, clock=SystemClock(), cancelled=lambda: False)
    with pytest.raises(AssertionError, match="it was run"):
        Perilous().run(None, run)
    monkeypatch.setattr(OutsideAction, "stand_in", "not run")
    assert Perilous().run(None, run)["answer"] == "not run"


def test_a_file_gives_what_was_captured_and_the_project_its_scope_file(
    origin: World, tmp_path: Path
):
    copy_project(origin.project, tmp_path / "project")
    project, asked = tmp_path / "project", Asked("acme", "staging", operation="failover")
    told = from_journal(origin.readers, project, asked)
    file = tmp_path / "captured.json"
    file.write_text(told.file.model_dump_json(by_alias=True))
    scope = project / "stacks" / "acme" / "staging.yaml"
    changed = scope.read_text().replace("policies:", "policies:\n  max_lag_seconds: 77")
    scope.write_text(changed)
    found = from_file(file, project, asked)
    assert found.file.catalog == told.file.catalog
    assert "max_lag_seconds: 77" in found.file.scope
    assert "max_lag_seconds" not in told.file.scope
    with pytest.raises(UnknownNameError, match="is not of acme/production"):
        from_file(file, project, Asked("acme", "production"))
    file.write_text("{}")
    with pytest.raises(ConfigError):
        from_file(file, project, asked)
