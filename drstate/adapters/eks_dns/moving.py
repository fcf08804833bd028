"""Records and their owners, as they have to be for a cluster's ingresses to answer. Pure.

external-dns writes beside each record a TXT record that names its owner, and touches only what is
its own. Record and owner move in one batch: the cluster that serves keeps the record from then on,
and the other one lets it be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drstate.adapters.eks_dns.reading import Ingress
from drstate.programs.eks_dns import ClusterDns, IngressRecord

_OWNER = re.compile(r"external-dns/owner=(?P<owner>[^,\"]+)")


class Stuck(Exception):  # noqa: N818 - a finding, not an error of the program
    """What is there cannot be moved; ``hint`` says what helps."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def owner_names(record: IngressRecord, dns: ClusterDns) -> tuple[str, ...]:
    """Names under which external-dns keeps who owns a record, in all of its formats."""
    heads = ("", f"{record.type.lower()}-", "cname-")
    return tuple(dict.fromkeys(f"{dns.txt_prefix}{head}{record.name}" for head in heads))


def alias(record: IngressRecord, ingress: Ingress, found: Sequence[Mapping[str, Any]]) -> Any:
    """The record as an alias to the ingress's load balancer. Raises Stuck."""
    if any(one.get("SetIdentifier") for one in found):
        raise Stuck(
            f"{record.name} {record.type} is one of several record sets",
            "flip it as an entry of dns (weighted, way: flag or way: routing-control) that "
            "depends on the cluster, and take it out of policies.eks_dns",
        )
    return {
        "Name": record.name,
        "Type": record.type,
        "AliasTarget": {
            "HostedZoneId": ingress.zone_id,
            "DNSName": ingress.dns_name,
            "EvaluateTargetHealth": True,
        },
    }


def owned(found: Iterable[Mapping[str, Any]], dns: ClusterDns, region: str) -> list[dict[str, Any]]:
    """The TXT records with this region's owner in them. Raises Stuck for a stranger's record."""
    moved = []
    for one in found:
        values = [str(row["Value"]) for row in one.get("ResourceRecords") or ()]
        owners = {match["owner"] for value in values for match in _OWNER.finditer(value)}
        strangers = owners - set(dns.owners.values())
        if strangers:
            raise Stuck(
                f"{one['Name']} says that {min(strangers)} owns the record",
                "name the owners of both regions in policies.eks_dns, as external-dns is given "
                "them by --txt-owner-id",
            )
        if owners:
            new = f"external-dns/owner={dns.owners[region]}"
            rows = [{"Value": _OWNER.sub(new, value)} for value in values]
            moved.append({**one, "ResourceRecords": rows})
    return moved


def same(found: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the record sets say the same."""
    return sorted(map(_essence, found)) == sorted(map(_essence, wanted))


def _essence(one: Mapping[str, Any]) -> tuple[str, ...]:
    target = one.get("AliasTarget") or {}
    return (
        str(one["Name"]),
        str(one["Type"]),
        str(target.get("DNSName", "")).rstrip(".").lower(),
        str(target.get("HostedZoneId", "")),
        *sorted(str(row["Value"]) for row in one.get("ResourceRecords") or ()),
    )
