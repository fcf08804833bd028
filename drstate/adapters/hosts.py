"""Hosts of what runs on instances of one's own: the source's by its id, others by the site map."""

from __future__ import annotations

import re

from drstate.adapters.commands import Host
from drstate.adapters.site import SiteContext
from drstate.errors import ConfigError
from drstate.model.catalog import CatalogEntry
from drstate.model.resource import Resource
from drstate.model.scope import SiteMapTable

#: tags of a host that say how its database is reached there
CONNECT, USER = "drstate:connect", "drstate:user"
#: why observing sends commands; see ``Adapter.deviations``
OBSERVED_BY_SCRIPT = (
    "AWS does not know the roles: they are asked of the host, by a script that changes nothing"
)


def host_tag(resource: Resource, tag: str, form: str, default: str) -> str:
    """What a tag of the source's host says about how to use it. Raises ConfigError for other forms.

    ``form`` is a regular expression for the whole value.
    """
    value = resource.raw_tags.get(tag, default)
    if re.fullmatch(form, value) is None:
        raise ConfigError(
            f"{resource.key}: tag {tag} is {value!r}",
            why=f"it becomes part of a script, and has to be of the form {form}",
            hint=f"correct or remove {tag} on {resource.arn}",
        )
    return value


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
