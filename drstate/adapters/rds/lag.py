"""How far a read replica is behind, as CloudWatch measured it in the replica's region."""

from __future__ import annotations

from datetime import datetime

from drstate.adapters import replication_lag as metric
from drstate.adapters.at import At
from drstate.adapters.findings import Lag

_LAG = metric.LagMetric("ReplicaLag", "DBInstanceIdentifier", 1.0)


def replica_lag(at: At, identifier: str, now: datetime) -> Lag:
    """The latest lag of the replica in ``at.region``; ``seconds`` None without a measurement."""
    return metric.measured(at, _LAG, identifier, now)


def lag_if_known(at: At, identifier: str, now: datetime) -> Lag:
    """The same where CloudWatch may be out of reach: a forced promotion never waits for it."""
    return metric.if_known(at, _LAG, identifier, now)
