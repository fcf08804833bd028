"""What every action on a search domain and its peer knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.adapters.actions import Action
from drstate.adapters.at import At
from drstate.model.catalog import CatalogEntry
from drstate.programs.opensearch.spec import OpenSearchSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


class DomainAction(Action):
    """What every action on a domain and its peer knows."""

    def __init__(
        self, entry: CatalogEntry, search: OpenSearchSpec, target: str, other: str
    ) -> None:
        self.account = entry.resource.account
        self.search = search
        self.target = target
        self.other = other
        self.name = search.name_in(target)
        self.arn = search.domain_arn(target)
        self.other_name = search.name_in(other)
        self.other_arn = search.domain_arn(other)

    def _at(self, aws: AwsCaller, region: str) -> At:
        return At(aws, self.account, region)
