"""What the scope's owner says of single servers' copies, in terms of the other site itself.

Subnets, groups and addresses of a launch are not translated, so no site map names them: they stand
in ``policies.drs`` and in protection groups, and have to be there all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ServerLaunch
from drstate.model.scope import Scope
from drstate.programs.launching import policy_for

_WIDEST, _USUAL = 16, 24


def launch_of(scope: Scope, entry: CatalogEntry) -> ServerLaunch:
    """What is said of one server, by the scope file or by its group."""
    policy = policy_for(scope.policies, scope.groups, entry)
    return policy.servers.get(entry.resource.name, ServerLaunch())


def launched(
    scope: Scope,
    entries: Iterable[CatalogEntry],
    subnets: Collection[str],
    mapped: Mapping[str, str],
) -> tuple[set[str], dict[str, IPv4Network]]:
    """For servers in ``subnets``: what their copies stand in, and ranges that hold their addresses.

    ``mapped``: subnet here -> subnet there, where nothing else is said.
    """
    members: set[str] = set()
    addresses: dict[str, list[IPv4Address]] = defaultdict(list)
    for entry in entries:
        if entry.resource.technology != "drs" or entry.spec.get("subnet") not in subnets:
            continue
        own = launch_of(scope, entry)
        subnet = own.subnet or mapped.get(str(entry.spec["subnet"]))
        members |= {*(own.security_groups or ()), *((own.subnet,) if own.subnet else ())}
        if subnet is not None and own.private_ip is not None:
            addresses[subnet].append(IPv4Address(own.private_ip))
    return members, {subnet: _around(found) for subnet, found in addresses.items()}


def _around(addresses: list[IPv4Address]) -> IPv4Network:
    """The smallest network of a usual size that holds all of them; the widest where none does."""
    lowest = min(addresses)
    for prefix in range(_USUAL, _WIDEST, -1):
        found = IPv4Network((lowest, prefix), strict=False)
        if all(one in found for one in addresses):
            return found
    return IPv4Network((lowest, _WIDEST), strict=False)
