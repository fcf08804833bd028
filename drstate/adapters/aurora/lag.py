"""How far an Aurora secondary is behind, as CloudWatch measured it in the secondary's region."""

from __future__ import annotations

from datetime import datetime

from drstate.adapters import replication_lag as metric
from drstate.adapters.at import At
from drstate.adapters.findings import Lag

_LAG = metric.LagMetric("AuroraGlobalDBReplicationLag", "DBClusterIdentifier", 0.001)


def replication_lag(at: At, cluster: str, now: datetime) -> Lag:
    """The latest lag of ``cluster`` in ``at.region``; ``seconds`` is None without a measurement."""
    return metric.measured(at, _LAG, cluster, now)


def lag_if_known(at: At, cluster: str, now: datetime) -> float | None:
    """The lag in seconds, or None where it cannot be had: a promotion never waits for a metric."""
    return metric.if_known(at, _LAG, cluster, now).seconds
