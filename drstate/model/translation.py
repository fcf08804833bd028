"""Identifiers of the source site in the terms of another site: the site map, asked.

Programs and adapters must call a thing by the same name, so the rule is here once. At the site
where the configuration was captured nothing is translated.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.scope import SiteMap, SiteMapTable


@dataclass(frozen=True)
class Translation:
    """Lookups from ``source`` region to ``target`` region."""

    site_map: SiteMap
    source: str
    target: str

    @property
    def identity(self) -> bool:
        """Whether source and target are the same site."""
        return self.source == self.target

    def find(self, table: SiteMapTable, identifier: str) -> str | None:
        """The identifier at the target, or None where the site map does not say."""
        if self.identity:
            return identifier
        return self.site_map.get(table, {}).get(identifier)

    def image(self, reference: str) -> str | None:
        """An image at the target: mapped as a whole, or by its repository with the tag kept."""
        whole = self.find(SiteMapTable.IMAGES, reference)
        if whole is not None:
            return whole
        repository, version = split_image(reference)
        mapped = self.find(SiteMapTable.IMAGES, repository)
        return None if mapped is None else mapped + version

    def text(self, value: str) -> str:
        """A text that is the source region's name, exactly, is the target region's name there."""
        return self.target if value == self.source else value


def split_image(reference: str) -> tuple[str, str]:
    """``repository``, and ``:tag`` or ``@digest`` (may be empty)."""
    if "@" in reference:
        repository, digest = reference.split("@", 1)
        return repository, f"@{digest}"
    head, slash, last = reference.rpartition("/")
    name, colon, tag = last.partition(":")
    return f"{head}{slash}{name}", f"{colon}{tag}"
