"""The part of the port that is about leases, handed to whatever a store keeps them with."""

from __future__ import annotations

from typing import Protocol

from drstate.journal.port import Lease
from drstate.model.scope import ScopeKey


class LeaseKeeper(Protocol):
    """What a store keeps leases with."""

    def acquire(
        self,
        scope: ScopeKey,
        *,
        runner: str,
        host: str,
        pid: int,
        ttl_seconds: float,
        instead_of: Lease | None,
    ) -> Lease:
        """See ``Journal.acquire``."""
        ...

    def renew(self, lease: Lease, ttl_seconds: float) -> Lease:
        """See ``Journal.renew``."""
        ...

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        ...

    def current(self, scope: ScopeKey) -> Lease | None:
        """See ``Journal.lease``."""
        ...


class Leasing:
    """A store's leases. Whoever has this as a base sets ``_keeper``."""

    _keeper: LeaseKeeper

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
        """See ``Journal.acquire``."""
        return self._keeper.acquire(
            scope,
            runner=runner,
            host=host,
            pid=pid,
            ttl_seconds=ttl_seconds,
            instead_of=instead_of,
        )

    def renew(self, lease: Lease, ttl_seconds: float) -> Lease:
        """See ``Journal.renew``."""
        return self._keeper.renew(lease, ttl_seconds)

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        self._keeper.release(lease)

    def lease(self, scope: ScopeKey) -> Lease | None:
        """See ``Journal.lease``."""
        return self._keeper.current(scope)
