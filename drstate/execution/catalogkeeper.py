"""The catalog while an execution runs: read by every shard, changed by few, saved at each change.

A change is a function of the catalog, so that two shards that finish at once lose nothing. A change
that changes nothing is not saved, which is what makes it safe to repeat after a crash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from drstate.journal.port import Journal
from drstate.model.catalog import Catalog


class CatalogKeeper:
    """The scope's catalog under the execution's lease. Safe from any thread."""

    def __init__(self, journal: Journal, catalog: Catalog, fence: int | None) -> None:
        self._journal = journal
        self._catalog = catalog
        self._fence = fence
        self._lock = threading.Lock()

    @property
    def catalog(self) -> Catalog:
        """The catalog as last saved."""
        return self._catalog

    def update(self, change: Callable[[Catalog], Catalog]) -> Catalog:
        """Apply and save ``change``. Raises JournalError on a conflict or a lost lease."""
        with self._lock:
            changed = change(self._catalog)
            if changed != self._catalog:
                self._catalog = self._journal.save_catalog(changed, fence=self._fence)
            return self._catalog

    def record_endpoints(self, region: str, endpoints: Mapping[str, Mapping[str, str]]) -> None:
        """Remember where resources (by key) answer at the region; saved once for all of them.

        Raises KeyError for one that is not in the catalog.
        """

        def change(catalog: Catalog) -> Catalog:
            unknown = endpoints.keys() - {entry.key for entry in catalog.entries}
            if unknown:
                raise KeyError(min(unknown))
            entries = []
            for entry in catalog.entries:
                known = entry.endpoints.get(region, {})
                told = {**known, **endpoints.get(entry.key, {})}
                if told != known:
                    merged = {**entry.endpoints, region: told}
                    entry = entry.model_copy(update={"endpoints": merged})  # noqa: PLW2901
                entries.append(entry)
            return catalog.model_copy(update={"entries": tuple(entries)})

        self.update(change)

    def remember(self, key: str, region: str, values: Mapping[str, Any]) -> None:
        """Remember what an adapter wants to find again in a later run."""

        def change(catalog: Catalog) -> Catalog:
            entry = catalog.entry(key)
            known = entry.memory.get(region, {})
            if {**known, **values} == known:
                return catalog
            merged = {**entry.memory, region: {**known, **values}}
            return catalog.with_entry(entry.model_copy(update={"memory": merged}))

        self.update(change)
