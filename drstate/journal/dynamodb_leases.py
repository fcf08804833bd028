"""Leases of scopes in DynamoDB, and the condition that guards what is written under them.

As in every store the fence only grows, and its item stays after a release. Whether a lease has run
out is judged by the store's time, not this machine's: two machines whose clocks differ would
otherwise take a lease from each other while its holder lives. That time is never ahead of the
store's, so that a lease is taken late rather than early.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from drstate.errors import JournalError
from drstate.journal import dynamodb_keys as keys
from drstate.journal import refusals
from drstate.journal.dynamodb_table import ABSENT, Condition, Scalar, Table, Write
from drstate.journal.port import Lease
from drstate.model.scope import ScopeKey


def fence_check(scope: ScopeKey | str, fence: int) -> Write:
    """The part of a transaction that refuses it unless ``fence`` is that of a lease now held."""
    held = Condition("#fence = :fence AND attribute_exists(#lease)", {"fence": fence})
    return Write.check(keys.lease(scope), held)


class DynamoLeases:
    """The lease part of ``port.Journal``."""

    def __init__(self, table: Table) -> None:
        self._table = table

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
        while True:
            item = self._item(scope)
            held = _lease(item)
            now = self._table.calls.now().astimezone(UTC)
            if held is not None and not (
                held.expired(now) or held.runner == runner or held == instead_of
            ):
                raise refusals.lease_held(held)
            fence = 0 if item is None else int(item["fence"])
            lease = Lease(
                scope=scope,
                runner=runner,
                host=host,
                pid=pid,
                fence=fence + 1,
                acquired_at=now,
                expires_at=now + timedelta(seconds=ttl_seconds),
            )
            if self._take(lease, item) or self.current(scope) == lease:
                # the second: it was taken, but the answer was lost and the call repeated
                return lease
            # somebody else was there first: what they hold decides

    def _take(self, lease: Lease, seen: dict[str, Any] | None) -> bool:
        if seen is None:
            condition = ABSENT
        elif "lease" in seen:
            # a renewal in between changes the text
            given = {"fence": seen["fence"], "lease": seen["lease"]}
            condition = Condition("#fence = :fence AND #lease = :lease", given)
        else:
            given = {"fence": seen["fence"]}
            condition = Condition("#fence = :fence AND attribute_not_exists(#lease)", given)
        values: dict[str, Scalar] = {"fence": lease.fence, "lease": lease.model_dump_json()}
        return self._table.write(Write.update(keys.lease(lease.scope), values, condition))

    def renew(self, lease: Lease, ttl_seconds: float) -> Lease:
        """See ``Journal.renew``."""
        held = self.current(lease.scope)
        if held is None or held.fence != lease.fence:
            raise refusals.lease_lost(str(lease.scope), held)
        until = self._table.calls.now().astimezone(UTC) + timedelta(seconds=ttl_seconds)
        renewed = held.model_copy(update={"expires_at": until})
        ours = fence_check(lease.scope, lease.fence).condition
        values = {"lease": renewed.model_dump_json()}
        if not self._table.write(Write.update(keys.lease(lease.scope), values, ours)):
            raise self.lost(lease.scope)
        return renewed

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        ours = Condition("#fence = :fence", {"fence": lease.fence})
        self._table.write(Write.update(keys.lease(lease.scope), {}, ours, remove=("lease",)))

    def current(self, scope: ScopeKey) -> Lease | None:
        """See ``Journal.lease``."""
        return _lease(self._item(scope))

    def lost(self, scope: ScopeKey | str) -> JournalError:
        """The refusal for a fence that is no longer the scope's."""
        return refusals.lease_lost(str(scope), _lease(self._item(scope)))

    def holds(self, scope: ScopeKey | str, fence: int) -> bool:
        """Whether the fence is that of the lease held now."""
        item = self._item(scope)
        return item is not None and "lease" in item and item["fence"] == fence

    def _item(self, scope: ScopeKey | str) -> dict[str, Any] | None:
        return self._table.get(keys.lease(scope))


def _lease(item: dict[str, Any] | None) -> Lease | None:
    if item is None or "lease" not in item:
        return None
    return Lease.model_validate_json(item["lease"])
