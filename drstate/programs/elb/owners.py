"""Ownership of a load balancer's properties: all of them are the program's, in every site state."""

from __future__ import annotations

from drstate.programs.owners import Owners, program

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
CERTIFICATE = "aws:lb/listenerCertificate:ListenerCertificate"

OWNERS: Owners = {
    BALANCER: program(
        "accessLogs",
        "clientKeepAlive",
        "connectionLogs",
        "desyncMitigationMode",
        "dnsRecordClientRoutingPolicy",
        "dropInvalidHeaderFields",
        "enableCrossZoneLoadBalancing",
        "enableDeletionProtection",
        "enableHttp2",
        "enableTlsVersionAndCipherSuiteHeaders",
        "enableWafFailOpen",
        "enableXffClientPort",
        "enableZonalShift",
        "idleTimeout",
        "internal",
        "ipAddressType",
        "loadBalancerType",
        "name",
        "preserveHostHeader",
        "region",
        "securityGroups",
        "subnets",
        "tags",
        "xffHeaderProcessingMode",
    ),
    TARGET_GROUP: program(
        "connectionTermination",
        "deregistrationDelay",
        "healthCheck",
        "ipAddressType",
        "loadBalancingAlgorithmType",
        "loadBalancingAnomalyMitigation",
        "loadBalancingCrossZoneEnabled",
        "name",
        "port",
        "preserveClientIp",
        "protocol",
        "protocolVersion",
        "proxyProtocolV2",
        "region",
        "slowStart",
        "stickiness",
        "tags",
        "targetType",
        "vpcId",
    ),
    LISTENER: program(
        "alpnPolicy",
        "certificateArn",
        "defaultActions",
        "loadBalancerArn",
        "port",
        "protocol",
        "region",
        "sslPolicy",
        "tags",
    ),
    RULE: program("actions", "conditions", "listenerArn", "priority", "region", "tags"),
    CERTIFICATE: program("certificateArn", "listenerArn"),
}
