"""A function at the site that a phase acts on: what production has, in the terms of that site.

Pure but for two questions (which version, how much concurrency is free) that only AWS can answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drstate.adapters.at import At
from drstate.adapters.lambda_ import reading, record
from drstate.adapters.lambda_.reading import Mapping
from drstate.adapters.quotas import Demand, Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import CatalogEntry
from drstate.model.translation import Translation
from drstate.programs.arns import arn_at
from drstate.programs.lambda_.spec import FunctionAlias, LambdaSpec

#: what AWS keeps for functions without a reservation, in every region of an account
UNRESERVED_FLOOR = 100
CONCURRENCY = Limit(
    "reserved concurrent executions",
    1000,
    "lambda",
    "L-B99A9384",
    counted=True,
    kept=UNRESERVED_FLOOR,
)


@dataclass(frozen=True)
class Place:
    """One function at one site."""

    entry: CatalogEntry
    spec: LambdaSpec
    site: SiteContext

    @property
    def account(self) -> str:
        """The account that holds it."""
        return self.entry.resource.account

    @property
    def region(self) -> str:
        """The region acted on."""
        return self.site.region

    @property
    def name(self) -> str:
        """The function's name, the same at both sites."""
        return self.spec.name

    @property
    def by_stack(self) -> bool:
        """Whether a stack of ours makes the function here."""
        return self.site.by_stack

    @property
    def qualifiers(self) -> tuple[str | None, ...]:
        """The function itself and its aliases: what mappings are listed by."""
        return (None, *(alias.name for alias in self.spec.aliases))

    @property
    def reserved(self) -> int | None:
        """The concurrency to give it: what was taken from it here, else that of production."""
        was = record.known(self.entry, self.region)
        return was.reserved if was is not None and was.took else self.spec.reserved

    def provisioned(self, alias: FunctionAlias) -> int | None:
        """Instances to keep initialised for an alias."""
        was = record.known(self.entry, self.region)
        if was is not None and was.provisioned is not None:
            return was.provisioned.get(alias.name, alias.provisioned)
        return alias.provisioned

    def version_for(self, at: At, alias: FunctionAlias) -> str | None:
        """The version that the alias has to name here; None where none has production's code."""
        versions = reading.versions(at, self.name)
        if self.spec.region == self.region and (
            alias.version in versions or alias.version == "$LATEST"
        ):
            return alias.version
        fitting = [one for one, code in versions.items() if code == self.spec.code_sha256]
        return fitting[-1] if fitting else None

    def lacking(self, at: At, now: int | None) -> tuple[str, str] | None:
        """Why the reservation would be refused and what helps, or None. ``now`` is reserved."""
        if self.reserved is None or self.reserved <= (now or 0):
            return None
        left = reading.unreserved(at) + (now or 0) - self.reserved
        if left >= UNRESERVED_FLOOR:
            return None
        why = (
            f"reserving {self.reserved} for {self.name} would leave {left} unreserved in "
            f"{self.region} of account {self.account}; AWS keeps {UNRESERVED_FLOOR} for functions "
            "without a reservation"
        )
        hint = (
            "raise the quota of concurrent executions there (Service Quotas, lambda, "
            "L-B99A9384), or reserve less"
        )
        return why, hint

    def demand(self, at: At) -> tuple[Demand, ...]:
        """The concurrency that it is yet to be given."""
        if not self.reserved:
            return ()
        found = reading.function(at, self.name)
        lacking = self.reserved - ((reading.reserved_of(found) if found else None) or 0)
        return (Demand(CONCURRENCY, self.account, self.region, lacking),) if lacking > 0 else ()

    def to_enable(self, now: Iterable[Mapping]) -> list[Mapping]:
        """The mappings that have to read: those that were switched off here, else production's."""
        found = list(now)
        was = record.known(self.entry, self.region)
        if was is not None and set(was.mappings) <= {mapping.uuid for mapping in found}:
            return [mapping for mapping in found if mapping.uuid in was.mappings]
        wanted = self._wanted()
        return [mapping for mapping in found if mapping.identity in wanted]

    def missing(self, now: Iterable[Mapping]) -> list[str]:
        """Sources that production reads and that no mapping here reads, sorted."""
        return sorted({source for source, _ in self._wanted() - {one.identity for one in now}})

    def _wanted(self) -> set[tuple[str, str | None]]:
        translation = Translation(self.site.site_map, self.spec.region, self.region)
        return {
            (arn_at(translation, mapping.source) or mapping.source, mapping.qualifier)
            for mapping in self.spec.mappings
            if mapping.enabled
        }
