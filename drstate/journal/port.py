"""The journal's port: what every store promises, whatever it is made of.

Promises that callers build on:

- ``append`` returns only once the event is durable, and events of one execution are numbered from 1
  without gaps, whoever appends.
- A write with a fence that is no longer the scope's is refused inside the transaction that would
  have stored it: a runner that lost its lease can no longer change the story.
- Each event's hash covers the event before it, so that a changed, missing or added event is found.

A store refuses to repair anything on its own: damage is reported with the remedy.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from drstate.model.base import Value
from drstate.model.catalog import Catalog
from drstate.model.events import Event, ExecutionStatus, Payload
from drstate.model.phases import Operation, Phase
from drstate.model.scope import ScopeKey
from drstate.model.shard import ShardInput

#: payload types that a person may cause from a process that does not run the execution; everything
#: else needs the fence of the lease under which it happened
UNFENCED: frozenset[str] = frozenset(
    {
        "consent_recorded",
        "gate_decided",
        "warned",
        "pause_requested",
        "cancel_requested",
        "runner_launched",
        "notification_delivered",
        "notification_failed",
        "notification_held",
        "execution_hidden",
    }
)
#: payload types that may follow an execution's last event: whether people were told of it, whether
#: lists show it. They change neither its status nor the time at which it ended
AFTER_END: frozenset[str] = frozenset(
    {"notification_delivered", "notification_failed", "notification_held", "execution_hidden"}
)


class Lease(Value):
    """The right to run a scope, held by one runner until ``expires_at``."""

    scope: ScopeKey
    runner: str
    host: str
    pid: int
    #: grows by one with every acquisition of the scope's lease, never reused
    fence: int
    acquired_at: datetime
    expires_at: datetime

    def expired(self, now: datetime) -> bool:
        """Whether somebody else may take the lease."""
        return now >= self.expires_at


class ExecutionHeader(Value):
    """An execution in a list: kept beside the events, so that listing reads none of them."""

    execution: str
    scope: ScopeKey
    operation: Operation
    phases: tuple[Phase, ...]
    status: ExecutionStatus
    operator: str
    message: str
    sandbox: bool
    created_at: datetime
    #: time of the last event that is not in ``AFTER_END``
    updated_at: datetime
    #: how many events there are; the last one's ``seq``
    events: int


class CacheEntry(Value):
    """Something that may be read again instead of being found out again."""

    key: str
    value: Any
    stored_at: datetime


class Journal(Protocol):
    """A store of executions and of what is known about scopes.

    Every method may raise StateError (the store is damaged or unreachable; nothing was changed) and
    JournalError with ``retry`` transient (another process held the store for too long).
    """

    # events

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        """Store the next event of ``execution`` and return it once it is durable.

        The first event of an execution must be ``ExecutionCreated``. ``fence`` is that of the
        scope's lease; None is accepted for the types in ``UNFENCED`` only. Types in ``AFTER_END``
        are taken after the end as well, and never move the header's ``updated_at``.

        Raises JournalError: the lease was lost or released, the execution has ended for good, or
        it exists already; UnknownNameError: there is no such execution.
        """
        ...

    def events(
        self, execution: str, after: int = 0, *, kinds: Collection[str] | None = None
    ) -> list[Event]:
        """Events with a number above ``after`` in order; ``kinds`` limits them to payload types.

        Raises UnknownNameError.
        """
        ...

    def executions(
        self,
        scope: ScopeKey | None = None,
        limit: int = 50,
        *,
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[ExecutionHeader]:
        """Newest first, of one scope or of all; begun from ``since`` on and before ``until``."""
        ...

    def header(self, execution: str) -> ExecutionHeader:
        """One execution's header. Raises UnknownNameError naming the latest known ones."""
        ...

    def verify(self, execution: str) -> int:
        """Walk the execution's hash chain; the number of events in it.

        Raises JournalError naming the first event that does not fit; UnknownNameError.
        """
        ...

    # catalogs

    def load_catalog(self, scope: ScopeKey, *, known: Catalog | None = None) -> Catalog | None:
        """The stored catalog, with the version to save it under; None where there is none yet.

        ``known``: what was loaded before; it is returned where no other version is stored.
        """
        ...

    def save_catalog(self, catalog: Catalog, *, fence: int | None = None) -> Catalog:
        """Store the catalog if ``catalog.version`` is still the stored one (0: none is stored).

        Returns it with the new version. With ``fence``, the scope's lease is checked in the same
        transaction. Raises JournalError on a version conflict or a lost lease.
        """
        ...

    # leases

    def acquire(
        self,
        scope: ScopeKey,
        *,
        runner: str,
        host: str,
        pid: int,
        ttl_seconds: float,
        instead_of: Lease | None = None,
    ) -> Lease:
        """Take the scope's lease with a new fence.

        A lease of another runner that has not expired is respected, unless ``instead_of`` is
        exactly that lease: the caller then vouches that its holder is dead. Raises JournalError
        naming the holder.
        """
        ...

    def renew(self, lease: Lease, ttl_seconds: float) -> Lease:
        """Prolong from now. Raises JournalError where the lease is no longer this one."""
        ...

    def release(self, lease: Lease) -> None:
        """Give the lease back; a lease that was already lost is left alone."""
        ...

    def lease(self, scope: ScopeKey) -> Lease | None:
        """The scope's lease, expired or not; None after a release and before the first one."""
        ...

    def now(self) -> datetime:
        """The time by which leases are judged: of a shared store its own, not this machine's."""
        ...

    # caches and planned shards

    def cache_get(self, key: str) -> CacheEntry | None:
        """What was stored under the key, however old."""
        ...

    def cache_put(self, key: str, value: Any) -> CacheEntry:
        """Store a JSON value under the key, stamped with the time."""
        ...

    def planned_shard(self, stack: str) -> ShardInput | None:
        """What was last planned for the stack."""
        ...

    def save_planned_shard(self, shard: ShardInput) -> None:
        """Remember what is planned for ``shard.stack``."""
        ...

    def close(self) -> None:
        """Let go of the store. Closing twice is fine."""
        ...
