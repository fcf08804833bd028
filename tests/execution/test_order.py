"""Who is admitted first, and who waits in an emergency."""

from __future__ import annotations

import pytest

from drstate.execution.commands import RunShard
from drstate.execution.order import Order

SHARDS = {"low": 3, "critical-a": 0, "high": 1, "critical-b": 0}
WAITING = [RunShard(stage="activate.w1", shard=name) for name in SHARDS]


def order(*, barrier: bool, **more: object) -> Order:
    ranks = {("activate.w1", name): rank for name, rank in SHARDS.items()}
    return Order({}, frozenset(), ranks, barrier=barrier, **more)  # type: ignore[arg-type]


def names(commands: list[RunShard]) -> list[str]:
    return [command.shard for command in commands]


@pytest.mark.parametrize("busy", [True, False])
def test_the_most_urgent_shards_are_admitted_first_and_nobody_waits(busy: bool) -> None:
    now, later = order(barrier=False).admit(WAITING, busy=busy)
    assert names(now) == ["critical-a", "critical-b", "high", "low"]
    assert later == []


def test_in_an_emergency_less_urgent_shards_wait_until_the_more_urgent_have_ended() -> None:
    emergency = order(barrier=True)
    groups = []
    waiting = list(WAITING)
    while waiting:
        held, waiting = emergency.admit(waiting, busy=True)
        assert held == []
        now, waiting = emergency.admit(waiting, busy=False)
        groups.append(names(now))
    assert groups == [["critical-a", "critical-b"], ["high"], ["low"]]
    assert emergency.admit([], busy=False) == ([], [])


def test_inside_a_shard_too_and_what_is_depended_on_still_goes_first() -> None:
    keys = ("web", "database", "worker", "cache")
    needs = {"web": ["database"]}
    urgency = {"web": 0, "database": 1, "worker": 3, "cache": 0}
    calm = Order(needs, frozenset(), urgency=urgency)
    assert calm.levels(keys) == [["cache", "database", "worker"], ["web"]]
    emergency = Order(needs, frozenset(), urgency=urgency, barrier=True)
    # the database is as urgent as the service that needs it
    assert emergency.levels(keys) == [["cache", "database"], ["web"], ["worker"]]


def test_of_equally_urgent_resources_the_longest_begins_first() -> None:
    urgency = {"a": 1, "b": 1, "c": 0, "d": 1}
    found = Order({}, frozenset(), urgency=urgency, seconds={"a": 5, "b": 60, "c": 1, "d": 60})
    assert found.levels(("a", "b", "c", "d")) == [["c", "b", "d", "a"]]
