"""MemoryDB clusters: members of multi-region clusters, or carried snapshots."""

from drstate.adapters.memorydb.adapter import MemorydbAdapter

ADAPTER = MemorydbAdapter
