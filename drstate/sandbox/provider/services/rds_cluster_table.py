"""The properties of aws:rds/cluster:Cluster: the largest table, so in a file of its own.

``api`` names are those of CreateDBCluster and ModifyDBCluster; ``SHOWN_AS`` has what
DescribeDBClusters calls otherwise.
"""

from __future__ import annotations

from drstate.sandbox.provider.members import BY_HAND
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    listing,
    number,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import rds_shared as rds
from drstate.sandbox.provider.wire import Value

_ELSEWHERE = "restore outside of the program and import the cluster, or use the real provider"
_NO_WRITE_ONLY = "use masterPassword or manageMasterUserPassword"


def _some_zones(actual: Value, wanted: Value) -> bool:
    """Aurora spreads a cluster over three zones whatever is asked: asked ones must be among them.

    Comparing strictly would plan the replacement of every cluster that names fewer.
    """
    return set(wanted) <= set(actual) or set(actual) <= set(wanted)


def _never_differs(_old: Value, _new: Value) -> bool:
    return True


PROPS: dict[str, Prop] = {
    "allocatedStorage": integer(computed=True),
    "allowMajorVersionUpgrade": flag(local=True),
    "applyImmediately": flag(local=True, computed=True),
    "autoMinorVersionUpgrade": flag(computed=True),
    "availabilityZones": unordered(computed=True, replaces=True, same=_some_zones),
    "backtrackWindow": integer(low=0, high=259200),
    "backupRetentionPeriod": integer(computed=True, low=0, high=35),
    "caCertificateIdentifier": text(computed=True, api="CACertificateIdentifier"),
    "clusterIdentifier": text(replaces=True, computed=True, api="DBClusterIdentifier"),
    "clusterIdentifierPrefix": text(replaces=True, computed=True, local=True),
    "clusterMembers": unordered(
        computed=True, refused="members are the cluster's instances: declare ClusterInstance"
    ),
    "clusterScalabilityType": text(replaces=True, computed=True, choices=("limitless", "standard")),
    "copyTagsToSnapshot": flag(default=False),
    "databaseInsightsMode": text(computed=True, choices=("advanced", "standard")),
    "databaseName": text(replaces=True, computed=True),
    "dbClusterInstanceClass": text(api="DBClusterInstanceClass"),
    "dbClusterParameterGroupName": text(computed=True, api="DBClusterParameterGroupName"),
    "dbInstanceParameterGroupName": text(local=True),
    "dbSubnetGroupName": text(
        replaces=True, computed=True, api="DBSubnetGroupName", same=rds.same_name
    ),
    "dbSystemId": text(replaces=True, computed=True, api="DBSystemId"),
    "deleteAutomatedBackups": flag(local=True, default=True),
    "deletionProtection": flag(),
    "domain": text(),
    "domainIamRoleName": text(api="DomainIAMRoleName"),
    "enableGlobalWriteForwarding": flag(default=False),
    "enableHttpEndpoint": flag(default=False),
    "enableLocalWriteForwarding": flag(default=False),
    "enabledCloudwatchLogsExports": unordered(
        text(
            choices=(
                "audit",
                "error",
                "general",
                "iam-db-auth-error",
                "instance",
                "postgresql",
                "slowquery",
                "upgrade",
            )
        ),
        api="EnableCloudwatchLogsExports",
    ),
    "engine": text(required=True, replaces=True, choices=rds.CLUSTER_ENGINES),
    "engineLifecycleSupport": text(replaces=True, computed=True, choices=rds.LIFECYCLES),
    "engineMode": text(
        replaces=True,
        default="provisioned",
        choices=("global", "multimaster", "parallelquery", "provisioned", "serverless"),
    ),
    "engineVersion": text(computed=True, same=rds.same_version),
    "finalSnapshotIdentifier": text(local=True),
    "globalClusterIdentifier": text(),
    "iamDatabaseAuthenticationEnabled": flag(api="EnableIAMDatabaseAuthentication"),
    "iamRoles": unordered(computed=True, api=BY_HAND),
    "iops": integer(),
    "kmsKeyId": text(replaces=True, computed=True),
    "manageMasterUserPassword": flag(),
    "masterPassword": text(secret=True, api="MasterUserPassword"),
    "masterPasswordWo": text(secret=True, refused=_NO_WRITE_ONLY),
    "masterPasswordWoVersion": integer(refused=_NO_WRITE_ONLY),
    "masterUserSecretKmsKeyId": text(computed=True),
    "masterUsername": text(replaces=True, computed=True),
    "monitoringInterval": integer(computed=True),
    "monitoringRoleArn": text(computed=True),
    "networkType": text(computed=True, choices=("DUAL", "IPV4")),
    "performanceInsightsEnabled": flag(computed=True, api="EnablePerformanceInsights"),
    "performanceInsightsKmsKeyId": text(computed=True, api="PerformanceInsightsKMSKeyId"),
    "performanceInsightsRetentionPeriod": integer(computed=True),
    "port": integer(computed=True),
    "preferredBackupWindow": text(computed=True, same=rds.same_window),
    "preferredMaintenanceWindow": text(computed=True, same=rds.same_window),
    "publiclyAccessible": flag(replaces=True, computed=True),
    "region": REGION,
    "replicationSourceIdentifier": text(),
    "restoreToPointInTime": record({}, refused=_ELSEWHERE),
    "s3Import": record({}, refused=_ELSEWHERE),
    "scalingConfiguration": record(
        {
            "autoPause": flag(default=True),
            "maxCapacity": integer(default=16),
            "minCapacity": integer(default=1),
            "secondsBeforeTimeout": integer(computed=True, low=60, high=600),
            "secondsUntilAutoPause": integer(default=300, low=300, high=86400),
            "timeoutAction": text(
                default="RollbackCapacityChange",
                choices=("ForceApplyCapacityChange", "RollbackCapacityChange"),
            ),
        }
    ),
    "serverlessv2ScalingConfiguration": record(
        {
            "maxCapacity": number(required=True, low=0, high=256),
            "minCapacity": number(required=True, low=0, high=256),
            "secondsUntilAutoPause": integer(computed=True, low=300, high=86400),
        },
        api="ServerlessV2ScalingConfiguration",
    ),
    "skipFinalSnapshot": flag(local=True, default=False),
    "snapshotIdentifier": text(refused=_ELSEWHERE),
    "sourceRegion": text(replaces=True),
    "storageEncrypted": flag(replaces=True, computed=True),
    "storageType": text(computed=True),
    "tags": TAGS,
    "vpcSecurityGroupIds": unordered(computed=True),
    "warningEventCategories": unordered(
        refused="the sandbox raises no RDS events", same=_never_differs
    ),
}

OUTPUTS: dict[str, Prop] = {
    "arn": OUT_TEXT,
    "caCertificateValidTill": OUT_TEXT,
    "clusterMembers": unordered(computed=True),
    "clusterResourceId": OUT_TEXT,
    "endpoint": OUT_TEXT,
    "engineVersionActual": OUT_TEXT,
    "hostedZoneId": OUT_TEXT,
    "masterUserSecrets": listing(
        record({"kmsKeyId": text(), "secretArn": text(), "secretStatus": text()}), computed=True
    ),
    "readerEndpoint": OUT_TEXT,
    "tagsAll": OUT_TAGS,
    "upgradeRolloutOrder": OUT_TEXT,
}

#: Members that DescribeDBClusters spells otherwise, or that it keeps to itself.
SHOWN_AS: dict[str, str] = {
    "dbClusterParameterGroupName": "DBClusterParameterGroup",
    "dbSubnetGroupName": "DBSubnetGroup",
    "enableGlobalWriteForwarding": "GlobalWriteForwardingRequested",
    "enableHttpEndpoint": "HttpEndpointEnabled",
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
    "scalingConfiguration": "ScalingConfigurationInfo",
}

#: What ModifyDBCluster takes (of what can change in place).
MODIFIABLE: frozenset[str] = frozenset(
    {
        "allocatedStorage",
        "autoMinorVersionUpgrade",
        "backtrackWindow",
        "backupRetentionPeriod",
        "caCertificateIdentifier",
        "copyTagsToSnapshot",
        "databaseInsightsMode",
        "dbClusterInstanceClass",
        "dbClusterParameterGroupName",
        "deletionProtection",
        "domain",
        "domainIamRoleName",
        "enableGlobalWriteForwarding",
        "enableHttpEndpoint",
        "enableLocalWriteForwarding",
        "engineVersion",
        "iamDatabaseAuthenticationEnabled",
        "iops",
        "manageMasterUserPassword",
        "masterPassword",
        "masterUserSecretKmsKeyId",
        "monitoringInterval",
        "monitoringRoleArn",
        "networkType",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "port",
        "preferredBackupWindow",
        "preferredMaintenanceWindow",
        "scalingConfiguration",
        "serverlessv2ScalingConfiguration",
        "storageType",
        "vpcSecurityGroupIds",
    }
)
