"""``drstate rehearse`` as a person runs it: what it finds, and what it leaves as it was.

A few strokes of acme/staging; every one of its emergency with DRSTATE_FULL_TESTS=1.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from drstate.execution.verifying import verification
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.leftovers import PREFIX
from drstate.rehearsal.world import copy_journal
from drstate.sandbox import process
from tests import forks
from tests.rehearsal.conftest import SCOPE, Project

FULL = os.environ.get("DRSTATE_FULL_TESTS") == "1"
#: without an engine, and so the quickest
EMERGENCY = ("--operation", "emergency")
_LOOK_SECONDS = 0.05


def held(project: Project) -> dict[str, Any]:
    """Everything of the user's: AWS, the calls it got, the story of executions, stacks, project."""
    world = project.world
    with sqlite3.connect(world.journal) as journal:
        events = journal.execute("SELECT * FROM events ORDER BY execution, seq").fetchall()
        catalogs = journal.execute("SELECT * FROM catalogs").fetchall()
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for folder in (world.sandbox / "state", world.project)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {
        "digest": world.digest(),
        "calls": process.calls(world.sandbox),
        "faults": process.faults(world.sandbox),
        "events": events,
        "catalogs": catalogs,
        "files": files,
    }


def verdict(project: Project) -> str:
    """What is said of the plan afterwards."""
    with project.world.services() as services:
        asked = Asked("acme", "staging", operation="emergency")
        return verification(services, asked.plan(services)).said


def nothing_left(project: Project) -> bool:
    """Whether no folder of a rehearsal is there, and no sandbox that worked in one."""
    return not list(project.scratch.glob(f"{PREFIX}*")) and not _sandboxes(project.scratch)


def _sandboxes(place: Path) -> list[str]:
    found = []
    for one in Path("/proc").glob("[0-9]*/fd"):
        try:
            names = [str(each.readlink()) for each in one.iterdir()]
        except OSError:
            continue
        found += [name for name in names if name.startswith(f"{place}/")]
    return found


def test_a_sample_ends_as_it_should_and_changes_nothing_of_the_users(project: Project):
    before = held(project)
    asked = ("rehearse", *SCOPE, *EMERGENCY, "--kind", "error", "--kind", "killed-after")
    ended = project.run(*asked, "-o", "ndjson")
    assert held(project) == before
    assert nothing_left(project)
    *strokes, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one["schema"] for one in strokes] == ["drstate.rehearsal/1"] * 2
    assert {one["stroke"]["kind"] for one in strokes} == {"error", "killed-after"}
    summary = last["summary"]
    for one in strokes:
        stroke = one["stroke"]
        assert stroke["took_place"]
        assert stroke["differs"] == []
        # it met a call that the undisturbed run makes too
        assert stroke["met"] in summary["calls"]
    assert (summary["strokes"], summary["failed"]) == (2, 0)
    # seven kinds at each call, one at each command, one after each event but the last
    moments = 7 * len(summary["calls"]) + summary["engine_commands"] + len(summary["events"]) - 1
    assert summary["of"] == moments
    assert summary["verification"]["verified"] is False
    said = verdict(project)
    assert f"only a sample of 2 of {moments} strokes" in said


def test_what_cannot_be_done_twice_is_found(project: Project):
    """A service that refuses whatever is asked of it once more than an undisturbed run asks."""
    asked = ("rehearse", *SCOPE, *EMERGENCY)
    whole = project.json(*asked, "--faults", "all", "--limit-seconds", "0")
    assert whole["strokes"] == 0
    assert "ended by --limit-seconds 0 after 0 of" in whole["verification"]["said"]
    calls = whole["calls"]
    named = next(one for one in calls if "DescribeScalableTargets" in one)
    number, often = calls.index(named) + 1, sum("DescribeScalableTargets" in one for one in calls)
    process.add_fault(
        project.world.sandbox,
        {
            "effect": "error",
            "code": "ValidationException",
            "operation": "DescribeScalableTargets",
            "calls": f"{often + 1}-",
        },
    )  # fmt: skip
    again = ("--kind", "error", "--call", str(number))
    text = project.run(*asked, *again, code=1).stdout
    assert f"DIFFERS after error {number}, {named}" in text
    assert f"help: drstate {' '.join((*asked, *again))}\n" in text
    assert "  it is PAUSED after 3 tries to go on\n" in text
    assert "ValidationException" in text
    assert nothing_left(project)
    said = verdict(project)
    assert f"1 stroke ended otherwise, the first error {number}" in said


def test_a_plan_that_does_not_work_at_all_is_found_without_any_stroke(project: Project):
    rule = {"effect": "error", "code": "AccessDenied", "any_code": True, "service": "ecs"}
    process.add_fault(project.world.sandbox, {**rule, "operation": "UpdateService"})
    found = project.json("rehearse", *SCOPE, *EMERGENCY, code=1)
    assert "FAILED" in found["undisturbed"] or "PAUSED" in found["undisturbed"]
    assert found["strokes"] == 0
    said = verdict(project)
    assert "the run that nothing happened to ended otherwise" in said


def test_stopped_by_ctrl_c_it_leaves_nothing_and_claims_nothing(project: Project):
    asked = ("rehearse", *SCOPE, *EMERGENCY, "--faults", "all", "--jobs", "1", "-o", "ndjson")
    begun = project.begin(*asked)
    until = time.monotonic() + 120
    # the first stroke that is told has ended, the next one is on its way
    while not os.pread(begun._out.fileno(), 1, 0) and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            begun.process.wait(_LOOK_SECONDS)
    begun.process.send_signal(signal.SIGINT)
    ended = begun.end(60)
    assert ended.returncode == 130, ended.stderr
    assert "drstate status" not in ended.stderr
    assert nothing_left(project)
    summary = json.loads(ended.stdout.splitlines()[-1])["summary"]
    assert summary["interrupted"] is True
    assert 1 <= summary["strokes"] < summary["of"]
    said = verdict(project)
    assert f"interrupted after {summary['strokes']} of" in said
    assert summary["left"] == summary["of"] - summary["strokes"]
    assert summary["go_on"].endswith("--operation emergency --faults all --resume")
    assert summary["verification"]["mend"] == summary["go_on"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--call", "3"), "--call 3 needs one --kind"),
        (("--kind", "eror"), "--kind 'eror' does not exist"),
        (("--operation", "test", "--phase", "activate"), "--operation and --phase exclude"),
        (("--faults", "none", "--kind", "error"), "--faults none and --kind exclude"),
        (("--operation", "test", "--force"), "--force has no meaning for test"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    project: Project, words: tuple[str, ...], said: str
):
    assert said in project.run("rehearse", *SCOPE, *words, code=2).stderr


def test_what_cannot_be_planned_is_refused_with_the_plans_own_words(project: Project):
    ended = project.run("rehearse", *SCOPE, "--operation", "failback", code=1)
    assert "there is nothing to fail back" in ended.stderr
    assert nothing_left(project)


@pytest.mark.skipif(not FULL, reason="every stroke of a plan takes minutes: DRSTATE_FULL_TESTS=1")
def test_every_stroke_of_an_emergency_verifies_it(project: Project):
    before = held(project)
    found = project.json("rehearse", *SCOPE, *EMERGENCY, "--faults", "all")
    assert held(project) == before
    assert found["strokes"] == found["of"] > 100
    assert found["verification"]["verified"] is True
    assert nothing_left(project)


def test_a_real_scope_is_rehearsed_from_what_was_captured_of_it(project: Project):
    """Without a sandbox: the journal is all there is, and no account can be asked."""
    copy_journal(project.world.journal, project.world.home / "journal.db")
    process.stop(project.world.sandbox)
    asked = ("rehearse", *SCOPE, "--operation", "emergency", "--kind", "killed-after")
    env = {**project.environment(), "DRSTATE_SANDBOX": "0"}
    begun = forks.Begun("drstate_cli.main:run", [*asked, "-o", "json"], env=env)
    ended = begun.end(240)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["strokes"], found["failed"]) == (1, 0)
    # the plan in the rebuilt estate is the one that the real scope has
    assert found["deviation"] == ""
    assert "only a sample of 1 of" in found["verification"]["said"]
    assert nothing_left(project)
