"""The report of an execution: what happened, how long it took against its targets, and the proof.

``drstate.report/1``. A fold over the events, with the priorities that the catalog knows. What an
action measured (a recovery point, data that was lost, snapshots that were kept) is told as it was
journaled; nothing is estimated here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from drstate.model import events as e
from drstate.model.base import Value
from drstate.model.events import Event
from drstate.model.phases import Phase
from drstate.model.rehearsed import Verification
from drstate.report.status import view_of
from drstate.report.timeline import TimelineEntry, timeline
from drstate.report.view import ExecutionView, ResourceView


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


class RecoveryRow(Value):
    """How long a group of resources took to recover, from the start of the execution."""

    #: ``activate.w1``; ``critical``
    name: str
    resources: int
    recovered: int
    #: until the last of them was healthy; None where one never was
    seconds: float | None
    #: the strictest target among them
    target_minutes: int | None
    #: None: there is no target, or they have not all recovered
    met: bool | None


class Report(Value):
    """All of it."""

    schema_: str = Field(default="drstate.report/1", alias="schema")
    view: ExecutionView
    waves: tuple[RecoveryRow, ...] = ()
    priorities: tuple[RecoveryRow, ...] = ()
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


class Targets(Value):
    """What was promised for one resource, as the catalog knows it."""

    priority: str
    rpo_minutes: int | None = None


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
    active = [stage for stage in view.stages if stage.phase is Phase.ACTIVATE]
    rows = [row for stage in active for row in stage.resources if row.no_op is None]
    names = list(dict.fromkeys(found.priority for found in known.values()))
    by_priority = {
        name: [row for row in rows if row.key in known and known[row.key].priority == name]
        for name in sorted(names, key=_rank)
    }
    return Report(
        view=view,
        waves=tuple(
            _row(stage.id, [row for row in stage.resources if row.no_op is None])
            for stage in active
        ),
        priorities=tuple(_row(name, found) for name, found in by_priority.items() if found),
        results=tuple(_results(story, known)),
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


_PRIORITIES = ("critical", "high", "medium", "low")


def _rank(name: str) -> int:
    return _PRIORITIES.index(name) if name in _PRIORITIES else len(_PRIORITIES)


def _row(name: str, rows: Sequence[ResourceView]) -> RecoveryRow:
    times = [row.recovered_seconds for row in rows]
    known = [time for time in times if time is not None]
    targets = [row.rto_minutes for row in rows if row.rto_minutes is not None]
    whole = bool(rows) and len(known) == len(rows)
    seconds = max(known) if whole else None
    judged = [row.rto_met for row in rows if row.rto_met is not None]
    return RecoveryRow(
        name=name,
        resources=len(rows),
        recovered=len(known),
        seconds=seconds,
        target_minutes=min(targets, default=None),
        met=all(judged) if judged and whole else None,
    )


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
