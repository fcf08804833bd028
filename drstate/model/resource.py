"""A protected resource as discovery found it."""

from __future__ import annotations

from enum import StrEnum
from keyword import iskeyword

from drstate.model.base import Value
from drstate.model.tags import DrTags


class Technology(StrEnum):
    """The registry: one line per technology, in the order in which people read about them.

    The name is that of the module in ``programs/`` and in ``adapters/`` (see ``module_of``). Third
    parties add further names by entry points.
    """

    DRS = "drs"
    RDS = "rds"
    AURORA = "aurora"
    ECS = "ecs"
    LAMBDA = "lambda"
    ROUTE53 = "route53"
    ELASTICACHE = "elasticache"
    OPENSEARCH = "opensearch"
    AUTOSCALING = "autoscaling"
    MEMORYDB = "memorydb"
    EVENTBRIDGE = "eventbridge"
    EFS = "efs"
    FSX = "fsx"
    ONTAP = "ontap"
    ELB = "elb"
    SECURITY_GROUP = "security-group"
    S3 = "s3"
    SSM = "ssm"
    LAMBDA_HOOK = "lambda-hook"
    SQL_AG = "sql-ag"
    ORACLE_DG = "oracle-dg"
    EKS_DNS = "eks-dns"


BUILT_IN: tuple[str, ...] = tuple(str(one) for one in Technology)


#: handled like technologies, and no part of AWS: hooks that run on the machine that runs drstate.
#: They are not listed among the technologies, and need no permissions
OUTSIDE: tuple[str, ...] = ("http-hook", "command-hook")


def module_of(technology: str) -> str:
    """Name of the modules that handle a technology."""
    name = technology.replace("-", "_")
    return f"{name}_" if iskeyword(name) else name


def resource_key(technology: str, account: str, name: str) -> str:
    """The name of a resource inside its scope, the same at both sites and in every run.

    ``technology/account/name``; ``name`` may itself contain slashes (``cluster/service``).
    """
    return f"{technology}/{account}/{name}"


class Resource(Value):
    """One resource of a scope at its source. ``key`` is the same for both sites."""

    key: str
    technology: str
    name: str
    account: str
    region: str
    #: ARN, or for DNS records ``zone name type``
    arn: str
    tags: DrTags
    #: all tags as found (customer's own included)
    raw_tags: dict[str, str] = {}
