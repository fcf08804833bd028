"""A program's translator for an adapter that has to create what no stack declares.

Actions and programs must call a thing by the same name, so both ask the same translator.
"""

from __future__ import annotations

from drstate.adapters.base import SiteContext
from drstate.model.catalog import CatalogEntry
from drstate.model.shard import ShardId, ShardInput
from drstate.programs.translator import Translator


def translator_at(entry: CatalogEntry, site: SiteContext, source: str) -> Translator:
    """Translations from the region ``source`` to the site's, with its bindings and policies."""
    account = site.account(entry)
    shard = ShardInput(
        id=ShardId(scope=site.scope.key, region=site.region, account=account.id, group=entry.group),
        stack="",
        site_state=site.state,
        regions=site.scope.regions,
        provider_region=site.region,
        account=account,
        site_map=site.site_map,
        policies=site.scope.policies,
        resources=(entry,),
        bindings=site.bindings,
    )
    return Translator(entry.key, source, shard)
