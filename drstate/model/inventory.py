"""What discovery found of one scope, what is wrong with it, and where it came from."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum

from pydantic import Field, computed_field

from drstate.model.base import Value
from drstate.model.events import ErrorInfo
from drstate.model.resource import Resource
from drstate.model.scope import ScopeKey
from drstate.model.tags import Severity, Violation


class Source(StrEnum):
    """Where the knowledge about one account and region comes from."""

    EXPLORER = "explorer"
    TAGGING = "tagging"
    #: asked a short while ago
    CACHE = "cache"
    #: it does not answer now; what it answered last
    LAST_KNOWN = "last-known"


class AccountReport(Value):
    """How one account answered in one region."""

    account: str
    name: str
    region: str
    source: Source
    #: when it was asked; older than the inventory for ``cache`` and ``last-known``
    asked_at: datetime
    #: resources that carry dr:enabled, whatever its value and whoever's they are
    seen: int
    latency_ms: float
    #: why it was not asked the usual way, and what helps
    note: str = ""


class AccountError(Value):
    """An account that could not be asked in a region. Others are not affected."""

    account: str
    name: str
    region: str
    error: ErrorInfo
    #: the inventory holds what it answered at this time
    last_known_at: datetime | None = None


class Inventory(Value):
    """The resources of one scope. Badly tagged ones are not among them, but in ``violations``."""

    schema_: str = Field(default="drstate.inventory/1", alias="schema")
    scope: ScopeKey
    #: regions that were searched; where a resource is in several, the first one counts
    regions: tuple[str, ...]
    resources: tuple[Resource, ...]
    #: errors leave a resource out, warnings do not (one that no technology handles is out as well)
    violations: tuple[Violation, ...] = ()
    accounts: tuple[AccountReport, ...] = ()
    account_errors: tuple[AccountError, ...] = ()
    #: resources of this scope whose owner says dr:enabled=false
    not_enabled: int = 0
    #: protected resources of other customers or environments in these accounts; never shown
    other_scope: int = 0
    taken_at: datetime
    duration_ms: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def counts(self) -> dict[str, int]:
        """Technology -> number of resources."""
        return dict(sorted(Counter(found.technology for found in self.resources).items()))

    @property
    def errors(self) -> tuple[Violation, ...]:
        """Violations that leave a resource out."""
        return tuple(found for found in self.violations if found.severity is Severity.ERROR)

    def answered(self, account: str, region: str) -> bool:
        """Whether the account was asked in the region, now or within the cache's time."""
        return any(
            (report.account, report.region) == (account, region)
            and report.source is not Source.LAST_KNOWN
            for report in self.accounts
        )
