"""The hook of a scope file that a catalog's entry is."""

from __future__ import annotations

from drstate.model.catalog import CatalogEntry
from drstate.model.named import Hook

from .problems import cannot
from .site import Captured


def hook_of(site: Captured, entry: CatalogEntry) -> Hook:
    """The hook. Raises ConfigError where the scope file has none of that name any more."""
    for hook in site.scope.hooks:
        if (hook.name, hook.account) == (entry.resource.name, entry.resource.account):
            return hook
    raise cannot(entry.key, "hooks", "the scope file names no hook that is called so any more")
