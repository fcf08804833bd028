"""Attributes of load balancers and target groups: the API's name, and the provider's property.

What is not in a table is not carried: capture refuses it where it is set to something.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: API name -> property of LoadBalancer, and how its text is read
BALANCER: Mapping[str, tuple[str, type]] = {
    "client_keep_alive.seconds": ("client_keep_alive", int),
    "deletion_protection.enabled": ("enable_deletion_protection", bool),
    "dns_record.client_routing_policy": ("dns_record_client_routing_policy", str),
    "idle_timeout.timeout_seconds": ("idle_timeout", int),
    "load_balancing.cross_zone.enabled": ("enable_cross_zone_load_balancing", bool),
    "routing.http.desync_mitigation_mode": ("desync_mitigation_mode", str),
    "routing.http.drop_invalid_header_fields.enabled": ("drop_invalid_header_fields", bool),
    "routing.http.preserve_host_header.enabled": ("preserve_host_header", bool),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": (
        "enable_tls_version_and_cipher_suite_headers",
        bool,
    ),
    "routing.http.xff_client_port.enabled": ("enable_xff_client_port", bool),
    "routing.http.xff_header_processing.mode": ("xff_header_processing_mode", str),
    "routing.http2.enabled": ("enable_http2", bool),
    "waf.fail_open.enabled": ("enable_waf_fail_open", bool),
    "zonal_shift.config.enabled": ("enable_zonal_shift", bool),
}
#: where a load balancer's logs go; their bucket is mapped
LOGS: Mapping[str, str] = {"access_logs.s3": "access_logs", "connection_logs.s3": "connection_logs"}
#: API name -> property of TargetGroup
GROUP: Mapping[str, tuple[str, type]] = {
    "deregistration_delay.connection_termination.enabled": ("connection_termination", bool),
    "deregistration_delay.timeout_seconds": ("deregistration_delay", int),
    "load_balancing.algorithm.anomaly_mitigation": ("load_balancing_anomaly_mitigation", str),
    "load_balancing.algorithm.type": ("load_balancing_algorithm_type", str),
    "load_balancing.cross_zone.enabled": ("load_balancing_cross_zone_enabled", str),
    "preserve_client_ip.enabled": ("preserve_client_ip", str),
    "proxy_protocol_v2.enabled": ("proxy_protocol_v2", bool),
    "slow_start.duration_seconds": ("slow_start", int),
}
STICKINESS = "stickiness."
#: attributes that AWS answers without anybody having set them -> those values
USUAL: Mapping[str, tuple[str, ...]] = {
    "routing.http.response.server.enabled": ("true",),
    "target_failover.on_deregistration": ("no_rebalance",),
    "target_failover.on_unhealthy": ("no_rebalance",),
    "target_group_health.dns_failover.minimum_healthy_targets.count": ("1",),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": ("off",),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": ("1",),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": ("off",),
    "target_health_state.unhealthy.connection_termination.enabled": ("true",),
    "target_health_state.unhealthy.draining_interval_seconds": ("0",),
    "tcp.idle_timeout.seconds": ("350",),
}
_NOTHING = ("", "false", "0")
#: AWS sets it for internal load balancers, and for no others
_INTERNAL = "ipv6.deny_all_igw_traffic"


def carried(name: str, *, group: bool) -> bool:
    """Whether an attribute is carried to the recovery site."""
    if group:
        return name in GROUP or name.startswith(STICKINESS)
    return name in BALANCER or any(name.startswith(f"{begin}.") for begin in LOGS)


def set_to_something(name: str, value: str, *, internal: bool = False) -> bool:
    """Whether leaving the attribute out would lose something."""
    if name == _INTERNAL:
        return value not in ("", str(internal).lower())
    return value not in _NOTHING and value not in USUAL.get(name, ())


def properties(table: Mapping[str, tuple[str, type]], found: Mapping[str, str]) -> dict[str, Any]:
    """Keyword arguments of the declaration, typed."""
    return {
        table[name][0]: _typed(value, table[name][1])
        for name, value in found.items()
        if name in table
    }


def _typed(value: str, kind: type) -> Any:
    return value == "true" if kind is bool else kind(value)
