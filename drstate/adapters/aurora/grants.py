"""What Aurora's calls and its stack may do: the grants of the adapter's header."""

from __future__ import annotations

from drstate.adapters.quotas import SEE_QUOTAS
from drstate.model.grant import Grant

_BY_RDS = "RDS asks for it on the caller's behalf; there is no call of it"
_CLUSTERS = "arn:aws:rds:*:*:cluster:*"
_INSTANCES = "arn:aws:rds:*:*:db:*"

#: what the adapter itself calls
GRANTS = (
    SEE_QUOTAS,
    Grant(
        "see clusters, instances, global clusters and replication lag",
        (
            "rds:DescribeDBClusterParameterGroups",
            "rds:DescribeDBClusterSnapshots",
            "rds:DescribeDBClusters",
            "rds:DescribeDBInstances",
            "rds:DescribeDBParameterGroups",
            "rds:DescribeDBSubnetGroups",
            "rds:DescribeEvents",
            "rds:DescribeGlobalClusters",
            "cloudwatch:GetMetricStatistics",
        ),
    ),
    Grant(
        "see whose a global cluster is",
        ("rds:ListTagsForResource",),
        ("arn:aws:rds::*:global-cluster:*",),
        uncalled="only where DescribeGlobalClusters does not tell its tags",
    ),
    Grant(
        "move the writer",
        ("rds:SwitchoverGlobalCluster", "rds:FailoverGlobalCluster"),
        ("arn:aws:rds::*:global-cluster:*", "arn:aws:rds:*:*:cluster:*"),
    ),
    Grant(
        "keep the snapshot that an unplanned failover leaves",
        ("rds:CopyDBClusterSnapshot",),
        ("arn:aws:rds:*:*:cluster-snapshot:*",),
        uncalled="only after an unplanned failover",
    ),
    Grant(
        "add and remove the instances of a headless site",
        ("rds:CreateDBInstance", "rds:DeleteDBInstance"),
        (_CLUSTERS, _INSTANCES, "arn:aws:rds:*:*:pg:*"),
        uncalled="only with policies.aurora.headless, and after a detachment",
    ),
    Grant(
        "bring a smaller standby to production's class where no stack does",
        ("rds:ModifyDBInstance",),
        (_INSTANCES, "arn:aws:rds:*:*:pg:*"),
        uncalled="only in an emergency with policies.aurora.standby_instance_class",
    ),
    Grant(
        "detach where a forced failover is refused, and join the sites again",
        (
            "rds:AddTagsToResource",
            "rds:CreateDBCluster",
            "rds:CreateDBClusterSnapshot",
            "rds:CreateGlobalCluster",
            "rds:DeleteDBCluster",
            "rds:DeleteGlobalCluster",
            "rds:ModifyDBCluster",
            "rds:ModifyGlobalCluster",
            "rds:RemoveFromGlobalCluster",
            "rds:RemoveTagsFromResource",
        ),
        (
            "arn:aws:rds::*:global-cluster:*",
            _CLUSTERS,
            "arn:aws:rds:*:*:cluster-pg:*",
            "arn:aws:rds:*:*:cluster-snapshot:*",
            "arn:aws:rds:*:*:subgrp:*",
        ),
        uncalled="only where AWS refuses a forced failover, or does not end it",
    ),
)

#: what declaring needs besides
STACK_GRANTS = (
    Grant(
        "declare the global cluster, the recovery cluster and its instances",
        (
            "rds:AddTagsToResource",
            "rds:CreateDBCluster",
            "rds:CreateDBInstance",
            "rds:CreateGlobalCluster",
            "rds:DeleteDBCluster",
            "rds:DeleteDBInstance",
            "rds:DeleteGlobalCluster",
            "rds:ModifyDBCluster",
            "rds:ModifyDBInstance",
            "rds:ModifyGlobalCluster",
            "rds:RemoveFromGlobalCluster",
            "rds:RemoveTagsFromResource",
        ),
        (
            "arn:aws:rds::*:global-cluster:*",
            "arn:aws:rds:*:*:cluster:*",
            "arn:aws:rds:*:*:db:*",
            "arn:aws:rds:*:*:subgrp:*",
            "arn:aws:rds:*:*:pg:*",
            "arn:aws:rds:*:*:cluster-pg:*",
            "arn:aws:rds:*:*:cluster-snapshot:*",
        ),
    ),
    Grant(
        "hand the role of enhanced monitoring to RDS",
        ("iam:PassRole",),
        ("arn:aws:iam::*:role/*",),
        uncalled=_BY_RDS,
    ),
    Grant(
        "encrypt the recovery cluster with the mapped key",
        ("kms:CreateGrant", "kms:DescribeKey"),
        ("arn:aws:kms:*:*:key/*",),
        uncalled=_BY_RDS,
    ),
)
