"""Availability groups of SQL Server: the primary's host, the recovery host, and their replicas.

A spec has the names of all servers and not which of them is which host: the serving host is taken
for the first that commits synchronously, the recovery host for the first of the others that does
not. Others are replicas without a host here. Data movement to the recovery host is suspended, so
that REPLICATE has something to do.
"""

from __future__ import annotations

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.sql_ag import SYNCHRONOUS, SqlAgSpec, SqlGroup
from drstate.sandbox import aws
from drstate.sandbox.aws import ssm_machines
from drstate.sandbox.aws.sqlserver_group import (
    PRIMARY,
    SECONDARY,
    AvailabilityGroup,
    Replica,
    SqlServerHost,
    SqlServerInstance,
)
from drstate.sandbox.estates.captured import servers
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured


def build(site: Captured, entry: CatalogEntry) -> None:
    """Both hosts and the groups."""
    aws.correct("ssm")
    spec = SqlAgSpec.model_validate(entry.spec)
    account = entry.resource.account
    mine, theirs = hosts(entry, spec)
    groups = [_group(one, mine, theirs) for one in spec.groups]
    places = [(spec.region, spec.instance, mine, site.tags(entry))]
    mapped = site.scope.site_map.get(site.other, {}).get(SiteMapTable.IDENTIFIERS, {})
    # without a pair, drstate itself says what the site map lacks
    if spec.instance in mapped:
        places.append((site.other, mapped[spec.instance], theirs, site.own_tags()))
    for region, instance, server, tags in places:
        servers.run(site, account, region, instance, tags=tags)
        parts = [SqlServerHost(one, one.replicas[server]) for one in groups]
        machine = parts[0] if len(parts) == 1 else SqlServerInstance(parts)
        ssm_machines.register(account, region, instance, machine)


def hosts(entry: CatalogEntry, spec: SqlAgSpec) -> tuple[str, str]:
    """The servers that are taken for the serving host and for the recovery host."""
    every = [{one.server for one in group.replicas} for group in spec.groups]
    common = sorted(set.intersection(*every))
    if len(common) < 2:
        raise cannot(
            entry.key,
            "groups",
            "one host takes over all groups of an instance, and no two servers are in each of "
            f"{', '.join(group.name for group in spec.groups)}",
        )

    def late(server: str) -> bool:
        return any(group.mode(server) != SYNCHRONOUS for group in spec.groups)

    mine = min(common, key=late)
    theirs = min((one for one in common if one != mine), key=lambda one: not late(one))
    return mine, theirs


def _group(spec: SqlGroup, mine: str, theirs: str) -> AvailabilityGroup:
    made = AvailabilityGroup(spec.name, spec.databases)
    made.replicas = {
        one.server: Replica(
            one.server,
            PRIMARY if one.server == mine else SECONDARY,
            mode=one.mode,
            suspended=set(spec.databases) if one.server == theirs else set(),
        )
        for one in spec.replicas
    }
    return made
