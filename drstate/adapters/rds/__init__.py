"""RDS instances: a replica in the other region, promoted; a new one afterwards for the way back."""

from drstate.adapters.rds.adapter import RdsAdapter

ADAPTER = RdsAdapter
