"""The landing zone: everything that a site map names, at its site, under its own identifier.

An identifier says its account where it is an ARN. Where it is not, it is in the accounts of those
whose specs name it (or name its counterpart), and in every account where nobody does: a group too
many disturbs nobody, one that is missing stops a rehearsal for a reason that the real site does not
have. What the recovery copies are themselves called is not made: a rehearsal makes it.
"""

from __future__ import annotations

import re

from drstate.errors import DrstateError
from drstate.model.scope import SiteMapTable

from .problems import refused
from .site import Captured

_ARN = re.compile(r"^arn:[^:]*:[^:]*:([^:]*):(\d{12}):")
_REGISTRY = re.compile(r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.")


def build(site: Captured) -> None:
    """Make whatever the site map names and nobody has made yet, and the topics that are told."""
    tables = site.scope.site_map.get(site.other, {})
    # networks first: others stand in them
    for table in sorted(tables, key=lambda one: (_rank(one), one)):
        for here, there in sorted(tables[table].items()):
            for account in accounts(site, here, there):
                _make(site, table, here, account, site.serving)
                if not _declared(site, table, here):
                    _make(site, table, there, account, site.other)
    for topic in site.scope.notifications.topics:
        owner = topic.arn.split(":")[4]
        _make(site, SiteMapTable.TOPICS, topic.arn, owner, topic.region)


def _make(site: Captured, table: SiteMapTable, one: str, account: str, region: str) -> None:
    try:
        site.have(table, one, account, region_of(one) or region)
    except DrstateError:
        raise
    except Exception as error:  # moto's errors have no base of their own
        raise refused(f"site_map.{site.other}.{table}", one, error) from error


def _rank(table: SiteMapTable) -> int:
    order = (SiteMapTable.VPCS, SiteMapTable.SUBNETS, SiteMapTable.SECURITY_GROUPS)
    return order.index(table) if table in order else len(order)


def _declared(site: Captured, table: SiteMapTable, here: str) -> bool:
    """Whether the other side is the name of a copy that a rehearsal is going to make."""
    return table is SiteMapTable.BUCKETS and any(
        entry.resource.name == here for entry in site.entries("s3")
    )


def accounts(site: Captured, here: str, there: str) -> list[str]:
    """The accounts that a pair of identifiers is in."""
    for one in (here, there):
        said = _ARN.match(one) or _REGISTRY.match(one)
        if said is not None:
            return [said[2] if said.re is _ARN else said[1]]
    naming = site.naming(here) or site.naming(here, part=True)
    named = {entry.resource.account for entry in naming}
    every = [account.id for account in site.scope.accounts if account.discover]
    return sorted(named) or every


def region_of(identifier: str) -> str:
    """The region that an identifier itself says, or nothing."""
    said = _ARN.match(identifier)
    if said is not None:
        return said[1]
    registry = _REGISTRY.match(identifier)
    return registry[2] if registry else ""
