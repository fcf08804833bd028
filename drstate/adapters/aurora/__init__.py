"""Aurora clusters, replicated by a global cluster."""

from drstate.adapters.aurora.adapter import AuroraAdapter

ADAPTER = AuroraAdapter
