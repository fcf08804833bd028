"""Who owns which property of the declared clusters, instances and the global cluster."""

from __future__ import annotations

from drstate.programs.owners import Owner, Owners, Property, program

GLOBAL_CLUSTER = "aws:rds/globalCluster:GlobalCluster"
CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
OWNERS: Owners = {
    GLOBAL_CLUSTER: (
        *program("globalClusterIdentifier", "deletionProtection", "forceDestroy", "tags"),
        Property(
            "sourceDbClusterIdentifier",
            Owner.ADAPTER,
            "only says who wrote when it was made; the writer moves",
        ),
        Property("engine", Owner.AWS, "taken from the source cluster"),
        Property("engineVersion", Owner.AWS, "upgrades are made on the global cluster"),
        Property("databaseName", Owner.AWS, "taken from the source cluster"),
        Property("storageEncrypted", Owner.AWS, "taken from the source cluster"),
    ),
    CLUSTER: (
        *program(
            "applyImmediately",
            "backupRetentionPeriod",
            "clusterIdentifier",
            "copyTagsToSnapshot",
            "dbClusterParameterGroupName",
            "dbSubnetGroupName",
            "deletionProtection",
            "enabledCloudwatchLogsExports",
            "engine",
            "engineMode",
            "finalSnapshotIdentifier",
            "iamDatabaseAuthenticationEnabled",
            "kmsKeyId",
            "networkType",
            "port",
            "preferredBackupWindow",
            "preferredMaintenanceWindow",
            "serverlessv2ScalingConfiguration",
            "skipFinalSnapshot",
            "storageEncrypted",
            "storageType",
            "tags",
            "vpcSecurityGroupIds",
        ),
        Property(
            "globalClusterIdentifier",
            Owner.ADAPTER,
            "given at creation; a failover may detach and rejoin, which must not be undone",
        ),
        Property("replicationSourceIdentifier", Owner.AWS, "turns with every promotion"),
        Property("engineVersion", Owner.AWS, "upgrades are made on the global cluster"),
        Property("availabilityZones", Owner.AWS, "AWS places the storage"),
        Property("clusterMembers", Owner.AWS, "follows from the instances"),
        Property("databaseName", Owner.AWS, "replicated from the writer"),
        Property("masterUsername", Owner.AWS, "replicated from the writer"),
        Property("masterPassword", Owner.AWS, "replicated from the writer"),
    ),
    INSTANCE: (
        *program(
            "applyImmediately",
            "autoMinorVersionUpgrade",
            "caCertIdentifier",
            "clusterIdentifier",
            "copyTagsToSnapshot",
            "dbParameterGroupName",
            "engine",
            "identifier",
            "instanceClass",
            "monitoringInterval",
            "monitoringRoleArn",
            "performanceInsightsEnabled",
            "performanceInsightsKmsKeyId",
            "performanceInsightsRetentionPeriod",
            "preferredMaintenanceWindow",
            "promotionTier",
            "publiclyAccessible",
            "tags",
        ),
        Property("availabilityZone", Owner.AWS, "AWS places the instance"),
        Property("engineVersion", Owner.AWS, "follows the cluster's"),
    ),
}
