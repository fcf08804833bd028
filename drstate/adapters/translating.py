"""What a technology's program would declare at a site, for actions that make or change the same.

Programs and actions have to agree on every value, so an action asks the program's own function.
"""

from __future__ import annotations

from drstate.adapters.site import SiteContext
from drstate.model.catalog import CatalogEntry
from drstate.model.shard import ShardId, ShardInput
from drstate.programs.translator import Translator


def translator_at(entry: CatalogEntry, site: SiteContext, source: str) -> Translator:
    """The translator that a program would get: from the region ``source`` to the site."""
    account = site.account(entry)
    return Translator(
        entry.key,
        source,
        ShardInput(
            id=ShardId(
                scope=site.scope.key, region=site.region, account=account.id, group=entry.group
            ),
            stack="",
            site_state=site.state,
            regions=site.scope.regions,
            provider_region=site.region,
            account=account,
            site_map=site.site_map,
            policies=site.scope.policies,
            resources=(),
            bindings=site.bindings,
        ),
    )
