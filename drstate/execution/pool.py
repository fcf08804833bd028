"""Admission of shards: how many at once is a number (``--parallel``), how many fit is memory.

Every shard with a stack brings a provider plugin, and with the Pulumi CLI that process too. Where
they do not fit, the machine kills one of them in the middle of a promotion. So a shard waits until
its estimate fits into what is available, less what running shards have not taken yet. One shard
always runs, whatever the estimate says. Order is kept: nobody overtakes a shard that waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from drstate.aws.clock import Clock
from drstate.errors import ConfigError
from drstate.model.plan import ShardPlan

MIB = 1 << 20
#: threads with this prefix work on shards; a process that ends does not wait for them
WORKERS = "drstate-shard"
#: how often available memory is looked at while a shard waits, seconds
LOOK_SECONDS = 0.5
#: a shard has taken what it needs after so long; until then it counts as still to be taken
SETTLED_SECONDS = 20.0
#: left alone: for the rest of the machine
SPARE_BYTES = 64 * MIB


@dataclass(frozen=True)
class Footprint:
    """What the stack of one shard costs, measured (see ADR 0021). Bytes."""

    base: int
    each: int


#: by engine. A shard without a stack costs what its calls do: next to nothing
FOOTPRINTS = {
    "embedded": Footprint(base=64 * MIB, each=MIB // 2),
    "pulumi": Footprint(base=128 * MIB, each=MIB // 2),
}
ACTIONS_ONLY = 8 * MIB
MEMORY_VARIABLE = "DRSTATE_SHARD_MEMORY"


def stated_bytes(env: Mapping[str, str]) -> int | None:
    """What DRSTATE_SHARD_MEMORY (MiB a stack) says, in bytes. Raises ConfigError."""
    text = env.get(MEMORY_VARIABLE, "").strip()
    if not text:
        return None
    if not text.isdigit() or int(text) == 0:
        raise ConfigError(
            f"{MEMORY_VARIABLE} is {text!r}",
            why="it is the memory that one stack takes, in MiB: a whole number from 1",
            hint=f"set it to what was measured, say {MEMORY_VARIABLE}=600, or leave it unset",
        )
    return int(text) * MIB


def estimate(shard: ShardPlan, engine: str, override: int | None = None) -> int:
    """Bytes that the shard is going to take. ``override``: what a stack costs, as a person says."""
    if shard.stack is None:
        return ACTIONS_ONLY
    if override is not None:
        return override
    known = FOOTPRINTS.get(engine, FOOTPRINTS["pulumi"])
    return known.base + known.each * len(shard.declared)


@dataclass(frozen=True)
class _Running:
    cost: int
    since: float


class Admission:
    """Lets shards in as memory allows. Safe from any thread.

    ``available`` reads bytes that are left (None: not known, everybody is let in). ``on_wait`` is
    told why somebody waits, once until nobody does any more.
    """

    def __init__(
        self,
        available: Callable[[], int | None],
        clock: Clock,
        *,
        on_wait: Callable[[str, str], None] = lambda _text, _hint: None,
    ) -> None:
        self._available = available
        self._clock = clock
        self._on_wait = on_wait
        self._changed = threading.Condition()
        self._next = 0
        #: tickets of those that wait, in order
        self._line: list[int] = []
        self._running: dict[int, _Running] = {}
        self._told = False

    def ticket(self) -> int:
        """A place in the line: whoever draws first goes first."""
        with self._changed:
            self._next += 1
            self._line.append(self._next)
            return self._next

    @contextmanager
    def admitted(
        self, ticket: int, cost: int, check: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Wait for the turn and for ``cost`` bytes, then hold them while the block runs.

        ``check`` is called while it waits; what it raises ends the waiting.
        """
        try:
            self._wait(ticket, cost, check)
            yield
        finally:
            with self._changed:
                self._running.pop(ticket, None)
                if ticket in self._line:
                    self._line.remove(ticket)
                self._changed.notify_all()

    def _wait(self, ticket: int, cost: int, check: Callable[[], None]) -> None:
        while True:
            check()
            with self._changed:
                why = self._let_in(ticket, cost)
                if why is None:
                    return
                told = self._told or not why
                self._told = self._told or bool(why)
                waiting = len(self._line)
                if told:
                    self._changed.wait(LOOK_SECONDS)
                    continue
            many = f"{waiting} shards wait" if waiting > 1 else "a shard waits"
            self._on_wait(f"{many} for memory: {why}", _HINT)

    def _let_in(self, ticket: int, cost: int) -> str | None:
        """None: it is let in. Else why not; "" where it is not its turn. The lock is held."""
        if self._line[0] != ticket:
            return ""
        why = self._why_not(cost)
        if why is None:
            self._line.remove(ticket)
            self._running[ticket] = _Running(cost, self._clock.monotonic())
            self._told = self._told and bool(self._line)
            self._changed.notify_all()
        return why

    def _why_not(self, cost: int) -> str | None:
        """Why ``cost`` does not fit now; None: it does."""
        left = self._available()
        if not self._running or left is None:
            return None
        now = self._clock.monotonic()
        taken_yet = sum(
            int(row.cost * max(0.0, 1 - (now - row.since) / SETTLED_SECONDS))
            for row in self._running.values()
        )
        if cost + taken_yet + SPARE_BYTES <= left:
            return None
        return (
            f"the next one needs about {cost // MIB} MiB, {left // MIB} MiB are available and "
            f"{len(self._running)} at work may still take {taken_yet // MIB} MiB"
        )


_HINT = (
    "it goes on as others end; a machine or container with more memory runs more at once "
    "(DRSTATE_SHARD_MEMORY sets the estimate, in MiB)"
)
