"""A better order in few slots: the wave ends sooner, and nobody more urgent pays for it."""

from __future__ import annotations

from itertools import permutations

import pytest

from drstate.execution.lookahead import LATER, turns
from drstate.execution.onpaper import Ends, Wave, play
from drstate.execution.order import Order
from drstate.execution.slots import Turn
from drstate.model.scope import WaveOrder

STACK = ((None, 15.0),)


def wave(*shards: tuple[tuple[int, float], ...]) -> Wave:
    """A wave of shards with one round of (rank, seconds) each, then a stack."""
    ranks = tuple(rank for shard in shards for rank, _ in shard)
    seconds = tuple(one for shard in shards for _, one in shard)
    numbers = iter(range(len(ranks)))
    rounds = tuple((tuple((next(numbers), one) for _, one in shard), STACK) for shard in shards)
    keys = tuple(f"r{number}" for number in range(len(ranks)))
    return Wave(rounds, keys, ranks, seconds, dict.fromkeys(range(len(ranks)), ()))


def played(made: Wave, slots: int, found: dict[str, Turn]) -> Ends:
    """Its ends in the turns of ``Order``."""
    urgency = dict(zip(made.keys, made.ranks, strict=True))
    seconds = dict(zip(made.keys, map(round, made.seconds), strict=True))
    order = Order({}, frozenset(), urgency=urgency, seconds=seconds, better={"s": found}).at("s")
    return play(made, slots, [order.turn(key) for key in made.keys])


#: the longest of the least urgent would begin last
LAST = wave(
    ((0, 30), (1, 50), (2, 90)),
    ((0, 40), (1, 60), (1, 20), (2, 10), (2, 20)),
)
#: whatever goes first among equals, by priority the last one begins when all others have begun
LATE = wave(
    ((0, 30), (0, 30), (0, 30), (1, 60), (1, 40), (1, 40), (2, 20), (2, 20), (2, 20), (3, 100))
)


def test_what_is_found_is_as_good_as_the_best_of_all_orders_that_keep_to_priorities() -> None:
    longest_first = played(LAST, 3, {})
    found = played(LAST, 3, turns(LAST, 3))
    assert found[0] < longest_first[0]
    best = min(
        played(LAST, 3, {f"r{one}": (LAST.ranks[one], place) for place, one in enumerate(order)})
        for order in permutations(range(8))
    )
    assert found[0] == best[0]
    assert found[1] <= longest_first[1]
    assert found[2] <= longest_first[2] * LATER[WaveOrder.PRIORITY]


@pytest.mark.parametrize("made", [LAST, LATE])
def test_by_priority_a_more_urgent_one_that_waits_always_goes_first(made: Wave) -> None:
    found = turns(made, 3)
    assert all(found.get(key, (rank, 0))[0] == rank
               for key, rank in zip(made.keys, made.ranks, strict=True))  # fmt: skip


def test_backfill_lets_a_long_one_in_early_where_the_wave_then_ends_sooner() -> None:
    kept = played(LATE, 3, turns(LATE, 3))
    found = turns(LATE, 3, WaveOrder.BACKFILL)
    ends = played(LATE, 3, found)
    assert ends[0] < kept[0]
    assert ends[:5] == (185, 30, 90, 110, 170)
    # before one that is more urgent, whose rank it has then; and not before the most urgent
    assert found["r9"][0] == 2
    assert found["r9"] < max(found[key] for key in ("r6", "r7", "r8"))


@pytest.mark.parametrize("made", [LAST, LATE])
def test_backfill_keeps_the_most_urgent_first_and_delays_no_priority_much(made: Wave) -> None:
    longest_first = played(made, 3, {})
    found = turns(made, 3, WaveOrder.BACKFILL)
    ends = played(made, 3, found)
    ordered = sorted(range(len(made.keys)), key=lambda one: found[made.keys[one]])
    urgent = made.ranks.count(0)
    assert {made.ranks[one] for one in ordered[:urgent]} == {0}
    assert ends[1] <= longest_first[1]
    for end, before in zip(ends[2:-1], longest_first[2:-1], strict=True):
        assert end <= before * LATER[WaveOrder.BACKFILL]
    assert ends[0] < longest_first[0]


@pytest.mark.parametrize("wanted", list(WaveOrder))
def test_the_same_wave_always_gets_the_same_order(wanted: WaveOrder) -> None:
    assert turns(LAST, 3, wanted) == turns(LAST, 3, wanted)


@pytest.mark.parametrize("wanted", list(WaveOrder))
def test_one_slot_knows_priorities_only(wanted: WaveOrder) -> None:
    assert turns(LATE, 1, wanted) == {}


def test_where_nobody_waits_longest_first_stays() -> None:
    assert turns(LAST, 8) == {}


def test_more_urgent_work_begins_first_and_a_stack_before_what_waits() -> None:
    alone = wave(((1, 10), (1, 10)), ((0, 20), (0, 5)))
    # one slot: 20, 5, one that waits as the slot is given back, the stack, the other one, its stack
    assert play(alone, 1, [(1, 0), (1, 1), (0, 2), (0, 3)]) == (75.0, 25.0, 60.0)


def test_turns_are_made_of_the_ranks_and_seconds_that_the_wave_has() -> None:
    found = turns(LAST, 3)
    for rank in set(LAST.ranks):
        keys = [key for key, own in zip(LAST.keys, LAST.ranks, strict=True) if own == rank]
        given = [-found[key][1] for key in keys]
        assert len(set(given)) == len(given)
        assert max(given) <= max(LAST.seconds)


def test_a_better_turn_holds_in_its_own_stage_only() -> None:
    order = Order({}, frozenset(), urgency={"a": 3}, seconds={"a": 9}, better={"s": {"a": (1, -7)}})
    assert order.at("s").turn("a") == (1, -7)
    assert order.at("t").turn("a") == order.turn("a") == (3, -9)
