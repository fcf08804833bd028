"""A domain's configuration as a spec. What cannot be carried over is refused by name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.opensearch import reading
from drstate.errors import AwsCallError, OperationError
from drstate.model.resource import Resource
from drstate.programs.opensearch.spec import ENDPOINT, LogTarget, OpenSearchSpec, Volume, Way

#: setting that cannot be carried over -> where DomainStatus says that it is on
_REFUSED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "the internal user database",
        ("AdvancedSecurityOptions", "InternalUserDatabaseEnabled"),
        "its passwords cannot be read; use IAM users and roles",
    ),
    ("SAML", ("AdvancedSecurityOptions", "SAMLOptions", "Enabled"), "its keys cannot be read"),
    ("JWT", ("AdvancedSecurityOptions", "JWTOptions", "Enabled"), "its keys cannot be read"),
    (
        "anonymous access",
        ("AdvancedSecurityOptions", "AnonymousAuthEnabled"),
        "it is for a migration only; end it",
    ),
    ("Cognito", ("CognitoOptions", "Enabled"), "user pools are of one region"),
    (
        "IAM Identity Center",
        ("IdentityCenterOptions", "EnabledAPIAccess"),
        "its application is of one region",
    ),
    ("node options", ("ClusterConfig", "NodeOptions"), "coordinators are not declared"),
    ("S3 vectors", ("AIMLOptions", "S3VectorsEngine", "Enabled"), "it is not replicated"),
)


def capture(resource: Resource, at: At, now: datetime) -> OpenSearchSpec:
    """Read the domain. Raises OperationError for what must not become a spec."""
    found = reading.domain(at, resource.name)
    if found is None:
        raise OperationError(
            f"{resource.key}: there is no domain {resource.name} in {at.region}",
            why="OpenSearch Service does not know it",
            hint="drstate discover --refresh; or take its tag dr:enabled off",
        )
    _refuse(resource, found)
    way, peers = _way(resource, at, found)
    security = found.get("AdvancedSecurityOptions") or {}
    rest = found.get("EncryptionAtRestOptions") or {}
    https = found.get("DomainEndpointOptions") or {}
    network = found.get("VPCOptions") or {}
    custom = bool(https.get("CustomEndpointEnabled"))
    return OpenSearchSpec(
        region=at.region,
        captured_at=now,
        endpoints={ENDPOINT: host} if (host := reading.endpoint(found)) else {},
        domain=found["DomainName"],
        arn=found["ARN"],
        engine_version=found["EngineVersion"],
        way=way,
        peers=peers,
        nodes=reading.nodes(found),
        volume=_volume(found),
        subnets=tuple(sorted(network.get("SubnetIds") or ())),
        security_groups=tuple(sorted(network.get("SecurityGroupIds") or ())),
        encrypted=bool(rest.get("Enabled")),
        kms_key=rest.get("KmsKeyId") or None,
        node_to_node=bool((found.get("NodeToNodeEncryptionOptions") or {}).get("Enabled")),
        enforce_https=bool(https.get("EnforceHTTPS")),
        tls_policy=https.get("TLSSecurityPolicy"),
        custom_endpoint=https.get("CustomEndpoint") if custom else None,
        certificate=https.get("CustomEndpointCertificateArn") if custom else None,
        fine_grained=bool(security.get("Enabled")),
        access_policies=found.get("AccessPolicies") or None,
        advanced_options=dict(sorted((found.get("AdvancedOptions") or {}).items())),
        logs=_logs(found),
        ip_address_type=found.get("IPAddressType"),
        auto_tune=_auto_tune(found),
        auto_software_update=bool(
            (found.get("SoftwareUpdateOptions") or {}).get("AutoSoftwareUpdateEnabled")
        ),
        snapshot_hour=(found.get("SnapshotOptions") or {}).get("AutomatedSnapshotStartHour"),
        off_peak=_off_peak(found),
    )


def _refuse(resource: Resource, found: dict[str, Any]) -> None:
    for what, path, why in _REFUSED:
        value: Any = found
        for name in path:
            value = (value or {}).get(name)
        if value:
            raise OperationError(
                f"{resource.key}: the domain has {what}, which cannot be carried over",
                why=why,
                hint=f"do without {what}, or take the domain's tag dr:enabled off",
            )


def _way(resource: Resource, at: At, found: dict[str, Any]) -> tuple[Way, dict[str, str]]:
    """How it replicates, and the domain of a pair that somebody else has made."""
    try:
        pair = reading.pair(at, found["DomainName"])
    except AwsCallError as error:
        if error.aws_code in reading.DISABLED:
            return Way.SNAPSHOT, {}
        raise
    if pair is None or pair.peer is None:
        return Way.PEER, {}
    if pair.role != reading.PRIMARY:
        raise OperationError(
            f"{resource.key}: the domain in {at.region} is a secondary, not the primary",
            why=f"it replicates from {pair.peer} ({pair.status})",
            hint="configuration is captured at the serving site; the last spec stays in use",
        )
    region = pair.peer.split(":")[3]
    there = At(at.aws, at.account, region)
    if reading.tags(there, pair.peer).get(reading.MANAGED_TAG) == "true":
        return Way.PEER, {}
    return Way.PEER, {region: pair.peer.rpartition("/")[2]}


def _volume(found: dict[str, Any]) -> Volume | None:
    options = found.get("EBSOptions") or {}
    if not options.get("EBSEnabled"):
        return None
    return Volume(
        type=options.get("VolumeType"),
        size_gib=options.get("VolumeSize"),
        iops=options.get("Iops"),
        throughput=options.get("Throughput"),
    )


def _logs(found: dict[str, Any]) -> tuple[LogTarget, ...]:
    return tuple(
        LogTarget(
            type=kind,
            log_group=one["CloudWatchLogsLogGroupArn"],
            enabled=one.get("Enabled", True),
        )
        for kind, one in sorted((found.get("LogPublishingOptions") or {}).items())
    )


def _auto_tune(found: dict[str, Any]) -> bool | None:
    state = str((found.get("AutoTuneOptions") or {}).get("State") or "")
    if not state:
        return None
    # "ENABLED", "ENABLE_IN_PROGRESS", ... and the same of DISABLE
    return state.startswith("ENABLE")


def _off_peak(found: dict[str, Any]) -> str | None:
    options = found.get("OffPeakWindowOptions") or {}
    start = (options.get("OffPeakWindow") or {}).get("WindowStartTime")
    if not options.get("Enabled") or not start:
        return None
    return f"{int(start.get('Hours', 0)):02}:{int(start.get('Minutes', 0)):02}"
