"""SQL Server Always On: availability groups that fail over by scripts on the recovery side."""

from drstate.adapters.sql_ag.adapter import ADAPTER

__all__ = ["ADAPTER"]
