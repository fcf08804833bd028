"""EKS clusters whose workloads run in both regions: their ingresses, and the records before them.

Clusters, workloads and load balancers are made by the owner and by controllers inside the clusters;
nothing is declared.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drstate.model.base import Value
from drstate.model.forms import AccountId, Region
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.running import free


class EksDnsSpec(Spec):
    """The cluster at the source and the ingresses that it serves through."""

    cluster: str
    version: str
    #: stacks of the AWS Load Balancer Controller, ``namespace/name`` or a group's name
    ingresses: tuple[str, ...] = Field(min_length=1)


class IngressRecord(Value):
    """A record that is an alias to an ingress's load balancer."""

    name: str = Field(pattern=r".+\.$")
    type: Literal["A", "AAAA"] = "A"
    #: the stack that it leads to
    ingress: str


class ClusterDns(Value):
    """What moves in Route 53 when a cluster's traffic moves."""

    zone_id: str = Field(pattern=r"^[A-Z0-9]{1,32}$")
    #: the account that holds the zone
    account: AccountId
    records: list[IngressRecord] = Field(min_length=1)
    #: region -> ``--txt-owner-id`` of external-dns there; none: records are not external-dns's
    owners: dict[Region, str] = {}
    #: ``--txt-prefix`` of external-dns
    txt_prefix: str = ""


class EksDnsPolicy(Value):
    """``policies.eks_dns`` of the scope file."""

    #: name of a cluster in the primary region -> its records. A cluster that is not here is waited
    #: for only: its records are then flipped as entries of ``dns`` that depend on it
    clusters: dict[str, ClusterDns] = {}
    #: how long the ingresses' targets may take to become healthy
    healthy_seconds: int = Field(default=600, ge=10, le=3600)


PROGRAM = Program(
    technology="eks-dns",
    spec=EksDnsSpec,
    step=Step.TRAFFIC,
    policy=EksDnsPolicy,
    runs=free("its nodes are counted where they are protected themselves"),
)
