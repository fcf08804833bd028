"""How near accounts are to what AWS allows them: figures as they are shown, stored and compared.

Values only. Who asks AWS is ``execution.capacity``; what a run adds is summed by
``execution.headroom``. A figure that nobody could ask for is told as not known, never as zero.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field, computed_field

from drstate.model.base import Value

#: percent of a limit from which on a level holds
INFO_PERCENT, WARNING_PERCENT, CRITICAL_PERCENT = 80, 90, 100


class Level(StrEnum):
    """How near a count is to its limit, from far to there."""

    OK = "OK"
    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 for OK, growing."""
        return list(Level).index(self)


def level_of(used: int, limit: int) -> Level:
    """OK below 80 % of the limit, INFO below 90 %, WARNING below 100 %, else CRITICAL.

    Compared as whole numbers: no rounding moves a threshold. Of a limit of 0, all is in use.
    """
    share = used * 100
    if share >= CRITICAL_PERCENT * limit:
        return Level.CRITICAL
    if share >= WARNING_PERCENT * limit:
        return Level.WARNING
    return Level.INFO if share >= INFO_PERCENT * limit else Level.OK


class Source(StrEnum):
    """Where a limit's figure is from."""

    #: Service Quotas told the account's own
    LIVE = "live"
    #: the known default: AWS has no code for it, or it could not be asked
    DEFAULT = "default"


class RegionUse(Value):
    """What of an account-wide limit is used in one region. None: not known, and why."""

    region: str
    used: int | None
    why: str = ""


class _Computed(Value):
    """A value that is written with what is computed from it, and read without."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Figure(_Computed):
    """One limit in one place, and how much of it is used."""

    account: str
    account_name: str
    #: empty where the limit is the account's, over all its regions
    region: str
    #: what the limit is of where it is a resource's own, say a cluster's name
    holder: str = ""
    what: str
    service: str
    #: of Service Quotas; empty where AWS has none for it
    code: str
    limit: int
    source: Source
    #: why the limit could not be asked, where AWS has a code for it
    limit_why: str = ""
    #: None: not known; of several regions, at least so many
    used: int | None
    #: why it is not known
    why: str = ""
    #: of an account-wide limit that is used region by region: the most used first
    regions: tuple[RegionUse, ...] = ()
    asked_at: datetime
    #: it was asked by an earlier command, at most five minutes before
    cached: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def level(self) -> Level | None:
        """None where nothing is known of its use."""
        return None if self.used is None else level_of(self.used, self.limit)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def available(self) -> int | None:
        """What is left; 0 where more is used than the limit says."""
        return None if self.used is None else max(0, self.limit - self.used)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def percent(self) -> float | None:
        """Share of the limit that is used."""
        if self.used is None:
            return None
        return round(100 * self.used / self.limit, 1) if self.limit else 100.0

    @property
    def unknown(self) -> tuple[RegionUse, ...]:
        """Regions that are missing in ``used``."""
        return tuple(one for one in self.regions if one.used is None)

    @property
    def complete(self) -> bool:
        """Whether everything that counts was counted."""
        return self.used is not None and not self.unknown

    @property
    def place(self) -> str:
        """Where it holds, for people."""
        where = self.region or "all regions"
        return f"{where}, {self.holder}" if self.holder else where

    def increase(self, wanted: int, region: str = "") -> str:
        """What raises the limit to ``wanted``. ``region``: where an account's limit is asked."""
        if not self.code:
            return f"AWS has no quota code for {self.what}: have AWS support raise it"
        return (
            f"aws service-quotas request-service-quota-increase --service-code {self.service} "
            f"--quota-code {self.code} --desired-value {wanted} --region {self.region or region}"
        )


class CapacityReport(_Computed):
    """Every limit that was asked for, the nearest first. ``drstate.capacity/1``."""

    schema_: str = Field(default="drstate.capacity/1", alias="schema")
    figures: tuple[Figure, ...]
    taken_at: datetime
    duration_ms: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def level(self) -> Level:
        """The highest level of any figure."""
        levels = [one.level for one in self.figures if one.level is not None]
        return max(levels, key=lambda level: level.rank, default=Level.OK)

    @property
    def unknown(self) -> tuple[Figure, ...]:
        """Figures that are not known, or not whole."""
        return tuple(one for one in self.figures if not one.complete)


class Need(_Computed):
    """What a run adds to one figure, over all its resources and phases."""

    figure: Figure
    adds: int
    #: resource key -> how much it adds
    by_resource: dict[str, int]
    #: part of the limit that AWS leaves to nobody
    kept: int = 0
    #: where the limit is asked
    region: str
    #: the run is not stopped by anything: a recovery goes on with what there is
    forced: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int | None:
        """What will be used then; None where it is not known what is used now."""
        return None if self.figure.used is None else self.figure.used + self.adds

    @computed_field  # type: ignore[prop-decorator]
    @property
    def level(self) -> Level | None:
        """How near the run brings the account to its limit."""
        if self.total is None:
            return None
        return Level.CRITICAL if self.exceeds else level_of(self.total, self.figure.limit)

    @property
    def exceeds(self) -> bool:
        """Whether it does not fit."""
        total = self.total
        return total is not None and self.adds > 0 and total > self.figure.limit - self.kept

    @computed_field  # type: ignore[prop-decorator]
    @property
    def stops(self) -> bool:
        """Whether the run must not begin: it is known, not assumed, that it does not fit."""
        return self.exceeds and self.figure.source is Source.LIVE and not self.forced

    @computed_field  # type: ignore[prop-decorator]
    @property
    def told(self) -> str:
        """``38 in use and 3 more of 40 DB instances in us-west-2, account 1000… (names)``."""
        figure = self.figure
        of = f"{figure.limit - self.kept} of {figure.limit}" if self.kept else f"{figure.limit}"
        limit = f"{of} {figure.what}" if not self.kept else f"{figure.what} ({of} may be taken)"
        known = "an unknown number" if figure.used is None else str(figure.used)
        where = f"in {figure.place}, account {figure.account}"
        most = sorted(self.by_resource.items(), key=lambda one: (-one[1], one[0]))
        names = ", ".join(f"{key} {count}" for key, count in most[:3] if count)
        more = sum(1 for _, count in most[3:] if count)
        names += f" and {more} more resources" if more else ""
        adding = f" and {self.adds} more ({names})" if self.adds else ""
        assumed = "" if figure.source is Source.LIVE else "; the limit is AWS's default"
        return f"{known} in use{adding} of {limit} {where}{assumed}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def hint(self) -> str:
        """What helps."""
        if self.figure.used is None:
            return "drstate capacity --refresh asks again"
        wanted = max((self.total or 0) + self.kept, self.figure.limit + 1)
        return self.figure.increase(wanted, self.region)
