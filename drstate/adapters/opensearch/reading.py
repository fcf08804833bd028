"""Reading domains and who replicates from whom. Everything tolerates "not there yet".

The pair is read in the region that is asked: its description is the same on both sides, so that no
read depends on the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At
from drstate.errors import AwsCallError
from drstate.programs.opensearch.spec import Nodes

ABSENT = "ResourceNotFoundException"
#: the region does not have the operation
DISABLED = frozenset(
    {
        "DisabledOperationException",
        "UnknownOperationException",
        "UnsupportedOperationException",
    }
)
PRIMARY, SECONDARY = "PRIMARY", "SECONDARY"
ACTIVE, EJECTED = "ACTIVE", "EJECTED"
PENDING = frozenset({"PENDING_SETUP", "SWITCHING_OVER", "FAILING_OVER", "PENDING_REMOVAL"})
#: put on a domain whose replication was ended to promote it: it has no peer and takes writes
PROMOTED_TAG = "drstate:promoted"
MANAGED_TAG = "drstate:managed"


@dataclass(frozen=True)
class Pair:
    """What a domain tells of its replication. ``role`` and ``peer`` are None without a peer."""

    role: str | None
    peer: str | None
    status: str | None

    @property
    def settled(self) -> bool:
        """Whether no change of the pair is under way."""
        return self.status not in PENDING

    def facts(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"role": self.role, "peer": self.peer, "status": self.status}


def domain(at: At, name: str) -> dict[str, Any] | None:
    """The domain's status, or None where there is none."""
    answer = at.find("opensearch", "describe_domain", ABSENT, DomainName=name)
    found: dict[str, Any] | None = answer.get("DomainStatus")
    return None if found is None or found.get("Deleted") else found


def pair(at: At, name: str) -> Pair | None:
    """The domain's role and peer; None where there is no such domain.

    Raises AwsCallError with a code of ``DISABLED`` where the region has no peer replication.
    """
    try:
        answer = at.call("opensearch", "describe_domain_replication", DomainName=name)
    except AwsCallError as error:
        if error.aws_code == ABSENT:
            return None
        raise
    peers = answer.get("Peers") or []
    peer = peers[0] if peers else {}
    return Pair(answer.get("Role"), peer.get("PeerDomainArn"), peer.get("Status"))


def tags(at: At, arn: str) -> dict[str, str]:
    """The domain's tags."""
    answer = at.call("opensearch", "list_tags", ARN=arn)
    return {str(tag["Key"]): str(tag["Value"]) for tag in answer.get("TagList", [])}


def endpoint(found: dict[str, Any]) -> str:
    """The host that clients use; empty while the domain is being made."""
    return str(found.get("Endpoint") or (found.get("Endpoints") or {}).get("vpc") or "")


def nodes(found: dict[str, Any]) -> Nodes:
    """What the domain runs on."""
    config = found.get("ClusterConfig") or {}
    zoned = bool(config.get("ZoneAwarenessEnabled"))
    managed = bool(config.get("DedicatedMasterEnabled"))
    warm = bool(config.get("WarmEnabled"))
    zones = int((config.get("ZoneAwarenessConfig") or {}).get("AvailabilityZoneCount") or 2)
    return Nodes(
        instance_type=config["InstanceType"],
        instance_count=int(config["InstanceCount"]),
        zones=zones if zoned else 0,
        with_standby=bool(config.get("MultiAZWithStandbyEnabled")),
        manager_count=int(config.get("DedicatedMasterCount") or 0) if managed else 0,
        manager_type=config.get("DedicatedMasterType") if managed else None,
        warm_count=int(config.get("WarmCount") or 0) if warm else 0,
        warm_type=config.get("WarmType") if warm else None,
        cold_storage=bool((config.get("ColdStorageOptions") or {}).get("Enabled")),
    )


def as_config(wanted: Nodes) -> dict[str, Any]:
    """Data nodes as UpdateDomainConfig takes them; nothing else changes between site states."""
    return {"InstanceType": wanted.instance_type, "InstanceCount": wanted.instance_count}


def differences(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    """What two domains have to have in common in order to replicate, and do not."""
    named = (
        ("engine version", ("EngineVersion",)),
        ("node-to-node encryption", ("NodeToNodeEncryptionOptions", "Enabled")),
        ("fine-grained access control", ("AdvancedSecurityOptions", "Enabled")),
        ("encryption at rest", ("EncryptionAtRestOptions", "Enabled")),
    )
    found = []
    for what, path in named:
        one, other = _at(here, path), _at(there, path)
        if one != other:
            found.append(f"{what} is {one} here and {other} there")
    return found


def _at(found: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = found
    for name in path:
        value = (value or {}).get(name)
    return value if value is not None else False
