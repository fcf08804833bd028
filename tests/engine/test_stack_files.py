"""Facts about stacks from the files of a backend, and where an update can be looked at."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drstate.engine.permalinks import permalink
from drstate.engine.stackfiles import read_stacks

NAME = "acme.production.us-west-2.211111111101.w1"


def state(*types: str, pending: int = 0) -> dict[str, Any]:
    resources = [{"urn": f"urn:{kind}", "type": kind} for kind in types]
    latest = {"resources": resources, "pending_operations": [{}] * pending}
    return {"version": 3, "checkpoint": {"latest": latest}}


def write(file: Path, content: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content).encode()
    file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)
    return file


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    return tmp_path / ".pulumi" / "stacks" / "drstate"


def test_a_stack_is_told_by_its_state_tags_history_and_lock(tmp_path, stacks):
    root = tmp_path / ".pulumi"
    types = ("pulumi:pulumi:Stack", "pulumi:providers:aws", "aws:x/y:Z", "aws:x/y:Z")
    write(stacks / f"{NAME}.json", state(*types, pending=1))
    write(stacks / f"{NAME}.pulumi-tags", {"version": 1, "tags": {"drstate:wave": "1"}})
    write(stacks / f"{NAME}.json.bak", state())
    history = root / "history" / "drstate" / NAME
    entry = {"kind": "update", "result": "failed", "message": "two", "endTime": 1795306042}
    # more digits: later, although it sorts before
    write(history / f"{NAME}-10000000000.history.json", entry)
    write(history / f"{NAME}-9999999999.history.json", {**entry, "message": "one"})
    lock = {"username": "eve", "hostname": "ci-1", "pid": 7}
    write(root / "locks" / "organization" / "drstate" / NAME / "x.json", lock)

    (found,) = read_stacks(tmp_path, "drstate")
    assert (found.name, found.resources, found.pending) == (NAME, 2, 1)
    assert found.tags == {"drstate:wave": "1"}
    assert (found.update.message, found.update.result) == ("two", "failed")
    assert found.update.ended == datetime(2026, 11, 22, 0, 7, 22, tzinfo=UTC)
    assert found.locked_by == "eve@ci-1, process 7"
    assert not found.problem


def test_a_compressed_state_is_read_and_a_damaged_one_hides_no_other(tmp_path, stacks):
    write(stacks / "b.json.gz", state("aws:x/y:Z"))
    (stacks / "a.json").write_text("{")
    damaged, whole = read_stacks(tmp_path, "drstate")
    assert (damaged.name, damaged.resources) == ("a", None)
    assert damaged.problem.startswith("a.json cannot be read")
    assert (whole.name, whole.resources, whole.problem) == ("b", 1, "")


def test_no_backend_yet_is_no_stacks(tmp_path):
    assert list(read_stacks(tmp_path / "nothing", "drstate")) == []


LINK = "https://app.pulumi.com/acme/drstate/prod/updates/7"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Updating (prod):\n\nView Live: {LINK}\n\n + 1 created", LINK),
        (f"View in Browser (Ctrl+O): {LINK}", LINK),
        (f"View Live: https://other.example/1\nView Live: {LINK}\n", LINK),
        ("Permalink: file:///state/prod.json", ""),
        ("Outputs:\n  url: https://app.example.com", ""),
        ("", ""),
    ],
)
def test_the_address_of_an_update_is_found_in_what_the_engine_prints(text, found):
    assert permalink(text) == found
