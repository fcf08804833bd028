"""In which order equally urgent resources of a wave begin, so that the wave ends soon. Pure.

Longest first is a good rule where slots are many. Where they are few, the order by priority makes
it a poor one: the least urgent come last, and the longest of them alone then holds the wave up,
while slots stand idle. So a wave is played on paper with what the plan predicts, and within each
priority the order is changed where that lets the wave end sooner: the next wave, with its own most
urgent resources, waits for that. More urgent ones always go first; the most urgent never end later
than longest first would let them, and the others, but for the last to end, not much later.

Nothing is promised: times turn out otherwise, and then a free slot still goes to the most urgent
that waits. The same plan and number of slots always give the same order.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from drstate.model.plan import ActionSpec, Stage, When
from drstate.planning.estimate import STACK_SECONDS

#: how many pieces of work are played for a wave at most: a fraction of a second
PLAYED = 120_000
#: an order is not looked for in larger waves: longest first is within a percent of the best there
PIECES = 600
#: how much later a priority that is not the most urgent may end, so that the wave ends sooner
LATER = 1.1
#: so many changes in vain, and it is begun anew
STALLED = 250
#: near enough to what no order can beat
ENOUGH = 1.005
#: goes before all that waits: a stack's update, which is nobody's
_FIRST = (-1, 0)

Levels = Callable[[tuple[str, ...]], list[list[str]]]
#: the piece's owner (None: a stack) and its seconds
Piece = tuple[int | None, float]
#: the wave's end, then the ends of each priority, the most urgent first
Ends = tuple[float, ...]


@dataclass(frozen=True)
class Wave:
    """The work of a stage: shards in their order of admission, each in rounds of pieces."""

    shards: tuple[tuple[tuple[Piece, ...], ...], ...]
    #: owners: what a piece is known by, a resource's key; its rank, and its seconds in all
    keys: tuple[str, ...]
    ranks: tuple[int, ...]
    seconds: tuple[float, ...]
    #: owner -> equally urgent keys that are in a batch with it
    mates: Mapping[int, tuple[str, ...]]

    @property
    def pieces(self) -> int:
        """How many there are."""
        return sum(len(part) for shard in self.shards for part in shard)

    def bound(self, slots: int) -> float:
        """Seconds that no order can beat."""
        chains = (sum(max(p[1] for p in part) for part in shard) for shard in self.shards)
        work = sum(piece[1] for shard in self.shards for part in shard for piece in part)
        return max(max(chains, default=0.0), work / slots)


def wave_of(
    stage: Stage, levels: Levels, urgency: Callable[[str], int], rank: Callable[[str, str], int]
) -> Wave:
    """What the plan predicts of the stage, in the order in which a shard goes about it."""
    owners: dict[str, int] = {}
    whole: list[float] = []
    mates: dict[int, tuple[str, ...]] = {}

    def owner(key: str, seconds: float, others: tuple[str, ...] = ()) -> int:
        number = owners.setdefault(key, len(owners))
        if number == len(whole):
            whole.append(0.0)
        whole[number] += seconds
        mates[number] = (*mates.get(number, ()), *others)
        return number

    def part(specs: Iterable[ActionSpec]) -> list[tuple[Piece, ...]]:
        chains: dict[str, list[ActionSpec]] = {}
        for spec in specs:
            chains.setdefault(spec.resource, []).append(spec)
        return [_round([chains[key] for key in level], urgency, owner)
                for level in levels(tuple(chains))]  # fmt: skip

    shards = []
    for shard in sorted(stage.shards, key=lambda one: rank(stage.id, str(one.id))):
        rounds = part(one for one in shard.actions if one.when is When.BEFORE)
        if shard.stack is not None:
            rounds.append(((None, float(STACK_SECONDS)),))
        rounds += part(one for one in shard.actions if one.when is When.AFTER)
        shards.append(tuple(rounds))
    return Wave(tuple(shards), tuple(owners), tuple(map(urgency, owners)), tuple(whole), mates)


def _round(
    chains: Sequence[Sequence[ActionSpec]],
    urgency: Callable[[str], int],
    owner: Callable[..., int],
) -> tuple[Piece, ...]:
    """One level: what is done for all members of a batch at once, then each resource's own."""
    batches: dict[str, list[ActionSpec]] = {}
    alone: list[Piece] = []
    for chain in chains:
        own = sum(spec.estimate_seconds for spec in chain if spec.batch_key is None)
        if own:
            alone.append((owner(chain[0].resource, own), float(own)))
        for spec in chain:
            if spec.batch_key is not None:
                batches.setdefault(spec.batch_key, []).append(spec)
    together = []
    for members in batches.values():
        seconds = max(spec.estimate_seconds for spec in members)
        first = min(members, key=lambda spec: (urgency(spec.resource), -spec.estimate_seconds))
        rank = urgency(first.resource)
        mates = tuple(one.resource for one in members if urgency(one.resource) == rank)
        together.append((owner(first.resource, seconds, mates), float(seconds)))
    return (*together, *alone)


def play(wave: Wave, slots: int, places: Sequence[int]) -> Ends:
    """How the wave ends if, of equally urgent owners, the one with the smaller place goes first."""
    return _Play(wave, places).ends(slots)


class _Play:
    """A wave on paper, as ``ShardStep`` and ``Slots`` go about it."""

    def __init__(self, wave: Wave, places: Sequence[int]) -> None:
        self._shards = wave.shards
        self._turns = list(zip(wave.ranks, places, strict=True))
        #: turn, number, seconds, shard of what waits; end, number, shard, rank of what runs
        self._waiting: list[tuple[tuple[int, int], int, float, int]] = []
        self._running: list[tuple[float, int, int, int]] = []
        self._at, self._left = [0] * len(wave.shards), [0] * len(wave.shards)
        self._latest = dict.fromkeys(sorted({*wave.ranks}), 0.0)
        self._now, self._free, self._count = 0.0, 0, 0

    def ends(self, slots: int) -> Ends:
        """Play it to the end."""
        for shard in range(len(self._shards)):
            self._ask(shard)
        # shards that begin together have asked before the first slot is given: ``Slots.gather``
        self._free = slots
        self._hand_out()
        while self._running:
            self._now, _, shard, rank = heapq.heappop(self._running)
            if rank >= 0:
                self._latest[rank] = self._now
            self._free += 1
            self._hand_out()
            self._left[shard] -= 1
            if not self._left[shard]:
                self._ask(shard)
                self._hand_out()
        return (self._now, *self._latest.values())

    def _ask(self, shard: int) -> None:
        rounds, at = self._shards[shard], self._at[shard]
        if at == len(rounds):
            return
        self._at[shard], self._left[shard] = at + 1, len(rounds[at])
        for owner, seconds in rounds[at]:
            turn = _FIRST if owner is None else self._turns[owner]
            self._count += 1
            heapq.heappush(self._waiting, (turn, self._count, seconds, shard))

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            turn, number, seconds, shard = heapq.heappop(self._waiting)
            self._free -= 1
            heapq.heappush(self._running, (self._now + seconds, number, shard, turn[0]))


def stand_ins(wave: Wave, slots: int) -> dict[str, int]:
    """Seconds by key with which longest first gives the order that was found.

    They are the wave's own, handed out anew within each priority. Empty: longest first as it is.
    """
    sequences: dict[int, list[int]] = {}
    for owner in sorted(range(len(wave.keys)), key=lambda one: (-wave.seconds[one], one)):
        sequences.setdefault(wave.ranks[owner], []).append(owner)
    found: dict[str, int] = {}
    for owners in _searched(wave, slots, sequences).values():
        given = sorted((round(wave.seconds[one]) for one in owners), reverse=True)
        # equals would keep the plan's order: each a second less than the one before
        for place, owner in enumerate(owners):
            if place:
                given[place] = min(given[place], given[place - 1] - 1)
            found |= dict.fromkeys((wave.keys[owner], *wave.mates[owner]), given[place])
    return found


def _searched(
    wave: Wave, slots: int, sequences: dict[int, list[int]]
) -> Mapping[int, Sequence[int]]:
    """The owners of each rank in a better order than the one given; empty where none is found."""
    first = best = play(wave, slots, _placed(sequences, wave))
    enough = wave.bound(slots) * ENOUGH
    movable = [rank for rank, owners in sorted(sequences.items()) if len(owners) > 1]
    if best[0] <= enough or not movable or wave.pieces > PIECES:
        return {}
    limits, kept = _limits(best), dict(sequences)
    here, stalled = (0.0, best[0]), 0
    draw = random.Random(0)  # noqa: S311 - the same order every time is the point
    for _ in range(PLAYED // wave.pieces):
        rank = draw.choice(movable)
        before = sequences[rank]
        sequences[rank] = moved = before.copy()
        one = moved.pop(draw.randrange(len(moved)))
        moved.insert(draw.randrange(len(moved) + 1), one)
        found = play(wave, slots, _placed(sequences, wave))
        late = sum(max(0.0, end - limit) for end, limit in zip(found[1:], limits, strict=True))
        # as good is good enough to go on from: it may lead to a better one
        if (late, found[0]) > here:
            sequences[rank] = before
            stalled += 1
        else:
            stalled = 0 if (late, found[0]) < here else stalled + 1
            here = (late, found[0])
        if not late and found < best:
            best, kept = found, dict(sequences)
        if best[0] <= enough:
            break
        if stalled > STALLED:  # from here nothing leads on: begin somewhere else
            here, stalled = (inf, inf), 0
            for other in movable:
                sequences[other] = draw.sample(sequences[other], len(sequences[other]))
    return kept if best[0] < first[0] else {}


def _limits(ends: Ends) -> Ends:
    """When each priority may end at the latest, if ``ends`` are those of longest first."""
    return (ends[1], *(min(end * LATER, ends[0]) for end in ends[2:]))


def _placed(sequences: Mapping[int, Sequence[int]], wave: Wave) -> list[int]:
    found = [0] * len(wave.keys)
    for owners in sequences.values():
        for place, owner in enumerate(owners):
            found[owner] = place
    return found
