"""In which order the resources of a wave begin, so that the wave ends soon. Pure.

Longest first is a good rule where slots are many. Where they are few, the order by priority makes
it a poor one: the least urgent come last, and the longest of them alone then holds the wave up,
while slots stand idle. So a wave is played on paper with what the plan predicts, and its order is
changed where that lets it end sooner: the next wave, with its own most urgent resources, waits for
that. What may change places:

priority   equally urgent resources only; a more urgent one that waits always goes first
backfill   the most urgent of the wave among themselves, and all that are less urgent: one of these
           may be let in before a more urgent one that waits

Either way the most urgent never end later than longest first would let them, and no other priority,
but for the last to end, much later. Nothing is promised: times turn out otherwise, and then a free
slot still goes to the first in turn that waits. The same plan and number of slots always give the
same order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate
from math import inf

from drstate.execution.onpaper import Ends, Wave, play
from drstate.execution.slots import Turn
from drstate.model.scope import WaveOrder

#: how many pieces of work are played at most to find an order: a fraction of a second
PLAYED = 120_000
#: an order is not looked for in larger waves: longest first is within a percent of the best there
PIECES = 600
#: how much later a priority that is not the most urgent may end, so that the wave ends sooner
LATER = {WaveOrder.PRIORITY: 1.1, WaveOrder.BACKFILL: 1.05}
#: so many changes in vain, and it is begun anew
STALLED = 250
#: near enough to what no order can beat
ENOUGH = 1.005

#: owners in the order in which they go first; those of a block may change places
Blocks = list[list[int]]


def turns(wave: Wave, slots: int, wanted: WaveOrder = WaveOrder.PRIORITY) -> dict[str, Turn]:
    """Key -> turn in the order that was found; empty: longest first, as it is, is as good.

    Turns are the wave's own ranks and seconds, handed out anew: they can be held against those of
    what is not in the wave. What is let in before a more urgent one has that one's rank.
    """
    found = _searched(wave, slots, wanted)
    ranks = _suffix_least([wave.ranks[one] for one in found])
    given: dict[str, Turn] = {}
    for rank in sorted(set(ranks)):
        owners = [one for one, own in zip(found, ranks, strict=True) if own == rank]
        seconds = sorted((round(wave.seconds[one]) for one in owners), reverse=True)
        # equals would keep the plan's order: each a second less than the one before
        for place, owner in enumerate(owners):
            if place:
                seconds[place] = min(seconds[place], seconds[place - 1] - 1)
            turn = (rank, -seconds[place])
            given |= dict.fromkeys((wave.keys[owner], *wave.mates[owner]), turn)
    return given


def _suffix_least(ranks: Sequence[int]) -> list[int]:
    """For each place the most urgent rank from there on."""
    return list(accumulate(reversed(ranks), min))[::-1]


def _searched(wave: Wave, slots: int, wanted: WaveOrder) -> list[int]:
    """The owners in a better order than longest first; empty where none is found."""
    urgent: dict[int, list[int]] = {}
    for owner in sorted(range(len(wave.keys)), key=lambda one: (-wave.seconds[one], one)):
        urgent.setdefault(wave.ranks[owner], []).append(owner)
    blocks = [owners for _, owners in sorted(urgent.items())]
    first = play(wave, slots, _in_turn(blocks))
    if wave.pieces > PIECES or first[0] <= wave.bound(slots) * ENOUGH:
        return []
    limits = _limits(first, LATER[wanted])
    found = _Search(wave, slots, limits).better(blocks)
    if wanted is WaveOrder.BACKFILL:
        blocks = [found[: len(blocks[0])], found[len(blocks[0]) :]]
        found = _Search(wave, slots, limits).better(blocks)
    return found if play(wave, slots, _in_turn([found]))[0] < first[0] else []


class _Search:
    """Changes places at random, the same ones each time, and keeps what is better."""

    def __init__(self, wave: Wave, slots: int, limits: Ends) -> None:
        self._wave, self._slots, self._limits = wave, slots, limits
        self._enough = wave.bound(slots) * ENOUGH
        self._draw = random.Random(0)  # noqa: S311 - the same order every time is the point

    def better(self, blocks: Blocks) -> list[int]:
        """The best order found, in which every owner is still in its block."""
        movable = [number for number, owners in enumerate(blocks) if len(owners) > 1]
        here, kept = [owners.copy() for owners in blocks], [*blocks]
        late, best = self._played(here)
        cost, stalled = (late, best[0]), 0
        for _ in range(PLAYED // self._wave.pieces if movable else 0):
            if best[0] <= self._enough:
                break
            number = self._draw.choice(movable)
            before = here[number]
            here[number] = self._moved(before)
            late, found = self._played(here)
            # as good is good enough to go on from: it may lead to a better one
            if (late, found[0]) > cost:
                here[number] = before
                stalled += 1
            else:
                stalled = 0 if (late, found[0]) < cost else stalled + 1
                cost = (late, found[0])
            if not late and found < best:
                best, kept = found, [*here]
            if stalled > STALLED:  # from here nothing leads on: begin somewhere else
                cost, stalled = (inf, inf), 0
                for other in movable:
                    here[other] = self._draw.sample(here[other], len(here[other]))
        return [owner for owners in kept for owner in owners]

    def _moved(self, owners: list[int]) -> list[int]:
        moved = owners.copy()
        one = moved.pop(self._draw.randrange(len(moved)))
        moved.insert(self._draw.randrange(len(moved) + 1), one)
        return moved

    def _played(self, blocks: Blocks) -> tuple[float, Ends]:
        """By how much priorities end too late in all, and the ends."""
        ends = play(self._wave, self._slots, _in_turn(blocks))
        pairs = zip(ends[1:], self._limits, strict=True)
        return sum(max(0.0, end - limit) for end, limit in pairs), ends


def _limits(ends: Ends, later: float) -> Ends:
    """When each priority may end at the latest, if ``ends`` are those of longest first."""
    return (ends[1], *(min(end * later, ends[0]) for end in ends[2:]))


def _in_turn(blocks: Blocks) -> list[Turn]:
    order = [owner for owners in blocks for owner in owners]
    found = [(0, 0)] * len(order)
    for place, owner in enumerate(order):
        found[owner] = (0, place)
    return found
