"""A hook that is a request from the machine that runs drstate: there is nothing of it in AWS."""

from __future__ import annotations

from drstate.model.catalog import CatalogEntry
from drstate.sandbox.estates.captured.hooks import hook_of
from drstate.sandbox.estates.captured.site import Captured


def build(site: Captured, entry: CatalogEntry) -> None:
    """Nothing, but that the scope file still names the hook."""
    hook_of(site, entry)
