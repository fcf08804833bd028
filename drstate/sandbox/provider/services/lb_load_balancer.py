"""aws:lb/loadBalancer:LoadBalancer: an application or network load balancer. Its id is its ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.problems import made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import lb_shared as lb
from drstate.sandbox.provider.services.ec2_shared import unserved
from drstate.sandbox.provider.wire import Values

#: property -> key of the attribute
ATTRIBUTES = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dnsRecordClientRoutingPolicy": "dns_record.client_routing_policy",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": (
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"
    ),
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_LOGS = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}
_LOG = record({"bucket": text(required=True), "enabled": flag(default=False), "prefix": text()})


class LoadBalancer(ResourceType):
    """An application or network load balancer."""

    urn_type = "aws:lb/loadBalancer:LoadBalancer"
    title = "ELBv2 Load Balancer"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    timeouts = Timeouts(create=600.0, update=600.0, delete=600.0)
    stable = ("arn", "dnsName", "zoneId")
    props: ClassVar[Mapping[str, Prop]] = {
        "accessLogs": _LOG,
        "clientKeepAlive": integer(computed=True),
        "connectionLogs": _LOG,
        "desyncMitigationMode": text(computed=True),
        "dnsRecordClientRoutingPolicy": text(computed=True),
        "dropInvalidHeaderFields": flag(computed=True),
        "enableCrossZoneLoadBalancing": flag(computed=True),
        "enableDeletionProtection": flag(default=False),
        "enableHttp2": flag(computed=True),
        "enableTlsVersionAndCipherSuiteHeaders": flag(computed=True),
        "enableWafFailOpen": flag(computed=True),
        "enableXffClientPort": flag(computed=True),
        "enableZonalShift": flag(computed=True),
        "idleTimeout": integer(computed=True),
        "internal": flag(replaces=True, computed=True),
        "ipAddressType": text(computed=True),
        "loadBalancerType": text(
            replaces=True, default="application", choices=("application", "network")
        ),
        "name": text(replaces=True, computed=True),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "preserveHostHeader": flag(computed=True),
        "region": REGION,
        "securityGroups": unordered(computed=True),
        "subnets": unordered(computed=True),
        "tags": TAGS,
        "xffHeaderProcessingMode": text(computed=True),
        **unserved(
            "customerOwnedIpv4Pool",
            "enablePrefixForIpv6SourceNat",
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            "healthCheckLogs",
            "ipamPools",
            "minimumLoadBalancerCapacity",
            "secondaryIpsAutoAssignedPerSubnet",
            "subnetMappings",
        ),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "arnSuffix": OUT_TEXT,
        "dnsName": OUT_TEXT,
        "tagsAll": OUT_TAGS,
        "vpcId": OUT_TEXT,
        "zoneId": OUT_TEXT,
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request: dict[str, Any] = {
            "Name": inputs["name"],
            "Subnets": inputs.get("subnets") or [],
            "Scheme": "internal" if inputs.get("internal") else "internet-facing",
            "Type": inputs["loadBalancerType"],
            **lb.tagged(tags),
        }
        if inputs.get("securityGroups"):
            request["SecurityGroups"] = inputs["securityGroups"]
        if inputs.get("ipAddressType"):
            request["IpAddressType"] = inputs["ipAddressType"]
        client = call.client(lb.SERVICE)
        arn = str(client.create_load_balancer(**request)["LoadBalancers"][0]["LoadBalancerArn"])

        def active() -> bool | None:
            shown = self._look(call, arn)
            return True if shown and shown["State"]["Code"] == "active" else None

        with made(arn):
            call.waiter.until(f"{self.title} ({inputs['name']}) to be active", call.limit, active)
            self._set(call, arn, inputs, {*ATTRIBUTES, *_LOGS})
        return arn

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        answer = call.client(lb.SERVICE).describe_load_balancer_attributes(LoadBalancerArn=ident)
        values = lb.attributes_in(answer["Attributes"], ATTRIBUTES, self.props)
        found = {each["Key"]: each["Value"] for each in answer["Attributes"]}
        for name, begin in _LOGS.items():
            enabled = found.get(f"{begin}.enabled") == "true"
            values[name] = (
                {
                    "bucket": found.get(f"{begin}.bucket"),
                    "enabled": True,
                    "prefix": found.get(f"{begin}.prefix") or None,
                }
                if enabled
                else None
            )
        values |= {
            "arn": ident,
            "arnSuffix": ident.partition(":loadbalancer/")[2],
            "dnsName": shown["DNSName"],
            "internal": shown["Scheme"] == "internal",
            "ipAddressType": shown.get("IpAddressType"),
            "loadBalancerType": shown["Type"],
            "name": shown["LoadBalancerName"],
            "securityGroups": shown.get("SecurityGroups") or [],
            "subnets": [each["SubnetId"] for each in shown["AvailabilityZones"]],
            "vpcId": shown.get("VpcId"),
            "zoneId": shown.get("CanonicalHostedZoneId"),
        }
        return Found(ident, values, lb.tags_of(call, ident))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client(lb.SERVICE)
        if "subnets" in changed:
            client.set_subnets(LoadBalancerArn=ident, Subnets=new["subnets"])
        if "securityGroups" in changed:
            client.set_security_groups(
                LoadBalancerArn=ident, SecurityGroups=new.get("securityGroups") or []
            )
        if "ipAddressType" in changed:
            client.set_ip_address_type(LoadBalancerArn=ident, IpAddressType=new["ipAddressType"])
        self._set(call, ident, new, changed)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(lb.SERVICE).delete_load_balancer(LoadBalancerArn=ident)
        except ClientError as error:
            if not lb.absent(error):
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        lb.retag(call, ident, put, drop)

    def _set(
        self, call: Call, ident: str, values: Values, chosen: set[str] | frozenset[str]
    ) -> None:
        attributes = lb.attributes_out(values, ATTRIBUTES, chosen)
        for name, begin in _LOGS.items():
            if name not in chosen:
                continue
            logs = values.get(name)
            if logs:
                attributes += [
                    {"Key": f"{begin}.enabled", "Value": str(bool(logs.get("enabled"))).lower()},
                    {"Key": f"{begin}.bucket", "Value": logs["bucket"]},
                    {"Key": f"{begin}.prefix", "Value": logs.get("prefix") or ""},
                ]
        if attributes:
            call.client(lb.SERVICE).modify_load_balancer_attributes(
                LoadBalancerArn=ident, Attributes=attributes
            )

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        try:
            answer = call.client(lb.SERVICE).describe_load_balancers(LoadBalancerArns=[ident])
        except ClientError as error:
            if lb.absent(error):
                return None
            raise
        return dict(answer["LoadBalancers"][0]) if answer["LoadBalancers"] else None
