"""Caches, memories and search domains with every setting of their specs; part of ``rich_scope``."""

from __future__ import annotations

from typing import Any

from tests.sandbox.rich_scope_names import (
    APP,
    CERTIFICATE,
    DATA,
    GROUP,
    KEYS,
    SEARCH_LOGS,
    SUBNETS,
    TOPIC,
    WEST,
    arn_of,
)


def stores() -> list[tuple[str, str, str, dict[str, Any]]]:
    return [*_caches(), *_memories(), *_domains()]


def _caches() -> list[tuple[str, str, str, dict[str, Any]]]:
    def arn(name: str) -> str:
        return arn_of("elasticache", f"replicationgroup:{name}", DATA)

    plain = {
        "identifier": "hooli-pages",
        "arn": arn("hooli-pages"),
        "endpoints": {
            "primary": "master.hooli-pages.x1y2z3.use1.cache.amazonaws.com",
            "reader": "replica.hooli-pages.x1y2z3.use1.cache.amazonaws.com",
        },
        "description": "pages",
        "node_type": "cache.r6gd.xlarge",
        "engine": "redis",
        "engine_version": "7.1.0",
        "cluster_mode": False,
        "shards": 1,
        "replicas": 1,
        "automatic_failover": True,
        "multi_az": True,
        "port": 6390,
        "parameter_group": "hooli-pages",
        "subnet_group": "hooli-cache",
        "security_groups": [GROUP],
        "encrypted_at_rest": True,
        "kms_key": KEYS[DATA],
        "encrypted_in_transit": True,
        "transit_mode": "preferred",
        "auth_token": True,
        "network_type": "ipv4",
        "ip_discovery": "ipv4",
        "data_tiering": True,
        "auto_minor_version_upgrade": False,
        "maintenance_window": "sun:03:00-sun:04:00",
        "snapshot_window": "01:00-02:00",
        "snapshot_retention_days": 7,
        "notification_topic": TOPIC,
        "logs": [
            {
                "log_type": "slow-log",
                "destination_type": "cloudwatch-logs",
                "destination": "/hooli/cache",
                "log_format": "json",
            },
            {
                "log_type": "engine-log",
                "destination_type": "kinesis-firehose",
                "destination": "hooli-cache",
                "log_format": "text",
            },
        ],
    }
    joined = {
        "identifier": "hooli-sessions",
        "arn": arn("hooli-sessions"),
        "endpoints": {"configuration": "clustercfg.hooli-sessions.x1y2z3.use1.cache.amazonaws.com"},
        "description": "sessions",
        "node_type": "cache.r7g.large",
        "engine": "valkey",
        "engine_version": "8.0.1",
        "cluster_mode": True,
        "shards": 2,
        "replicas": 1,
        "slots": ["0-9999", "10000-16383"],
        "automatic_failover": True,
        "parameter_group": "default.valkey8.cluster.on",
        "subnet_group": "hooli-cache",
        "security_groups": [GROUP],
        "encrypted_in_transit": True,
        "user_groups": ["hooli-users"],
        "maintenance_window": "sun:03:00-sun:04:00",
        "datastore": "ldgnf-hooli",
        "members": {WEST: "hooli-sessions-west"},
    }
    return [
        ("elasticache", str(one["identifier"]), str(one["arn"]), one) for one in (plain, joined)
    ]


def _memories() -> list[tuple[str, str, str, dict[str, Any]]]:
    def arn(name: str) -> str:
        return arn_of("memorydb", f"cluster/{name}", DATA)

    alone = {
        "identifier": "hooli-ledger",
        "arn": arn("hooli-ledger"),
        "endpoints": {"cluster": "clustercfg.hooli-ledger.q1w2e3.memorydb.us-east-1.amazonaws.com"},
        "description": "ledger",
        "node_type": "db.r6gd.xlarge",
        "engine": "redis",
        "engine_version": "7.0",
        "shards": 3,
        "replicas": 0,
        "port": 6391,
        "parameter_group": "hooli-ledger",
        "subnet_group": "hooli-memory",
        "security_groups": [GROUP],
        "acl": "open-access",
        "tls": False,
        "kms_key": KEYS[DATA],
        "data_tiering": True,
        "auto_minor_version_upgrade": False,
        "maintenance_window": "sun:03:00-sun:04:00",
        "snapshot_window": "01:00-02:00",
        "snapshot_retention_days": 5,
        "notification_topic": TOPIC,
        "network_type": "ipv4",
        "ip_discovery": "ipv4",
    }
    joined = {
        "identifier": "hooli-carts",
        "arn": arn("hooli-carts"),
        "endpoints": {"cluster": "clustercfg.hooli-carts.q1w2e3.memorydb.us-east-1.amazonaws.com"},
        "node_type": "db.r7g.xlarge",
        "engine": "valkey",
        "engine_version": "7.3",
        "shards": 2,
        "replicas": 2,
        "parameter_group": "default.memorydb-valkey7",
        "subnet_group": "hooli-memory",
        "acl": "hooli-carts",
        "maintenance_window": "sun:03:00-sun:04:00",
        "snapshot_window": "01:00-02:00",
        "multi_region": "virxk-hooli-carts",
        "members": {WEST: "hooli-carts-west"},
    }
    return [("memorydb", str(one["identifier"]), str(one["arn"]), one) for one in (alone, joined)]


def _domains() -> list[tuple[str, str, str, dict[str, Any]]]:
    def arn(name: str, account: str) -> str:
        return arn_of("es", f"domain/{name}", account)

    full = {
        "domain": "hooli-logs",
        "arn": arn("hooli-logs", DATA),
        "endpoints": {"domain": "vpc-hooli-logs-abcdefghijklmnop.us-east-1.es.amazonaws.com"},
        "engine_version": "OpenSearch_2.11",
        "way": "snapshot",
        "nodes": {
            "instance_type": "r6g.large.search",
            "instance_count": 6,
            "zones": 3,
            "with_standby": True,
            "manager_count": 3,
            "manager_type": "m6g.large.search",
            "warm_count": 3,
            "warm_type": "ultrawarm1.medium.search",
            "cold_storage": True,
        },
        "volume": {"type": "gp3", "size_gib": 200, "iops": 3000, "throughput": 250},
        "subnets": SUBNETS,
        "security_groups": [GROUP],
        "encrypted": True,
        "kms_key": KEYS[DATA],
        "node_to_node": True,
        "enforce_https": True,
        "tls_policy": "Policy-Min-TLS-1-2-2019-07",
        "custom_endpoint": "logs.hooli.example",
        "certificate": CERTIFICATE,
        "fine_grained": True,
        "access_policies": '{"Version":"2012-10-17","Statement":[]}',
        "advanced_options": {"rest.action.multi.allow_explicit_index": "false"},
        "logs": [
            {
                "type": "ES_APPLICATION_LOGS",
                "log_group": SEARCH_LOGS,
                "enabled": False,
            }
        ],
        "ip_address_type": "ipv4",
        "auto_tune": True,
        "auto_software_update": True,
        "snapshot_hour": 4,
        "off_peak": "23:30",
    }
    paired = {
        "domain": "hooli-shop",
        "arn": arn("hooli-shop", APP),
        "endpoints": {"domain": "search-hooli-shop-qrstuvwxyz.us-east-1.es.amazonaws.com"},
        "engine_version": "OpenSearch_2.13",
        "way": "peer",
        "nodes": {"instance_type": "r6gd.large.search", "instance_count": 2},
        "fine_grained": True,
        "node_to_node": True,
        "peers": {WEST: "hooli-shop-west"},
    }
    return [("opensearch", str(one["domain"]), str(one["arn"]), one) for one in (full, paired)]
