"""The order inside a priority: the wave ends sooner, and nobody more urgent pays for it."""

from __future__ import annotations

from itertools import permutations

from drstate.execution.lookahead import LATER, Wave, play, stand_ins

STACK = ((None, 15.0),)


def wave(*shards: tuple[tuple[int, float], ...]) -> Wave:
    """A wave of shards with one round of (rank, seconds) each, then a stack."""
    ranks = tuple(rank for shard in shards for rank, _ in shard)
    seconds = tuple(one for shard in shards for _, one in shard)
    numbers = iter(range(len(ranks)))
    rounds = tuple((tuple((next(numbers), one) for _, one in shard), STACK) for shard in shards)
    keys = tuple(f"r{number}" for number in range(len(ranks)))
    return Wave(rounds, keys, ranks, seconds, dict.fromkeys(range(len(ranks)), ()))


def places(made: Wave, seconds: dict[str, int]) -> list[int]:
    """Places as ``Order.turn`` makes them of seconds."""
    turns = [
        -seconds.get(key, round(own)) for key, own in zip(made.keys, made.seconds, strict=True)
    ]
    order = sorted(range(len(turns)), key=lambda one: turns[one])
    return [order.index(one) for one in range(len(turns))]


#: the longest of the least urgent would begin last
LAST = wave(
    ((0, 30), (1, 50), (2, 90)),
    ((0, 40), (1, 60), (1, 20), (2, 10), (2, 20)),
)


def test_what_is_found_is_as_good_as_the_best_of_all_orders() -> None:
    longest_first = play(LAST, 3, places(LAST, {}))
    found = play(LAST, 3, places(LAST, stand_ins(LAST, 3)))
    assert found[0] < longest_first[0]
    best = min(
        play(LAST, 3, places(LAST, {f"r{one}": place for place, one in enumerate(order)}))
        for order in permutations(range(8))
    )
    assert found[0] == best[0]
    assert found[1] <= longest_first[1]
    assert found[2] <= longest_first[2] * LATER


def test_the_same_wave_always_gets_the_same_order() -> None:
    assert stand_ins(LAST, 3) == stand_ins(LAST, 3)


def test_where_nobody_waits_longest_first_stays() -> None:
    assert stand_ins(LAST, 8) == {}


def test_more_urgent_work_begins_first_and_a_stack_before_what_waits() -> None:
    alone = wave(((1, 10), (1, 10)), ((0, 20), (0, 5)))
    # one slot: 20, 5, one that waits as the slot is given back, the stack, the other one, its stack
    assert play(alone, 1, [0, 1, 2, 3]) == (75.0, 25.0, 60.0)


def test_seconds_that_stand_for_others_keep_to_what_the_wave_has() -> None:
    found = stand_ins(LAST, 3)
    for rank in set(LAST.ranks):
        keys = [key for key, own in zip(LAST.keys, LAST.ranks, strict=True) if own == rank]
        given = [found[key] for key in keys]
        assert len(set(given)) == len(given)
        assert max(given) <= max(LAST.seconds)
