"""EFS file systems, copied by EFS replication."""

from drstate.adapters.efs.adapter import EfsAdapter

ADAPTER = EfsAdapter
