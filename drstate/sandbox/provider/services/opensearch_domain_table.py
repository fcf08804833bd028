"""The properties of aws:opensearch/domain:Domain, by the names of CreateDomain."""

from __future__ import annotations

import json

from drstate.sandbox.provider.members import BY_HAND
from drstate.sandbox.provider.schema import (
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    listing,
    mapping,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.wire import Value

_NOT_EMULATED = "the emulated OpenSearch does not have it; use the real provider"


def _same_policy(actual: Value, wanted: Value) -> bool:
    """Policies are compared by what they say."""
    try:
        return bool(json.loads(actual or "{}") == json.loads(wanted or "{}"))
    except (TypeError, ValueError):
        return bool(actual == wanted)


def _holds(actual: Value, wanted: Value) -> bool:
    """AWS adds options of its own: the wanted ones must be among them."""
    return all((actual or {}).get(name) == value for name, value in (wanted or {}).items())


#: nested objects, by property
CLUSTER: dict[str, Prop] = {
    "coldStorageOptions": record({"enabled": flag(computed=True)}, computed=True),
    "dedicatedMasterCount": integer(),
    "dedicatedMasterEnabled": flag(),
    "dedicatedMasterType": text(),
    "instanceCount": integer(computed=True),
    "instanceType": text(computed=True),
    "multiAzWithStandbyEnabled": flag(api="MultiAZWithStandbyEnabled"),
    "nodeOptions": listing(record({}), refused=_NOT_EMULATED),
    "warmCount": integer(),
    "warmEnabled": flag(),
    "warmType": text(),
    "zoneAwarenessConfig": record({"availabilityZoneCount": integer()}),
    "zoneAwarenessEnabled": flag(),
}
SECURITY: dict[str, Prop] = {
    "anonymousAuthEnabled": flag(computed=True),
    "enabled": flag(required=True),
    "internalUserDatabaseEnabled": flag(),
    "jwtOptions": record({}, refused=_NOT_EMULATED),
    # never shown by AWS
    "masterUserOptions": record(
        {
            "masterUserArn": text(api="MasterUserARN"),
            "masterUserName": text(),
            "masterUserPassword": text(secret=True),
        },
        local=True,
    ),
}
PROPS: dict[str, Prop] = {
    "accessPolicies": text(computed=True, same=_same_policy),
    "advancedOptions": mapping(computed=True, same=_holds),
    "advancedSecurityOptions": record(SECURITY, computed=True, api=BY_HAND),
    "aimlOptions": record({}, refused=_NOT_EMULATED),
    "autoTuneOptions": record(
        {
            "desiredState": text(required=True, choices=("DISABLED", "ENABLED")),
            "maintenanceSchedules": listing(record({}), refused=_NOT_EMULATED),
            "rollbackOnDisable": text(computed=True, local=True),
            "useOffPeakWindow": flag(),
        },
        computed=True,
        api=BY_HAND,
    ),
    "clusterConfig": record(CLUSTER, computed=True),
    "cognitoOptions": record({}, refused=_NOT_EMULATED),
    "deploymentStrategyOptions": record({}, refused=_NOT_EMULATED),
    "domainEndpointOptions": record(
        {
            "customEndpoint": text(),
            "customEndpointCertificateArn": text(),
            "customEndpointEnabled": flag(),
            "enforceHttps": flag(api="EnforceHTTPS"),
            "tlsSecurityPolicy": text(computed=True, api="TLSSecurityPolicy"),
        },
        computed=True,
    ),
    "domainName": text(replaces=True, computed=True),
    "ebsOptions": record(
        {
            "ebsEnabled": flag(required=True, api="EBSEnabled"),
            "iops": integer(computed=True),
            "throughput": integer(computed=True),
            "volumeSize": integer(),
            "volumeType": text(computed=True),
        },
        computed=True,
        api="EBSOptions",
    ),
    "encryptAtRest": record(
        {
            "enabled": flag(required=True),
            "kmsKeyId": text(computed=True, replaces=True),
        },
        computed=True,
        api="EncryptionAtRestOptions",
    ),
    "engineVersion": text(computed=True),
    "identityCenterOptions": record({}, refused=_NOT_EMULATED),
    "ipAddressType": text(computed=True, api="IPAddressType"),
    "logPublishingOptions": unordered(
        record(
            {
                "cloudwatchLogGroupArn": text(required=True),
                "enabled": flag(default=True),
                "logType": text(required=True),
            }
        ),
        api=BY_HAND,
    ),
    "nodeToNodeEncryption": record(
        {"enabled": flag(required=True)}, computed=True, api="NodeToNodeEncryptionOptions"
    ),
    "offPeakWindowOptions": record(
        {
            "enabled": flag(),
            "offPeakWindow": record(
                {
                    "windowStartTime": record(
                        {"hours": integer(computed=True), "minutes": integer(computed=True)},
                        computed=True,
                    )
                },
                computed=True,
            ),
        },
        computed=True,
    ),
    "region": REGION,
    "snapshotOptions": record(
        {"automatedSnapshotStartHour": integer(required=True)}, computed=True
    ),
    "softwareUpdateOptions": record({"autoSoftwareUpdateEnabled": flag()}, computed=True),
    "tags": TAGS,
    "vpcOptions": record(
        {
            "availabilityZones": unordered(computed=True, api=BY_HAND),
            "securityGroupIds": unordered(),
            "subnetIds": unordered(),
            "vpcId": text(computed=True, api=BY_HAND),
        },
        replaces=True,
        api="VPCOptions",
    ),
}
OUTPUTS: dict[str, Prop] = dict.fromkeys(
    (
        "arn",
        "dashboardEndpoint",
        "dashboardEndpointV2",
        "domainEndpointV2HostedZoneId",
        "domainId",
        "endpoint",
        "endpointV2",
    ),
    OUT_TEXT,
)
#: what UpdateDomainConfig takes
MODIFIABLE = frozenset(PROPS) - {"domainName", "engineVersion", "region", "tags"}
