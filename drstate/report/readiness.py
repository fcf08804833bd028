"""Whether a scope could be recovered now: stated after REPLICATE, and by ``drstate readiness``.

A verdict over what was found, resource by resource; pure. It never rounds up: what was not verified
is not ready, and what is owed from an emergency keeps a scope from being ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import Catalog
from drstate.model.health import FAILING, ResourceStatus
from drstate.model.notify import Kind
from drstate.model.phases import Phase, SiteState
from drstate.model.rehearsed import Verification
from drstate.model.scope import ScopeKey
from drstate.model.words import span


class Standing(StrEnum):
    """Could it be recovered now?"""

    READY = "READY"
    #: it could, with something that is not as it should be
    AT_RISK = "AT RISK"
    NOT_READY = "NOT READY"


class Owed(Value):
    """A phase that has to follow before the scope is protected again."""

    phase: Phase
    region: str
    why: str
    command: str


class StandbyView(Value):
    """One protected resource, as a recovery would find it."""

    key: str
    wave: int
    status: ResourceStatus
    detail: str = ""
    hint: str = ""
    #: None: AWS has no measurement, or nothing of it is replicated
    lag_seconds: float | None = None
    #: None: nothing of it is replicated
    lag_limit_seconds: float | None = None


class FindingView(Value):
    """Something about the scope that a recovery would meet."""

    what: str
    hint: str = ""
    #: a recovery would stop at it
    stops: bool = False
    #: what people are told that it is
    kind: Kind = Kind.WARNING


class Readiness(Value):
    """The statement."""

    schema_: str = Field(default="drstate.readiness/1", alias="schema")
    scope: ScopeKey
    standing: Standing
    #: percent of the resources that are as they should be, rounded down
    score: int
    checked_at: datetime
    serving: str
    recovery: str
    resources: tuple[StandbyView, ...] = ()
    findings: tuple[FindingView, ...] = ()
    owed: tuple[Owed, ...] = ()
    #: announced, and nothing against its standing: a maintenance window that opens soon
    notices: tuple[str, ...] = ()
    #: whether its failover was rehearsed, as it is now. Proof, not a condition: a scope can be
    #: ready without it. None: it was not asked
    verification: Verification | None = None

    @property
    def said(self) -> str:
        """The statement in one line."""
        return f"{self.standing}: {sentence(self.resources)}"


def statement(
    catalog_scope: ScopeKey,
    serving: str,
    recovery: str,
    at: datetime,
    resources: Iterable[StandbyView],
    *,
    findings: Sequence[FindingView] = (),
    owed: Sequence[Owed] = (),
    notices: Sequence[str] = (),
) -> Readiness:
    """The verdict over what was found."""
    rows = tuple(resources)
    sound = sum(row.status is ResourceStatus.HEALTHY for row in rows)
    return Readiness(
        scope=catalog_scope,
        standing=_standing(rows, findings, owed),
        score=100 * sound // len(rows) if rows else 0,
        checked_at=at,
        serving=serving,
        recovery=recovery,
        resources=rows,
        findings=tuple(findings),
        owed=tuple(owed),
        notices=tuple(notices),
    )


def _standing(
    rows: Sequence[StandbyView], findings: Sequence[FindingView], owed: Sequence[Owed]
) -> Standing:
    failing = any(row.status in FAILING for row in rows)
    # nothing is protected while the site to recover in is not a standby
    unprotected = any(row.phase is Phase.REPLICATE for row in owed)
    if not rows or failing or unprotected or any(one.stops for one in findings):
        return Standing.NOT_READY
    whole = all(row.status is ResourceStatus.HEALTHY for row in rows)
    return Standing.READY if whole and not owed and not findings else Standing.AT_RISK


def sentence(rows: Sequence[StandbyView]) -> str:
    """How many stand by, and how far the one that is furthest behind is."""
    if not rows:
        return "no resource stands by"
    sound = sum(row.status is ResourceStatus.HEALTHY for row in rows)
    words = [f"{sound} of {len(rows)} resources stand by"]
    measured = [(row.lag_seconds, row.key) for row in rows if row.lag_seconds is not None]
    if measured:
        worst, key = max(measured)
        late = sum(
            row.lag_seconds > row.lag_limit_seconds
            for row in rows
            if row.lag_seconds is not None and row.lag_limit_seconds is not None
        )
        words.append(f"the furthest behind is {key} by {span(worst)}")
        words.append(f"{late} over their limit" if late else "none over its limit")
    unknown = sum(row.lag_limit_seconds is not None and row.lag_seconds is None for row in rows)
    if unknown:
        words.append(f"of {unknown} AWS has no figure")
    return "; ".join(words)


def owed(catalog: Catalog, *, sandbox: bool = False) -> tuple[Owed, ...]:
    """What has to follow what was done, oldest debt first. ``sandbox``: for its commands."""
    if not catalog.sites:
        return ()
    scope = f"-c {catalog.scope.customer} -e {catalog.scope.environment}"
    scope += " --sandbox" if sandbox else ""
    rows = [
        Owed(
            phase=Phase.ACTIVATE,
            region=region,
            why="it was activated in an emergency, by actions alone: its stacks are behind",
            command=f"drstate up --phase activate {scope}",
        )
        for region in catalog.unreconciled
        if region == catalog.serving
    ]
    other = catalog.target(Phase.REPLICATE)
    state = catalog.sites[other]
    if state is SiteState.SUPERSEDED:
        rows.append(
            Owed(
                phase=Phase.CLEANUP,
                region=other,
                why="it served before, and nothing of it was cleaned up",
                command=f"drstate up --phase cleanup {scope}",
            )
        )
    for region, keys in sorted(catalog.uncleaned.items()):
        if state is not SiteState.SUPERSEDED or region != other:
            rows.append(
                Owed(
                    phase=Phase.CLEANUP,
                    region=region,
                    why=f"it could not be cleaned up: {', '.join(keys)}",
                    command=f"drstate up --phase cleanup {scope}",
                )
            )
    rows += [
        Owed(
            phase=Phase.CLEANUP,
            region=drill.region,
            why=f"drill {drill.id} of {drill.since:%Y-%m-%d %H:%M} UTC is not cleaned up, and what "
            "it made costs",
            command=f"drstate test --cleanup {scope}",
        )
        for drill in catalog.drills
    ]
    if state in (SiteState.SUPERSEDED, SiteState.RETIRED, SiteState.ABSENT):
        rows.append(
            Owed(
                phase=Phase.REPLICATE,
                region=other,
                why=f"nothing stands by there: {catalog.serving} has no protection",
                command=f"drstate up --phase replicate {scope}",
            )
        )
    return tuple(rows)
