"""A search domain as it is captured, and what its owner may choose.

Who is primary is no property of a domain: a pair replicates one way, and the adapter turns it.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec

#: name of the endpoint that clients use
ENDPOINT = "domain"


class Way(StrEnum):
    """How a domain's data gets to the other region."""

    #: peer replication between the two domains
    PEER = "peer"
    #: manual snapshots in a bucket, restored where they are needed
    SNAPSHOT = "snapshot"


class Nodes(Value):
    """What a domain runs on; the shape that changes between standby and production."""

    instance_type: str
    instance_count: int = Field(ge=1)
    #: 0: one zone
    zones: int = 0
    #: zones with a standby that takes no traffic
    with_standby: bool = False
    #: dedicated cluster managers; 0: none
    manager_count: int = 0
    manager_type: str | None = None
    #: UltraWarm nodes; 0: none
    warm_count: int = 0
    warm_type: str | None = None
    cold_storage: bool = False


class Volume(Value):
    """EBS volume of each data node."""

    type: str | None = None
    size_gib: int | None = None
    iops: int | None = None
    throughput: int | None = None


class LogTarget(Value):
    """A log that the domain publishes."""

    type: str
    log_group: str
    enabled: bool = True


class OpenSearchSpec(Spec):
    """A domain as captured at the serving site, at production capacity."""

    domain: str
    arn: str
    #: as AWS writes it, OpenSearch_2.13
    engine_version: str
    #: how it replicates; probed at capture, because not every region has peers
    way: Way
    nodes: Nodes
    #: None: instance storage
    volume: Volume | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    encrypted: bool = False
    kms_key: str | None = None
    node_to_node: bool = False
    enforce_https: bool = False
    tls_policy: str | None = None
    custom_endpoint: str | None = None
    certificate: str | None = None
    #: fine-grained access control, with users of IAM
    fine_grained: bool = False
    access_policies: str | None = None
    advanced_options: dict[str, str] = {}
    logs: tuple[LogTarget, ...] = ()
    ip_address_type: str | None = None
    auto_tune: bool | None = None
    auto_software_update: bool = False
    snapshot_hour: int | None = None
    #: start of the off-peak window, HH:MM
    off_peak: str | None = None
    #: region -> domain of a pair that somebody else has made already
    peers: dict[str, str] = {}

    def name_in(self, region: str) -> str:
        """Name of the domain at a site: the same, unless somebody else has paired it."""
        return self.peers.get(region, self.domain)

    def domain_arn(self, region: str) -> str:
        """ARN of the domain at a site."""
        _, partition, _, _, account, _ = self.arn.split(":")
        return f"arn:{partition}:es:{region}:{account}:domain/{self.name_in(region)}"


class OpenSearchPolicy(Value):
    """Choices for the domains of a scope."""

    #: data nodes while in standby; None: as in production
    standby_instance_type: str | None = None
    standby_instance_count: int | None = Field(default=None, ge=1)
    #: who may do everything in a recovery domain with fine-grained access control: AWS does not
    #: tell who that is at the source
    master_user_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:.+$")
    #: name of the manual snapshot repository of domains that have no peer
    snapshot_repository: str = "drstate"
    #: how old the newest snapshot may become before REPLICATE takes another
    snapshot_max_age_hours: int = Field(default=24, ge=1)
    #: region -> bucket there that receives snapshots of the other region's domains
    snapshot_buckets: dict[str, str] = {}
    #: the role that domains reach those buckets with
    snapshot_role: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")
