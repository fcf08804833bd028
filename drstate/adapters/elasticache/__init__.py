"""ElastiCache replication groups, replicated by a global datastore or by carried snapshots."""

from drstate.adapters.elasticache.adapter import ElasticacheAdapter

ADAPTER = ElasticacheAdapter
