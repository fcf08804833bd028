"""Recovery times and points against what was promised: of one execution, and of many.

What nothing was promised for is held to the defaults, and is marked: a table that leaves it out
would look better the less was promised. A time is judged once the resource has recovered, or once
its execution has ended without it; a point only where an action has measured one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Operation, Phase
from drstate.model.scope import ScopeKey
from drstate.report.view import ExecutionView, Progress

#: what is held to be promised where no tag and no scope file says anything
DEFAULT_RTO_MINUTES = 240
DEFAULT_RPO_MINUTES = 30
_PRIORITIES = ("critical", "high", "medium", "low")
_OVER = (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED)


class Targets(Value):
    """What was promised for one resource, as the catalog knows it."""

    priority: str
    rto_minutes: int | None = None
    rpo_minutes: int | None = None


class Measure(Value):
    """One resource's recovery in one execution."""

    resource: str
    account: str
    #: ``activate.w1``
    stage: str
    wave: int
    priority: str
    #: from the start of the execution until it was healthy; None: it never was
    seconds: float | None
    rto_minutes: int
    #: nothing was promised: it is the default
    rto_default: bool
    #: None: it may still recover
    rto_met: bool | None
    #: of writes that were lost, as measured; None: nothing measures it
    point_seconds: float | None
    rpo_minutes: int
    rpo_default: bool
    rpo_met: bool | None


class RecoveryRow(Value):
    """How long a group of resources took to recover, from the start of the execution."""

    #: ``activate.w1``; ``critical``; an account's id
    name: str
    resources: int
    recovered: int
    #: until the last of them was healthy; None where one never was
    seconds: float | None
    #: the strictest target among them
    target_minutes: int | None
    #: whether each is within its own target; None: some may still recover
    met: bool | None
    #: nothing was promised for any of them
    default_target: bool = False
    #: the worst of the recovery points that were measured; None: none was
    point_seconds: float | None = None
    point_target_minutes: int | None = None
    point_met: bool | None = None
    default_point: bool = False


class ComplianceRow(Value):
    """A group of recoveries over several executions."""

    #: ``w1``; ``critical``; an account's id; ``all``
    name: str
    executions: int
    #: recoveries of a resource that were judged
    recoveries: int
    rto_met: int
    #: 0 to 1; None: none was judged
    rto_share: float | None
    worst_seconds: float | None
    points: int
    rpo_met: int
    rpo_share: float | None
    worst_point_seconds: float | None
    #: recoveries that were held to a default, for want of a promise
    defaults: int


class ExecutionLine(Value):
    """One execution, as a whole."""

    execution: str
    scope: ScopeKey
    operation: Operation
    phases: tuple[Phase, ...] = ()
    status: ExecutionStatus
    started_at: datetime
    drill: bool
    recovery: RecoveryRow


class Compliance(Value):
    """Past recoveries against what was promised."""

    schema_: str = Field(default="drstate.compliance/1", alias="schema")
    #: executions that activated something and have ended, newest first
    executions: tuple[ExecutionLine, ...] = ()
    #: part of these that completed, 0 to 1; None: there are none
    success_rate: float | None = None
    total: ComplianceRow | None = None
    waves: tuple[ComplianceRow, ...] = ()
    priorities: tuple[ComplianceRow, ...] = ()
    accounts: tuple[ComplianceRow, ...] = ()
    default_rto_minutes: int = DEFAULT_RTO_MINUTES
    default_rpo_minutes: int = DEFAULT_RPO_MINUTES
    #: executions that could not be read, each with the reason: nothing is left out in silence
    unread: tuple[str, ...] = ()


def promised(catalog: Catalog | None) -> dict[str, Targets]:
    """Resource -> what was promised for it, by its own tags or by its scope."""
    tags = {row.key: row.resource.tags for row in (catalog.entries if catalog else ())}
    return {
        key: Targets(
            priority=str(found.priority),
            rto_minutes=found.rto_minutes,
            rpo_minutes=found.rpo_minutes,
        )
        for key, found in tags.items()
    }


def measures(
    view: ExecutionView, points: Mapping[str, float], targets: Mapping[str, Targets]
) -> tuple[Measure, ...]:
    """Every resource that the execution was to recover. ``points``: seconds lost, by resource."""
    over = view.status in _OVER
    return tuple(
        _measure(row.key, row.account, stage.id, stage.wave, row.recovered_seconds,
                 row.rto_minutes, over, points.get(row.key), targets.get(row.key))
        for stage in view.stages
        if stage.phase is Phase.ACTIVATE and not (stage.when and stage.state is Progress.SKIPPED)
        for row in stage.resources
        if row.no_op is None
    )  # fmt: skip


def _measure(
    key: str,
    account: str,
    stage: str,
    wave: int,
    seconds: float | None,
    promised: int | None,
    over: bool,
    point: float | None,
    known: Targets | None,
) -> Measure:
    # the event holds what was promised then; the catalog, what is now
    rto = promised or (known.rto_minutes if known else None)
    rpo = known.rpo_minutes if known else None
    minutes, limit = rto or DEFAULT_RTO_MINUTES, rpo or DEFAULT_RPO_MINUTES
    met = seconds <= minutes * 60 if seconds is not None else (False if over else None)
    return Measure(
        resource=key,
        account=account,
        stage=stage,
        wave=wave,
        priority=known.priority if known else "not known",
        seconds=seconds,
        rto_minutes=minutes,
        rto_default=rto is None,
        rto_met=met,
        point_seconds=point,
        rpo_minutes=limit,
        rpo_default=rpo is None,
        rpo_met=None if point is None else point <= limit * 60,
    )


def rows_by(
    found: Iterable[Measure], name: Callable[[Measure], str], order: Callable[[str], object]
) -> tuple[RecoveryRow, ...]:
    """One row for each name, in that order."""
    groups: dict[str, list[Measure]] = defaultdict(list)
    for one in found:
        groups[name(one)].append(one)
    return tuple(row(key, groups[key]) for key in sorted(groups, key=order))  # type: ignore[arg-type]


def by_priority(name: str) -> tuple[int, str]:
    """The most urgent first; what is not known last."""
    return (_PRIORITIES.index(name) if name in _PRIORITIES else len(_PRIORITIES), name)


def row(name: str, found: Sequence[Measure]) -> RecoveryRow:
    """The group as one line."""
    times = [one.seconds for one in found if one.seconds is not None]
    whole = bool(found) and len(times) == len(found)
    judged = [one.rto_met for one in found]
    measured = [one for one in found if one.point_seconds is not None]
    points = [one.point_seconds for one in measured if one.point_seconds is not None]
    return RecoveryRow(
        name=name,
        resources=len(found),
        recovered=len(times),
        seconds=max(times) if whole else None,
        target_minutes=min((one.rto_minutes for one in found), default=None),
        met=None if not judged or None in judged else all(judged),
        default_target=bool(found) and all(one.rto_default for one in found),
        point_seconds=max(points, default=None),
        point_target_minutes=min((one.rpo_minutes for one in measured), default=None),
        point_met=all(one.rpo_met for one in measured) if measured else None,
        default_point=bool(measured) and all(one.rpo_default for one in measured),
    )


def compliance(
    executions: Iterable[tuple[ExecutionLine, Sequence[Measure]]], unread: Sequence[str] = ()
) -> Compliance:
    """All of them together."""
    pairs = list(executions)
    lines = [line for line, _ in pairs]
    flat = [(line.execution, one) for line, found in pairs for one in found]
    good = sum(line.status is ExecutionStatus.COMPLETED for line in lines)

    def grouped(
        name: Callable[[Measure], str], order: Callable[[str], object]
    ) -> tuple[ComplianceRow, ...]:
        groups: dict[str, list[tuple[str, Measure]]] = defaultdict(list)
        for execution, one in flat:
            groups[name(one)].append((execution, one))
        return tuple(_together(key, groups[key]) for key in sorted(groups, key=order))  # type: ignore[arg-type]

    return Compliance(
        executions=tuple(lines),
        success_rate=good / len(lines) if lines else None,
        total=_together("all", flat) if flat else None,
        waves=grouped(lambda one: f"w{one.wave}", lambda text: int(text[1:])),
        priorities=grouped(lambda one: one.priority, by_priority),
        accounts=grouped(lambda one: one.account, str),
        unread=tuple(unread),
    )


def _together(name: str, found: Sequence[tuple[str, Measure]]) -> ComplianceRow:
    judged = [one for _, one in found if one.rto_met is not None]
    measured = [one for _, one in found if one.rpo_met is not None]
    met = sum(bool(one.rto_met) for one in judged)
    kept = sum(bool(one.rpo_met) for one in measured)
    return ComplianceRow(
        name=name,
        executions=len({execution for execution, _ in found}),
        recoveries=len(judged),
        rto_met=met,
        rto_share=met / len(judged) if judged else None,
        worst_seconds=max((one.seconds for one in judged if one.seconds is not None), default=None),
        points=len(measured),
        rpo_met=kept,
        rpo_share=kept / len(measured) if measured else None,
        worst_point_seconds=max(
            (one.point_seconds for one in measured if one.point_seconds is not None), default=None
        ),
        defaults=sum(one.rto_default for one in judged),
    )
