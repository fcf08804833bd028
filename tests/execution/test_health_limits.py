"""The health check of a wave: its limits in time, and that one check never holds up another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drstate.adapters.findings import Health
from drstate.adapters.site import SiteContext
from drstate.execution.health import HealthStep
from drstate.execution.progress import RunState
from drstate.execution.workbench import Stop, StoppedError, Workbench
from drstate.model.catalog import CatalogEntry
from drstate.model.events import HealthChecked
from drstate.model.health import ResourceStatus
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Stage
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from tests.aws.clocks import FakeClock
from tests.planning.planning_estate import SCOPE, WEST, ScriptedWork, catalog, entry

S = ResourceStatus
Check = Callable[[CatalogEntry], Health]
GOOD = Health(S.HEALTHY, "fine")


@dataclass
class Rehearsal:
    """A stage whose resources answer as the test says, on a clock that the test moves."""

    check: Check
    keys: int = 3
    policies: dict[str, Any] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    parallel: int = 10
    #: in an emergency: keys of what is waited for
    critical: tuple[str, ...] | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[HealthChecked] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)

    def __post_init__(self) -> None:
        self.catalog = catalog(*(entry(f"r{number}") for number in range(self.keys)))
        plan = compile_plan(
            PlanRequest(operation=Operation.PHASE, phases=(Phase.ACTIVATE,)),
            self.catalog,
            SCOPE,
            ScriptedWork(),
        )
        self.stage: Stage = plan.stages[0]
        self.plan = plan

    def run(self) -> dict[str, HealthChecked]:
        waited_for = [one for one in self.stage.shards[0].resources if self._critical(one)]
        HealthStep(self._bench(), self.stage, waited_for).run()
        return {row.resource.rpartition("/")[2]: row for row in self.told}

    def _critical(self, key: str) -> bool:
        return self.critical is not None and key.rpartition("/")[2] in self.critical

    def _bench(self) -> Workbench:
        adapter = SimpleNamespace(
            check=lambda one, _site, _aws: self.check(one),
            probes=lambda *_: (),
            endpoints=lambda _entry, _scope, region: {"writer": f"db.{region}.example"},
        )
        caller = SimpleNamespace(derived=lambda **_: None)
        state = RunState(failed={self.stage.id: self.failed})
        scope = SCOPE.model_copy(
            update={"policies": SCOPE.policies.model_copy(update=self.policies)}
        )
        bench = SimpleNamespace(
            scope=scope,
            plan=self.plan.model_copy(update={"emergency": self.critical is not None}),
            clock=self.clock,
            recorder=SimpleNamespace(state=state, append=self.told.append),
            parallel=self.parallel,
            stop=self.stop,
            entry=self.catalog.entry,
            adapter=lambda _: adapter,
            aws_for=lambda *_: caller,
            site=lambda stage, shard, one: SiteContext.of(
                scope, self.catalog, one, WEST, SiteState.ACTIVE
            ),
        )
        return cast("Workbench", bench)


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Set at the end of the test: what hangs in it ends then."""
    event = threading.Event()
    yield event
    event.set()


def test_a_check_that_hangs_is_a_named_failure_after_its_limit_and_holds_up_nobody(
    never: threading.Event,
) -> None:
    rehearsal: Rehearsal

    def check(one: CatalogEntry) -> Health:
        if one.resource.name == "r1":
            rehearsal.clock.forward(30.0)
            never.wait()
        return GOOD

    rehearsal = Rehearsal(check)
    told = rehearsal.run()
    assert [told[name].status for name in ("r0", "r1", "r2")] == [S.HEALTHY, S.UNKNOWN, S.HEALTHY]
    assert told["r1"].detail == "its health check did not end within 30 s"
    assert "policies.health_check_seconds in stacks/acme/production.yaml" in told["r1"].hint
    assert "drstate resume" in told["r1"].hint
    # tried once more, and no longer
    assert 60 <= rehearsal.clock.monotonic() < 70


def test_a_check_that_hung_once_and_answers_then_is_healthy(never: threading.Event) -> None:
    asked: list[str] = []
    rehearsal: Rehearsal

    def check(one: CatalogEntry) -> Health:
        asked.append(one.key)
        if len(asked) == 1:
            rehearsal.clock.forward(30.0)
            never.wait()
            return Health(S.UNHEALTHY, "an answer that nobody waits for any more")
        return GOOD

    rehearsal = Rehearsal(check, keys=1)
    assert rehearsal.run()["r0"].status is S.HEALTHY


def test_the_limits_are_the_scope_files(never: threading.Event) -> None:
    rehearsal: Rehearsal

    def check(_one: CatalogEntry) -> Health:
        rehearsal.clock.forward(2.0)
        never.wait()
        return GOOD

    rehearsal = Rehearsal(check, keys=1, policies={"health_check_seconds": 2})
    assert rehearsal.run()["r0"].detail == "its health check did not end within 2 s"

    slow = Rehearsal(
        lambda _: Health(S.UNHEALTHY, "starting"), keys=1, policies={"health_timeout_seconds": 7}
    )
    assert slow.run()["r0"].detail == "starting"
    assert slow.clock.monotonic() == pytest.approx(7)


def test_a_wave_takes_five_minutes_at_most_however_many_are_not_healthy() -> None:
    rehearsal = Rehearsal(lambda _: Health(S.UNHEALTHY, "starting", "wait"), keys=30, parallel=2)
    told = rehearsal.run()
    assert len(told) == 30
    assert {(row.status, row.detail) for row in told.values()} == {(S.UNHEALTHY, "starting")}
    assert rehearsal.clock.monotonic() == pytest.approx(300)


def test_what_nobody_could_ask_in_time_is_told_as_such(never: threading.Event) -> None:
    rehearsal: Rehearsal

    def check(_one: CatalogEntry) -> Health:
        rehearsal.clock.forward(30.0)
        never.wait()
        return GOOD

    # one at a time, each hangs: the wave's time ends before the last ones had their turn
    rehearsal = Rehearsal(check, keys=3, parallel=1, policies={"health_timeout_seconds": 50})
    told = rehearsal.run()
    assert len(told) == 3
    assert {row.status for row in told.values()} == {S.UNKNOWN}
    assert "the 50 s of the wave were over" in told["r2"].detail
    assert "policies.health_timeout_seconds" in told["r2"].hint


def test_resources_are_asked_beside_one_another() -> None:
    together = threading.Barrier(5, timeout=10)

    def check(_one: CatalogEntry) -> Health:
        together.wait()
        return GOOD

    told = Rehearsal(check, keys=5).run()
    assert {row.status for row in told.values()} == {S.HEALTHY}


def test_one_that_is_starting_is_asked_again_until_it_is_healthy() -> None:
    answers = iter([Health(S.UNHEALTHY, "0 of 2"), Health(S.DEGRADED, "1 of 2"), GOOD])
    rehearsal = Rehearsal(lambda _: next(answers), keys=1)
    assert rehearsal.run()["r0"].status is S.HEALTHY
    assert len(rehearsal.clock.slept) == 2


def test_one_that_stays_degraded_is_given_half_a_minute() -> None:
    rehearsal = Rehearsal(lambda _: Health(S.DEGRADED, "1 of 2"), keys=1)
    assert rehearsal.run()["r0"].status is S.DEGRADED
    assert rehearsal.clock.monotonic() == pytest.approx(30)


def test_in_an_emergency_only_what_is_critical_is_waited_for() -> None:
    rehearsal = Rehearsal(lambda _: Health(S.UNHEALTHY, "starting"), critical=("r1",))
    told = rehearsal.run()
    assert {key: row.status for key, row in told.items()} == dict.fromkeys(told, S.UNHEALTHY)
    # the others are told as they were found at once
    assert {key for key, row in told.items() if row.duration_seconds < 1} == {"r0", "r2"}
    assert told["r1"].duration_seconds >= 299


def test_one_whose_step_failed_is_not_asked() -> None:
    asked: list[str] = []

    def check(one: CatalogEntry) -> Health:
        asked.append(one.resource.name)
        return GOOD

    failed = frozenset({entry("r0").key})
    told = Rehearsal(check, failed=failed).run()
    assert told["r0"].status is S.UNHEALTHY
    assert "drstate resume" in told["r0"].hint
    assert sorted(asked) == ["r1", "r2"]


def test_an_error_of_a_check_is_the_health_of_its_resource_only() -> None:
    def check(one: CatalogEntry) -> Health:
        if one.resource.name == "r1":
            raise ZeroDivisionError("a bug of an adapter")
        return GOOD

    told = Rehearsal(check).run()
    assert told["r1"].status is S.UNHEALTHY
    assert "could not be found out" in told["r1"].detail
    assert told["r0"].status is told["r2"].status is S.HEALTHY


def test_a_stop_ends_it_though_a_check_hangs(never: threading.Event) -> None:
    rehearsal: Rehearsal

    def check(_one: CatalogEntry) -> Health:
        rehearsal.stop.request("interrupted")
        never.wait()
        return GOOD

    rehearsal = Rehearsal(check, keys=1)
    with pytest.raises(StoppedError):
        rehearsal.run()
    assert rehearsal.told == []


def test_endpoints_before_and_after_are_recorded() -> None:
    told = Rehearsal(lambda _: GOOD, keys=1).run()["r0"]
    assert told.endpoints_before == {"writer": "db.us-east-1.example"}
    assert told.endpoints_after == {"writer": "db.us-west-2.example"}


def test_of_what_failed_to_move_nobody_says_where_it_answers_now() -> None:
    key = Rehearsal(lambda _: GOOD, keys=1).stage.shards[0].resources[0]
    told = Rehearsal(lambda _: GOOD, keys=1, failed=frozenset({key})).run()["r0"]
    assert told.status is S.UNHEALTHY
    assert (told.endpoints_before, told.endpoints_after) == ({}, {})
