"""How far a secondary of a global datastore is behind, as CloudWatch measured it in its region."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from drstate.adapters import metrics
from drstate.adapters.at import At
from drstate.adapters.findings import Lag

_NAMESPACE = "AWS/ElastiCache"
_METRIC = "GlobalDatastoreReplicationLag"
_PER_SECOND = 1.0


def replication_lag(at: At, names: Collection[str], now: datetime) -> Lag:
    """The latest lag of a group; ``names`` are its id, its nodes' and its datastore's."""
    return metrics.newest_lag(at, _NAMESPACE, _METRIC, names, now, _PER_SECOND)


def lag_if_known(at: At, names: Collection[str], now: datetime) -> float | None:
    """The lag in seconds, or None where it cannot be had."""
    return metrics.lag_if_known(at, _NAMESPACE, _METRIC, names, now, _PER_SECOND)
