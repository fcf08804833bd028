"""The report of an execution: what happened, how long it took against its targets, and the proof.

``drstate.report/1``. A fold over the events, with the priorities that the catalog knows. What an
action measured (a recovery point, data that was lost, snapshots that were kept) is told as it was
journaled; nothing is estimated here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from drstate.model import events as e
from drstate.model.base import Value
from drstate.model.events import Event
from drstate.model.rehearsed import Verification
from drstate.report.compliance import RecoveryRow, Targets, by_priority, measures, rows_by
from drstate.report.status import view_of
from drstate.report.timeline import TimelineEntry, timeline
from drstate.report.view import ExecutionView

__all__ = ["RecoveryRow", "Report", "ResultView", "Targets", "report_of", "worst_points"]


class ResultView(Value):
    """What one action told in the end."""

    stage: str
    resource: str
    title: str
    result: dict[str, Any]
    #: seconds of writes that were lost, as measured; None: it tells none
    achieved_rpo_seconds: float | None = None
    rpo_minutes: int | None = None
    #: in the words of the technology
    data_loss: str = ""


class Report(Value):
    """All of it."""

    schema_: str = Field(default="drstate.report/1", alias="schema")
    view: ExecutionView
    waves: tuple[RecoveryRow, ...] = ()
    priorities: tuple[RecoveryRow, ...] = ()
    accounts: tuple[RecoveryRow, ...] = ()
    results: tuple[ResultView, ...] = ()
    #: seconds in which it waited for people
    waited_seconds: float = 0.0
    timeline: tuple[TimelineEntry, ...] = ()
    #: events whose hash chain was verified; None: it was not
    verified_events: int | None = None
    #: sha256 over the events in order: the same story has the same digest
    digest: str = ""
    #: whether the plan was VERIFIED when it started; None: it was not told then
    verification: Verification | None = None


def report_of(
    story: Sequence[Event],
    now: datetime,
    *,
    targets: Mapping[str, Targets] | None = None,
    verified: int | None = None,
) -> Report:
    """The report after the events. Raises JournalError where there are none."""
    view = view_of(story, now)
    known = targets or {}
    results = tuple(_results(story, known))
    found = measures(view, worst_points(results), known)
    return Report(
        view=view,
        waves=rows_by(found, lambda one: one.stage, _in_order(view)),
        priorities=rows_by(found, lambda one: one.priority, by_priority) if known else (),
        accounts=rows_by(found, lambda one: one.account, str),
        results=results,
        waited_seconds=sum(
            row.seconds if row.seconds is not None else (now - row.begun_at).total_seconds()
            for row in view.pauses
        ),
        timeline=tuple(timeline(story)),
        verified_events=verified,
        digest=_digest(story),
        verification=_verification(story),
    )


def _verification(story: Iterable[Event]) -> Verification | None:
    """As it was told with the plan, which may have come later than the first event."""
    told = [
        event.payload.verification
        for event in story
        if isinstance(event.payload, e.ExecutionCreated | e.ExecutionPlanned)
    ]
    return next((one for one in reversed(told) if one is not None), None)


def _in_order(view: ExecutionView) -> Callable[[str], int]:
    order = {stage.id: at for at, stage in enumerate(view.stages)}
    return lambda stage: order[stage]


def worst_points(results: Iterable[ResultView]) -> dict[str, float]:
    """Seconds of writes that were lost, by resource: the worst that any of its actions told."""
    found: dict[str, float] = {}
    for one in results:
        if one.achieved_rpo_seconds is not None:
            known = found.get(one.resource, 0.0)
            found[one.resource] = max(known, one.achieved_rpo_seconds)
    return found


def _results(story: Iterable[Event], targets: Mapping[str, Targets]) -> Iterable[ResultView]:
    titles: dict[tuple[str, str], str] = {}
    found: dict[tuple[str, str], ResultView] = {}
    for event in story:
        match event.payload:
            case e.ActionIntended(stage=stage, action=action, title=title):
                titles[stage, action] = title
            case e.ActionFinished(stage=stage, action=action, resource=resource, result=result) if (
                result
            ):
                point = result.get("achieved_rpo_seconds")
                promised = targets.get(resource)
                found[stage, action] = ResultView(
                    stage=stage,
                    resource=resource,
                    title=titles.get((stage, action), action.rpartition("#")[2]),
                    result=result,
                    achieved_rpo_seconds=float(point) if isinstance(point, int | float) else None,
                    rpo_minutes=promised.rpo_minutes if promised else None,
                    data_loss=str(result.get("data_loss") or ""),
                )
            case _:
                pass
    return found.values()


def _digest(story: Iterable[Event]) -> str:
    found = hashlib.sha256()
    for event in story:
        line = f"{event.seq} {event.at.isoformat()} {event.payload.model_dump_json()}\n"
        found.update(line.encode())
    return found.hexdigest()
