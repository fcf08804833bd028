"""What the steps of a running execution share: ports to the rooms, the recorder, limits, stopping.

One value, built once per run, so that a step's needs are seen in its signature and not in globals.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drstate.aws.clock import Clock
from drstate.errors import DrstateError
from drstate.execution.catalogkeeper import CatalogKeeper
from drstate.execution.recorder import WHERE, Recorder
from drstate.execution.slots import Slots
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import Plan, ShardPlan, Stage
from drstate.model.scope import Scope
from drstate.model.shard import Binding, ShardInput

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.site import SiteContext
    from drstate.aws.caller import AwsCaller, Persists
    from drstate.engine.stacks import Stacks

Program = Callable[[], None]


class StoppedError(Exception):
    """The run is to stop here: interrupted, or its lease was lost. Not an error of the step."""


class Stop:
    """Asked before every step whether to go on. Safe from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason = ""
        #: why the run cannot even be recorded any more
        self.error: DrstateError | None = None

    def __bool__(self) -> bool:
        return self._event.is_set()

    def request(self, reason: str, error: DrstateError | None = None) -> None:
        """Ask every thread of the run to start nothing more."""
        if not self._event.is_set():
            self.reason, self.error = reason, error
        self._event.set()

    def check(self) -> None:
        """Raise StoppedError once a stop was requested."""
        if self._event.is_set():
            raise StoppedError(self.reason)


class SerialLocks:
    """One lock per key, for actions that must not run at once (writes to one DNS zone)."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def held(self, key: str | None) -> Iterator[None]:
        """Hold the key's lock; no key, no lock."""
        if key is None:
            yield
            return
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            yield


@dataclass(frozen=True)
class Workbench:
    """Everything that steps work with."""

    scope: Scope
    plan: Plan
    clock: Clock
    recorder: Recorder
    catalog: CatalogKeeper
    aws: AwsCaller
    adapter: Callable[[str], Adapter]
    stacks: Callable[[], Stacks]
    program: Callable[[ShardInput], Program]
    #: endpoints of other resources, as recorded by now
    bindings: Callable[[ShardPlan], tuple[Binding, ...]]
    shard_input: Callable[[ShardPlan, tuple[Binding, ...]], ShardInput]
    site: Callable[[Stage, ShardPlan, CatalogEntry], SiteContext]
    remember_shard: Callable[[ShardInput], None]
    #: resources worked on at once
    parallel: int
    message: str
    #: what the operator gave as the reason, for those who read a stack's history
    why: str = ""
    stop: Stop = field(default_factory=Stop)
    serial: SerialLocks = field(default_factory=SerialLocks)
    slots: Slots = field(default_factory=lambda: Slots(10))

    def entry(self, key: str) -> CatalogEntry:
        """The catalog entry with this key. Raises KeyError."""
        return self.catalog.catalog.entry(key)

    def aws_for(self, adapter: Adapter, persists: Persists | None = None) -> AwsCaller:
        """The caller, patient with what the adapter's technology calls transient."""
        return self.aws.derived(transient_codes=adapter.transient_codes, persists=persists)


@contextmanager
def working_for(stage: str, shard: str) -> Iterator[None]:
    """Calls made by this thread inside the block are told as made for the shard."""
    token = WHERE.set((stage, shard))
    try:
        yield
    finally:
        WHERE.reset(token)
