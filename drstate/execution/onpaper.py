"""A wave on paper: how it ends if its resources begin in a given order. Pure.

It is played with what the plan predicts, as ``ShardStep`` and ``Slots`` go about it: shards ask for
slots round by round, and a free slot goes to the first in turn that waits.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from drstate.execution.slots import FIRST, Turn
from drstate.model.plan import ActionSpec, Stage, When
from drstate.planning.estimate import STACK_SECONDS

Levels = Callable[[tuple[str, ...]], list[list[str]]]
#: the piece's owner (None: a stack, whose update goes before all that waits) and its seconds
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


def play(wave: Wave, slots: int, turns: Sequence[Turn]) -> Ends:
    """How the wave ends if, of the owners that wait, the one with the smallest turn goes first."""
    return _Play(wave, turns).ends(slots)


class _Play:
    def __init__(self, wave: Wave, turns: Sequence[Turn]) -> None:
        self._shards, self._ranks, self._turns = wave.shards, wave.ranks, turns
        #: turn, number, seconds, shard, rank of what waits; end, number, shard, rank of what runs
        self._waiting: list[tuple[Turn, int, float, int, int]] = []
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
            turn, rank = (FIRST, -1) if owner is None else (self._turns[owner], self._ranks[owner])
            self._count += 1
            heapq.heappush(self._waiting, (turn, self._count, seconds, shard, rank))

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            _, number, seconds, shard, rank = heapq.heappop(self._waiting)
            self._free -= 1
            heapq.heappush(self._running, (self._now + seconds, number, shard, rank))
