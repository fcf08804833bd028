"""A rehearsal that is killed goes on where it was; parts of one are put together: as people do it.

A few strokes of the emergency of acme/staging, the plan without an engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from drstate.execution.verifying import fingerprint, subject_of, verification
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.ledger import read
from tests.rehearsal.conftest import SCOPE, Project
from tests.rehearsal.ledgers import head, write
from tests.rehearsal.test_rehearse_command import nothing_left, verdict

EMERGENCY = ("--operation", "emergency")
ASKED = Asked("acme", "staging", operation="emergency")
#: every ninth event: three strokes
PART = (*EMERGENCY, "--kind", "killed-after-event", "--shard", "5/9")
_LOOK_SECONDS = 0.05


def told(text: str) -> tuple[list[str], dict[str, Any]]:
    """The strokes that were told, and the summary; {} where it never came to that."""
    lines = [json.loads(line) for line in text.splitlines()]
    strokes = [line["stroke"] for line in lines if "stroke" in line]
    summary = lines[-1].get("summary", {}) if lines else {}
    return [f"{one['kind']} {one['number']}" for one in strokes], summary


def test_killed_by_the_machine_it_goes_on_with_what_was_not_done(project: Project, tmp_path: Path):
    file = tmp_path / "strokes.ndjson"
    asked = ("rehearse", *SCOPE, *PART, "--results", str(file), "-o", "ndjson")
    begun = project.begin(*asked, "--jobs", "1")
    until = time.monotonic() + 120
    while not os.pread(begun._out.fileno(), 1, 0) and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            begun.process.wait(_LOOK_SECONDS)
    begun.process.kill()
    killed = begun.end(60)
    assert killed.returncode == -9, killed.stderr
    first, _ = told(killed.stdout)
    done = [str(one) for one in read(file).done]
    assert first == done[: len(first)]
    assert 1 <= len(done) < 3

    ended = project.run(*asked, "--resume")
    assert f"going on after {len(done)} stroke" in ended.stderr
    later, summary = told(ended.stdout)
    # none of them twice, and none left out
    assert sorted((*done, *later)) == sorted(str(one) for one in read(file).head.strokes())
    assert (summary["strokes"], summary["left"], summary["failed"]) == (3, 0, 0)
    assert "it is part 5/9, to be joined with the others: 3 of " in summary["verification"]["said"]
    # what the killed one left is gone with the next one
    assert nothing_left(project)
    # a part says nothing of the plan
    assert verdict(project) == "not verified: never rehearsed"
    refused = project.run("rehearse", *SCOPE, *EMERGENCY, "--join", str(tmp_path), code=1)
    assert "8 parts of 9 are missing: 1/9, 2/9, 3/9, 4/9, 6/9" in refused.stderr

    # another inventory: what was struck says nothing any more
    with project.world.services() as services:
        catalog = services.journal.load_catalog(services.scope("acme", "staging").key)
        assert catalog is not None
        entry, *rest = catalog.entries
        changed = entry.model_copy(update={"spec": {**entry.spec, "engine_version": "16.99"}})
        entries = (changed, *rest)
        services.journal.save_catalog(catalog.model_copy(update={"entries": entries}))
    ended = project.run(*asked, "--resume", code=1)
    assert "3 strokes in" in ended.stderr
    assert "the inventory changed since (1 spec: " in ended.stderr
    assert len(read(file).done) == 3


def test_parts_of_todays_plan_make_it_verified_and_of_another_one_they_do_not(
    project: Project, tmp_path: Path
):
    with project.world.services() as services:
        planned = ASKED.plan(services)
        made = {
            "subject": subject_of(planned.plan),
            "fingerprint": fingerprint(services, planned),
            "command": tuple(ASKED.words_of_command()),
        }
    for number in (1, 2):
        write(tmp_path / "parts" / f"{number}" / "strokes.ndjson", head(f"{number}/2", **made))
    asked = ("rehearse", *SCOPE, *EMERGENCY, "--join", str(tmp_path / "parts"))
    of = len(head().strokes())
    text = project.run(*asked).stdout
    assert "verified 20" in text
    assert f", {of} of {of} strokes" in text
    assert verdict(project).startswith("verified 20")

    other = project.run("rehearse", *SCOPE, "--join", str(tmp_path / "parts"), code=1)
    assert "the parts are not of -c acme -e staging\n" in other.stderr
    assert "they are of -c acme -e staging --operation emergency" in other.stderr
    assert "--join runs nothing" in project.run(*asked, "--resume", code=2).stderr

    older = made["fingerprint"].model_copy(update={"code": "of another day"})
    for number in (1, 2):
        of_old = head(f"{number}/2", **{**made, "fingerprint": older})
        write(tmp_path / "parts" / f"{number}" / "strokes.ndjson", of_old)
    found = project.json(*asked, code=1)
    assert "drstate's code" in found["verification"]["said"]
    with project.world.services() as services:
        assert not verification(services, ASKED.plan(services)).verified
