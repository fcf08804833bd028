"""Admission of shards by memory: who is let in, who waits, and what is said about it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import ConfigError
from drstate.execution.pool import (
    ACTIONS_ONLY,
    FOOTPRINTS,
    MIB,
    SETTLED_SECONDS,
    SPARE_BYTES,
    Admission,
    estimate,
    stated_bytes,
)
from drstate.execution.workbench import Stop, StoppedError
from tests.execution.transcript import shard

COST = 100 * MIB


class Clock(SystemClock):
    at = 0.0

    def monotonic(self) -> float:
        return self.at


class Shards:
    """Shards that run until they are told to end."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.pool = ThreadPoolExecutor(8)
        self.inside: dict[str, threading.Event] = {}
        self.ends: dict[str, threading.Event] = {}

    def start(self, name: str, cost: int = COST) -> None:
        self.inside[name], self.ends[name] = threading.Event(), threading.Event()
        self.pool.submit(self._run, name, self.admission.ticket(), cost)

    def _run(self, name: str, ticket: int, cost: int) -> None:
        with self.admission.admitted(ticket, cost):
            self.inside[name].set()
            self.ends[name].wait(20)

    def runs(self, name: str) -> bool:
        return self.inside[name].wait(20)

    def end(self) -> None:
        for event in self.ends.values():
            event.set()
        self.pool.shutdown()


def test_a_shard_waits_until_it_fits_and_the_reason_is_told_once() -> None:
    told: list[str] = []
    heard = threading.Event()

    def on_wait(text: str, hint: str) -> None:
        told.append(f"{text} | {hint}")
        heard.set()

    clock = Clock()
    admission = Admission(lambda: SPARE_BYTES + COST * 5 // 2, clock, on_wait=on_wait)
    shards = Shards(admission)
    try:
        for name in "abc":
            shards.start(name)
        assert shards.runs("a")
        assert shards.runs("b") is True
        assert heard.wait(20)
        assert not shards.inside["c"].is_set()
        assert "memory" in told[0]
        assert f"{COST // MIB} MiB" in told[0]
        assert "2 at work may still take 200 MiB" in told[0]
        assert "DRSTATE_SHARD_MEMORY" in told[0]
        shards.ends["a"].set()
        assert shards.runs("c")
        assert len(told) == 1
    finally:
        shards.end()


def test_one_always_runs_however_little_is_left() -> None:
    shards = Shards(Admission(lambda: 0, Clock()))
    try:
        for name in "ab":
            shards.start(name)
        assert shards.runs("a")
        assert not shards.inside["b"].is_set()
        shards.ends["a"].set()
        assert shards.runs("b")
    finally:
        shards.end()


def test_nobody_overtakes_a_shard_that_waits_even_if_it_would_fit() -> None:
    heard = threading.Event()
    admission = Admission(lambda: SPARE_BYTES + 2 * COST, Clock(), on_wait=lambda *_: heard.set())
    shards = Shards(admission)
    try:
        shards.start("a")
        assert shards.runs("a")
        shards.start("large", 5 * COST)
        assert heard.wait(20)
        shards.start("small", COST // 2)
        assert not shards.inside["small"].wait(0.05)
        shards.ends["a"].set()
        assert shards.runs("large")
    finally:
        shards.end()


def test_what_a_shard_has_taken_by_now_is_not_counted_twice() -> None:
    clock = Clock()
    admission = Admission(lambda: SPARE_BYTES + COST, clock)
    shards = Shards(admission)
    try:
        shards.start("a")
        assert shards.runs("a")
        # by now its memory is missing from what is available
        clock.at = SETTLED_SECONDS
        shards.start("b")
        assert shards.runs("b")
    finally:
        shards.end()


def test_where_the_system_does_not_tell_everybody_is_let_in() -> None:
    shards = Shards(Admission(lambda: None, Clock()))
    try:
        for name in "abcde":
            shards.start(name, 1 << 50)
        assert all(shards.runs(name) for name in "abcde")
    finally:
        shards.end()


def test_a_run_that_stops_ends_the_waiting() -> None:
    stop = Stop()
    admission = Admission(lambda: 0, Clock(), on_wait=lambda *_: stop.request("interrupted"))
    first, second = admission.ticket(), admission.ticket()
    with admission.admitted(first, COST):
        with pytest.raises(StoppedError), admission.admitted(second, COST, stop.check):
            pass
        third = admission.ticket()
    with admission.admitted(third, COST):
        pass  # whoever gave up does not stand in the way


def test_the_estimate_knows_engine_resources_and_what_a_person_says() -> None:
    declares = shard("1" * 12, "w1", f"aurora/{'1' * 12}/db")
    base = FOOTPRINTS["embedded"].base
    assert (
        estimate(declares, "embedded")
        == base + len(declares.declared) * FOOTPRINTS["embedded"].each
    )
    assert estimate(declares, "pulumi") > estimate(declares, "embedded")
    assert estimate(declares, "pulumi", 7 * MIB) == 7 * MIB
    without = declares.model_copy(update={"stack": None})
    assert estimate(without, "pulumi", 7 * MIB) == ACTIONS_ONLY


def test_the_stated_estimate_is_a_number_of_mib() -> None:
    assert stated_bytes({}) is None
    assert stated_bytes({"DRSTATE_SHARD_MEMORY": "600"}) == 600 * MIB
    for bad in ("0", "-1", "1.5", "much"):
        with pytest.raises(ConfigError, match="DRSTATE_SHARD_MEMORY"):
            stated_bytes({"DRSTATE_SHARD_MEMORY": bad})
