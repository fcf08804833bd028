"""What the DRS adapter, its stacks, and DRS in the caller's name need: permissions as data.

DRS launches with the permissions of whoever asked it to. They are granted on kinds of resources, as
narrow as IAM can tell them; which instances may be launched into, their owners' tags say.
"""

from __future__ import annotations

from drstate.model.grant import Grant

_SERVERS = "arn:aws:drs:*:*:source-server/*"
_RECOVERED = "arn:aws:drs:*:*:recovery-instance/*"
_INSTANCES = "arn:aws:ec2:*:*:instance/*"
#: what an instance is made of
_LAUNCHED = (
    _INSTANCES,
    *(
        f"arn:aws:ec2:*:*:{kind}/*"
        for kind in (
            "key-pair",
            "launch-template",
            "network-interface",
            "security-group",
            "subnet",
            "volume",
        )
    ),
    "arn:aws:ec2:*::image/*",
    "arn:aws:ec2:*::snapshot/*",
)
_BY_DRS = "DRS calls them, with the permissions of whoever asked it to launch or reverse"

GRANTS = (
    Grant(
        "see servers, jobs, recovery instances, settings, instances, networks and quotas",
        (
            "drs:DescribeJobs",
            "drs:DescribeRecoveryInstances",
            "drs:DescribeSourceServers",
            "drs:GetLaunchConfiguration",
            "drs:ListExtensibleSourceServers",
            "ec2:DescribeInstanceAttribute",
            "ec2:DescribeInstanceStatus",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRegions",
            "ec2:DescribeSubnets",
            "servicequotas:GetServiceQuota",
        ),
    ),
    Grant(
        "set launch settings, launch, extend and mark servers",
        (
            "drs:CreateExtendedSourceServer",
            "drs:StartRecovery",
            "drs:TagResource",
            "drs:UpdateLaunchConfiguration",
        ),
        (_SERVERS,),
    ),
    Grant("replicate recovery instances back", ("drs:ReverseReplication",), (_RECOVERED,)),
    Grant(
        "see how a staging account encrypts what it replicates",
        ("drs:GetReplicationConfiguration",),
        (_SERVERS,),
        uncalled="only before a server is extended",
    ),
    Grant(
        "say why a server failed in a job",
        ("drs:DescribeJobLogItems",),
        uncalled="only where a server fails",
    ),
    Grant(
        "terminate recovery instances of drills",
        ("drs:TerminateRecoveryInstances",),
        (_RECOVERED,),
        uncalled="at the end of a drill",
    ),
    Grant(
        "stop and start the instances of both sites",
        ("ec2:StartInstances", "ec2:StopInstances"),
        (_INSTANCES,),
    ),
    Grant(
        "what DRS looks at in the caller's name while it launches and reverses",
        (
            "drs:DescribeReplicationConfigurationTemplates",
            "drs:ListTagsForResource",
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeImages",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeLaunchTemplates",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSnapshots",
            "ec2:DescribeVolumes",
        ),
        uncalled=_BY_DRS,
    ),
    Grant(
        "what DRS does in the caller's name while it launches and terminates",
        (
            "drs:CreateRecoveryInstanceForDrs",
            "ec2:AttachVolume",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateLaunchTemplate",
            "ec2:CreateLaunchTemplateVersion",
            "ec2:CreateSnapshot",
            "ec2:CreateTags",
            "ec2:CreateVolume",
            "ec2:DeleteLaunchTemplateVersions",
            "ec2:DeleteSnapshot",
            "ec2:DeleteVolume",
            "ec2:DetachVolume",
            "ec2:ModifyInstanceAttribute",
            "ec2:ModifyLaunchTemplate",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RunInstances",
            "ec2:TerminateInstances",
        ),
        (_SERVERS, *_LAUNCHED),
        uncalled=_BY_DRS,
    ),
    Grant(
        "hand DRS's own roles to the servers that convert and run",
        ("iam:PassRole",),
        ("arn:aws:iam::*:role/service-role/AWSElasticDisasterRecovery*",),
        uncalled=_BY_DRS,
    ),
)

STACK_GRANTS = (
    Grant(
        "see the instances that are launched into, and their subnets",
        ("ec2:DescribeInstanceAttribute", "ec2:DescribeInstances", "ec2:DescribeSubnets"),
    ),
    Grant(
        "declare the instances that are launched into",
        (
            "ec2:ModifyInstanceAttribute",
            "ec2:ModifyInstanceMetadataOptions",
            "ec2:RunInstances",
            "ec2:TerminateInstances",
        ),
        _LAUNCHED,
    ),
    Grant(
        "follow a source whose tags, profile, type or monitoring change",
        (
            "ec2:AssociateIamInstanceProfile",
            "ec2:CreateTags",
            "ec2:DeleteTags",
            "ec2:DescribeIamInstanceProfileAssociations",
            "ec2:DisassociateIamInstanceProfile",
            "ec2:MonitorInstances",
            "ec2:StartInstances",
            "ec2:StopInstances",
            "ec2:UnmonitorInstances",
        ),
        uncalled="only where that changes; EC2 checks CreateTags as it makes an instance",
    ),
    Grant(
        "hand instance profiles to EC2",
        ("iam:PassRole",),
        ("arn:aws:iam::*:role/*",),
        uncalled="EC2 checks it where an instance has a profile",
    ),
)
