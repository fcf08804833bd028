"""Which function declares which technology, at a site and over both sites. Explicit, no discovery.

A technology that is missing from a table declares nothing of that kind; asking for it is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pulumi_aws as aws

from drstate.errors import InternalError
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.programs.declare import aurora, ecs, route53
from drstate.programs.declare.context import Declaration, DeclaredOutputs

Declare = Callable[[CatalogEntry, Declaration], DeclaredOutputs]

SITE: Mapping[str, Declare] = {"aurora": aurora.declare_site, "ecs": ecs.declare_site}
SPANNING: Mapping[str, Declare] = {
    "aurora": aurora.declare_global,
    "route53": route53.declare_global,
}


def declare_for(technology: str, region: str) -> Declare:
    """The function for a region or ``global``. Raises InternalError where there is none."""
    table = SPANNING if region == GLOBAL else SITE
    if technology not in table:
        raise InternalError(
            f"{technology} declares nothing at {region}",
            why="the catalog says that it is declared there",
            hint=f"known are {', '.join(sorted(table))}",
        )
    return table[technology]


def touch() -> int:
    """Touch every class that programs use; returns how many. See ``site.preload``."""
    technologies = (aurora, ecs, route53)
    touched = [aws.Provider, aws.ProviderAssumeRoleArgs]
    return len(touched) + sum(len(technology.classes()) for technology in technologies)
