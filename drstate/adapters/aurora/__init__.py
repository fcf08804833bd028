"""Aurora clusters, replicated by a global cluster."""
