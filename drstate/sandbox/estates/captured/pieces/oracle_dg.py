"""Data Guard configurations: the primary's host, the standby's host, and what a broker says there.

Members on other hosts are in the configuration as standbys, and have no host here. The standby does
not apply redo yet, so that REPLICATE has something to do.
"""

from __future__ import annotations

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.oracle_dg import OracleDgSpec
from drstate.sandbox import aws
from drstate.sandbox.aws import ssm_machines
from drstate.sandbox.aws.oracle_guard import PRIMARY, STANDBY, DataGuard, Member, OracleHost
from drstate.sandbox.estates.captured import servers
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured


def build(site: Captured, entry: CatalogEntry) -> None:
    """Both hosts and the configuration."""
    aws.correct("ssm")
    spec = OracleDgSpec.model_validate(entry.spec)
    account = entry.resource.account
    mapped = site.scope.site_map.get(site.other, {}).get(SiteMapTable.IDENTIFIERS, {})
    others = [name for name in spec.members if name != spec.database]
    theirs = mapped.get(spec.database, others[0] if len(others) == 1 else None)
    if theirs is not None and theirs not in others:
        raise cannot(
            entry.key,
            f"site_map.{site.other}.identifiers {spec.database}",
            f"{theirs} is none of the configuration's standbys: {', '.join(others)}",
        )
    guard = DataGuard(spec.configuration, protection=spec.protection_mode)
    guard.members = {
        name: Member(name, PRIMARY if name == spec.database else STANDBY, applies=name != theirs)
        for name in spec.members
    }
    hosts = [(spec.region, spec.instance, spec.database, site.tags(entry))]
    # without a pair, drstate itself says what the site map lacks
    if theirs is not None and spec.instance in mapped:
        hosts.append((site.other, mapped[spec.instance], theirs, site.own_tags()))
    for region, instance, database, tags in hosts:
        servers.run(site, account, region, instance, tags=tags)
        machine = OracleHost(guard, guard.members[database])
        ssm_machines.register(account, region, instance, machine)
