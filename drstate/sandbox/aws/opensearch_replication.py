"""OpenSearch: replication between two domains of an account in two regions, and who is primary.

A domain has one peer at most. The secondary is promoted from its own region: with the primary's
help (switchover), or without it (failover), which ejects the old primary from the pair: it keeps
its data and takes no writes until the peer is removed. Nothing is replicated, as there is no data
but the indexes of snapshots.

An estate says that a region lacks it (`without`), or tags of a domain say what its region lacks:
``sandbox:replication`` with ``none`` has no replication at all, with ``no-promotion`` neither
switchover nor failover.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from moto.opensearch.models import OpenSearchDomain, opensearch_backends

from drstate.sandbox.faults.rule import Effect

from . import runtime
from .modelled import Refusal

SETUP_SECONDS = 120.0
PROMOTE_SECONDS = 60.0
REMOVE_SECONDS = 30.0
PRIMARY, SECONDARY = "PRIMARY", "SECONDARY"
PENDING_SETUP, ACTIVE, EJECTED = "PENDING_SETUP", "ACTIVE", "EJECTED"
SWITCHING, FAILING, REMOVING = "SWITCHING_OVER", "FAILING_OVER", "PENDING_REMOVAL"
_TAG = "sandbox:replication"
_PAIR = "_drstate_pair"
_LACKING = "_drstate_lacking"
_BURSTABLE = ("t2.", "t3.", "m3.")


@dataclass
class Pair:
    """Two domains, by ARN."""

    primary: str
    secondary: str
    status: str = PENDING_SETUP
    #: read-only after a failover that it took no part in
    ejected: str = ""


def invalid(message: str) -> Refusal:
    """The request asks for what the service does not do."""
    return Refusal("ValidationException", message)


def domain(arn: str, account: str) -> OpenSearchDomain:
    """A domain by its ARN, or the refusal."""
    parts = arn.split(":")
    found = None
    if len(parts) == 6 and parts[4] == account:
        name = parts[5].partition("/")[2]
        found = opensearch_backends[account][parts[3]].domains.get(name)
    if found is None:
        raise Refusal("ResourceNotFoundException", f"Domain not found: {arn}")
    return found


def pair_of(one: Any) -> Pair | None:
    """The pair that a domain is in."""
    found: Pair | None = getattr(one, _PAIR, None)
    return found


def require(one: Any, backend: Any, *, promotes: bool = False) -> None:
    """Refuse where the domain's region does not have the operation."""
    tags = {tag["Key"]: tag["Value"] for tag in backend.list_tags(one.arn)}
    lacks = vars(backend).get(_LACKING) or tags.get(_TAG)
    if lacks == "none" or (promotes and lacks == "no-promotion"):
        raise Refusal("DisabledOperationException", "This operation is not supported here.")


def without(backend: Any) -> None:
    """Have a region that knows no replication at all."""
    setattr(backend, _LACKING, "none")


def paired(primary: Any, secondary: Any) -> None:
    """Two domains of an estate that replicate already."""
    _join(Pair(primary.arn, secondary.arn, ACTIVE), primary, secondary)


def shown(one: Any) -> dict[str, Any]:
    """As DescribeDomainReplication shows it."""
    pair = pair_of(one)
    if pair is None:
        return {"DomainArn": one.arn, "Peers": []}
    leads = pair.primary == one.arn
    peer = pair.secondary if leads else pair.primary
    about: dict[str, Any] = {
        "PeerDomainArn": peer,
        "PeerRole": SECONDARY if leads else PRIMARY,
        "Status": pair.status,
    }
    if pair.status == EJECTED:
        about["StatusMessage"] = f"{pair.ejected} was ejected by a failover and is read-only."
    return {"DomainArn": one.arn, "Role": PRIMARY if leads else SECONDARY, "Peers": [about]}


def add(one: Any, peer_arn: str, account: str, *, dry_run: bool) -> str:
    """Begin to replicate from a domain to its peer."""
    peer = domain(peer_arn, account)
    if peer.arn.split(":")[3] == one.arn.split(":")[3]:
        raise invalid("The peer domain must be in another Region.")
    for each in (one, peer):
        if pair_of(each) is not None:
            raise Refusal("ResourceAlreadyExistsException", f"{each.arn} has a peer already.")
        _fit_to_replicate(each)
    if one.engine_version.options != peer.engine_version.options:
        raise invalid(
            f"The domains must have one engine version: {one.engine_version.options}, "
            f"{peer.engine_version.options}."
        )
    if dry_run:
        return ACTIVE
    pair = Pair(one.arn, peer.arn)
    _join(pair, one, peer)
    runtime.clock().after(SETUP_SECONDS, partial(_become, pair, ACTIVE))
    return pair.status


def _fit_to_replicate(one: Any) -> None:
    if one.processing:
        raise invalid(f"{one.arn} is being changed.")
    if not one.advanced_security_options.get("Enabled"):
        raise invalid(f"{one.arn} must have fine-grained access control enabled.")
    if not one.node_to_node_encryption_options.get("Enabled"):
        raise invalid(f"{one.arn} must have node-to-node encryption enabled.")
    kind = str(one.cluster_config.get("InstanceType"))
    if kind.startswith(_BURSTABLE):
        raise invalid(f"{one.arn} has instances of type {kind}, which do not replicate.")


def _join(pair: Pair | None, *domains: Any) -> None:
    for one in domains:
        setattr(one, _PAIR, pair)


def _become(pair: Pair, status: str) -> None:
    if pair.status != REMOVING:
        pair.status = status


def promote(one: Any, peer_arn: str, *, forced: bool) -> str:
    """Make a secondary the primary."""
    pair = pair_of(one)
    if pair is None or pair.secondary != one.arn or pair.primary != peer_arn:
        raise invalid(f"{peer_arn} is not the primary that {one.arn} replicates from.")
    busy = {SWITCHING, FAILING, REMOVING, PENDING_SETUP}
    if pair.status in busy or (pair.status != ACTIVE and not forced):
        raise invalid(f"The replication is {pair.status}.")
    if not forced and _down(peer_arn):
        raise invalid("The primary does not answer; use FailoverReplication.")
    pair.status = FAILING if forced else SWITCHING
    runtime.clock().after(PROMOTE_SECONDS, partial(_promoted, pair, one.arn, forced=forced))
    return pair.status


def _promoted(pair: Pair, arn: str, *, forced: bool) -> None:
    pair.primary, pair.secondary = arn, pair.primary
    pair.status = EJECTED if forced else ACTIVE
    pair.ejected = pair.secondary if forced else ""


def _down(arn: str) -> bool:
    """Whether the domain's region is down, by a fault rule."""
    state = runtime.get()
    region = arn.split(":")[3]
    return any(
        one["rule"]["effect"] == Effect.REGION_DOWN
        and not one["over"]
        and fnmatchcase(region, one["rule"]["region"])
        for one in state.faults.listed(state.clock.seconds())
    )


def remove(one: Any, peer_arn: str, account: str) -> str:
    """End the replication; both keep their data."""
    pair = pair_of(one)
    if pair is None or peer_arn not in (pair.primary, pair.secondary) or peer_arn == one.arn:
        raise Refusal("ResourceNotFoundException", f"{peer_arn} is no peer of {one.arn}.")
    if pair.status in {SWITCHING, FAILING, REMOVING}:
        raise invalid(f"The replication is {pair.status}.")
    pair.status = REMOVING
    peer = domain(peer_arn, account)
    runtime.clock().after(REMOVE_SECONDS, partial(_join, None, one, peer))
    return pair.status
