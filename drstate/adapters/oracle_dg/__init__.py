"""Oracle Data Guard: switchover, failover and reinstatement through the broker."""

from drstate.adapters.oracle_dg.adapter import ADAPTER

__all__ = ["ADAPTER"]
