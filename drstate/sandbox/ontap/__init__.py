"""A small ONTAP: the part of its REST API that recovery uses, behind real TLS.

FSx for ONTAP file systems answer at names like ``management.fs-….fsx.us-east-1.amazonaws.com``,
which resolve in their VPC only. The sandbox is reached as a client outside of the VPC would reach
them: through a proxy. The sandbox's own port takes CONNECT, and what is behind it shows a
certificate for the name that was asked for, by an authority that is made at every start.
"""

#: how fault rules name the service and its operations: the method and the path's words
SERVICE = "ontap"
OPERATIONS = (
    "GetCluster",
    "GetClusterJobs",
    "GetSvmPeers",
    "GetSnapmirrorRelationships",
    "PostSnapmirrorRelationships",
    "PatchSnapmirrorRelationships",
    "DeleteSnapmirrorRelationships",
    "GetSnapmirrorRelationshipsTransfers",
    "PostSnapmirrorRelationshipsTransfers",
    "PatchSnapmirrorRelationshipsTransfers",
    "GetStorageVolumes",
    "PatchStorageVolumes",
    "GetStorageQuotaRules",
)
