"""A scope is exported and rehearsed somewhere else: the same plan, in no account at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, Bench, changed

FULL = os.environ.get("DRSTATE_FULL_TESTS") == "1"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Bench]:
    """A project that has nothing but its manifest: no scope file, no journal, no sandbox."""
    bench = Bench(tmp_path / "elsewhere")
    bench.project.mkdir(parents=True)
    shutil.copy(ROOT / "Pulumi.yaml", bench.project)
    bench.home.mkdir()
    yield bench
    bench.stop()


def taken(bench: Bench, where: tuple[str, ...], file: Path, elsewhere: Bench) -> dict:
    """The scope, captured here and put into a sandbox there. What the sandbox began with."""
    bench.run("capture", *where)
    exported = bench.run("sandbox", "export", *where, str(file), "-o", "json").expect(0).document
    assert exported["schema"] == "drstate.sandbox.export/1"
    started = elsewhere.run(
        "sandbox", "start", "--time-scale", "0", "--estate", f"captured:{file}", "-o", "json"
    )
    assert started.expect(0).document["estate"] == f"captured:{file.resolve()}"
    begun = elsewhere.digest()
    folder = str(elsewhere.project / "stacks")
    elsewhere.run("sandbox", "scopes", "--write", folder).expect(0)
    elsewhere.run("capture", *where)
    return begun


#: the account has badly tagged resources, which discovery warns of and no catalog knows
_MISFITS = ("warnings", "digest")


def planned(bench: Bench, phase: str, where: tuple[str, ...], *, but: tuple[str, ...] = ()) -> dict:
    plan = bench.run("plan", "--phase", phase, *where, "-o", "json").expect(0).document
    return {name: part for name, part in plan.items() if name not in but}


def test_a_scope_that_was_exported_is_planned_elsewhere_as_it_is_here(
    fresh: Bench, bench_of: Callable[[Bench], Bench], elsewhere: Bench, tmp_path: Path
) -> None:
    where, file = ("-c", "acme", "-e", "production"), tmp_path / "acme.json"
    bench = bench_of(fresh)
    refused = bench.run("sandbox", "export", *where, str(file)).expect(6)
    assert "drstate capture -c acme -e production" in refused.err
    begun = taken(bench, where, file, elsewhere)
    text = file.read_text(encoding="utf-8")
    assert "acme-dr-7c1f" not in text
    assert "captured-" in json.loads(text)["scope"]
    wanted = planned(bench, "replicate", where, but=_MISFITS)
    assert planned(elsewhere, "replicate", where, but=_MISFITS) == wanted
    # a reset makes the same again: nothing in it is drawn
    elsewhere.run("sandbox", "reset").expect(0)
    assert changed(begun, elsewhere.digest()) == []


@pytest.mark.parametrize("customer", ["acme", "initech"])
@pytest.mark.skipif(not FULL, reason="takes minutes; DRSTATE_FULL_TESTS=1 (make test-full) runs it")
def test_the_plan_of_an_activation_is_the_same_and_succeeds(
    fresh: Bench,
    bench_of: Callable[[Bench], Bench],
    elsewhere: Bench,
    tmp_path: Path,
    customer: str,
) -> None:
    where = ("-c", customer, "-e", "production")
    bench = bench_of(fresh)
    taken(bench, where, tmp_path / "scope.json", elsewhere)
    plans = []
    for one in (bench, elsewhere):
        one.run("up", "--phase", "replicate", *where, "--yes", seconds=600).expect(0)
        plans.append(planned(one, "activate", where))
        one.run("up", "--phase", "activate", *where, "--yes", seconds=600).expect(0)
    assert plans[0] == plans[1]
