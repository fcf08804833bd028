"""Hosts of what runs on instances of one's own: the source's by its id, others by the site map."""

from __future__ import annotations

from drstate.adapters.base import SiteContext
from drstate.adapters.commands import Host
from drstate.errors import ConfigError
from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable

#: why observing sends commands; see ``Adapter.deviations``
OBSERVED_BY_SCRIPT = (
    "AWS does not know the roles: they are asked of the host, by a script that changes nothing"
)


def host_at(
    entry: CatalogEntry, site: SiteContext, region: str, instance: str, document: str
) -> Host:
    """The host in ``region``; ``instance`` is the one of the primary region.

    Raises ConfigError where the site map does not name the other one.
    """
    if region != site.scope.regions.primary:
        found = site.scope.site_map.get(region, {}).get(SiteMapTable.IDENTIFIERS, {}).get(instance)
        if found is None:
            field = f"site_map.{region}.{SiteMapTable.IDENTIFIERS}"
            raise ConfigError(
                f"{entry.key}: instance {instance} has no counterpart in {region}",
                why=f"{field} in {site.scope_file} does not name it",
                hint=f"add {instance}: <instance in {region}> to {field}",
            )
        instance = found
    return Host(entry.resource.account, region, instance, document)
