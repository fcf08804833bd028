"""A rehearsal as text and as a document: what was struck, what differed, what that says."""

from __future__ import annotations

from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING, Any

from drstate_cli.options import Common
from drstate_cli.payload import painted, say
from drstate_cli.render.verification import verification_lines
from drstate_cli.render.words import duration, many, remedy, table

if TYPE_CHECKING:
    from drstate.model.rehearsed import StrokeFailure, Verification
    from drstate.rehearsal.rehearsing import Rehearsal, Tell, Told
    from drstate.rehearsal.struck import Struck

#: with more strokes than this, those that end as they should are told in steps
_EACH = 20
_STEP_SECONDS = 10.0
#: lines of what differs that people are shown of each failure; documents have more
_SHOWN = 6


def telling(common: Common) -> Tell:
    """Tells people on stderr how far it is: n of m, kind, time left."""
    last = [0.0]

    def tell(told: Told) -> None:
        if told.struck is None:
            say(_course(told))
            return
        one = told.struck
        bad = bool(one.differs)
        now = monotonic()
        if not bad and told.of > _EACH and told.done != told.of and now - last[0] < _STEP_SECONDS:
            return
        last[0] = now
        end = "ENDED OTHERWISE" if bad else "the same end" if one.took_place else "met nothing"
        left = f", about {duration(told.seconds_left)} left" if told.seconds_left else ""
        line = f"{told.done} of {told.of}  {one.stroke}  {one.met}  {end}{left}"
        say(painted(common, "error", line) if bad else line)

    return tell


def _course(told: Told) -> str:
    course = told.course
    parts = (
        many(len(course.calls), "call"),
        many(course.commands, "engine command"),
        many(len(course.events), "event"),
    )
    now = told.of - told.done
    strokes = f"{many(now, 'stroke')} of {len(course.every()):,}" if now else "no stroke"
    return f"undisturbed it is COMPLETED: {', '.join(parts)}; {strokes} now"


def text(found: Rehearsal, verdict: Verification) -> str:
    """The whole: a line for each kind, each failure with its command, the verdict."""
    record, plan = found.record, found.plan
    phases = " + ".join(plan["phases"])
    head = f"{record.scope}  {phases}   ({plan['serving']} serves, {plan['recovery']} recovers)"
    lines = [head, _tally(found), *_kinds(found)]
    for failure in record.failures:
        lines += ["", *_failure(failure)]
    hidden = record.failed - len(record.failures)
    if hidden > 0:
        lines.append(f"and {hidden} more")
    if record.undisturbed:
        lines += ["", f"UNDISTURBED, it ended otherwise: {record.undisturbed}"]
    lines += [f"note: {note}" for note in record.notes]
    if found.go_on:
        left = many(found.left, "stroke")
        lines += ["", f"{left} to go; those that were done are kept"]
        if found.go_on != verdict.mend:
            lines += remedy("", found.go_on)
    elif record.shard:
        lines += ["", f"kept in {found.file}"]
    return "\n".join([*lines, "", *verification_lines(verdict)])


def _tally(found: Rehearsal) -> str:
    record = found.record
    took = duration(record.seconds)
    if record.undisturbed:
        return f"not struck at all, in {took}"
    told = f"{record.strokes:,} of {record.of:,} strokes in {took}"
    if record.missed:
        told += f", {record.missed:,} met nothing"
    if record.seed:
        told += f", sample {record.seed}"
    return told + (f"; {record.stopped}" if record.stopped else "")


def _kinds(found: Rehearsal) -> list[str]:
    if found.course is None or not found.struck:
        return []
    struck = Counter(one.stroke.kind for one in found.struck if one.took_place)
    bad = Counter(one.stroke.kind for one in found.struck if one.differs)
    rows = [
        (
            kind,
            f"{struck[kind]:,} of {found.there.get(kind, 0):,}",
            f"{bad[kind]:,} ENDED OTHERWISE" if bad[kind] else "the same end",
        )
        for kind in dict.fromkeys(one.stroke.kind for one in found.struck)
    ]
    return ["", *table(rows, indent="  ")]


def _failure(one: StrokeFailure) -> list[str]:
    lines = [f"DIFFERS after {one.kind} {one.number}" + (f", {one.met}" if one.met else "")]
    lines += [f"  {line}" for line in one.differs[:_SHOWN]]
    more = len(one.differs) - _SHOWN
    lines += [f"  and {many(more, 'line')} more with -o json"] if more > 0 else []
    words = [line for line in one.said.splitlines() if line.strip()]
    lines += [f"  said: {line}" for line in words[-_SHOWN:]]
    return [*lines, *remedy("", one.command)]


def stroke_document(one: Struck) -> dict[str, Any]:
    """One stroke, for programs."""
    return {
        "kind": one.stroke.kind,
        "number": one.stroke.number,
        "met": one.met,
        "took_place": one.took_place,
        "differs": list(one.differs),
    }


def document(found: Rehearsal, verdict: Verification) -> dict[str, Any]:
    """The whole, for programs."""
    record = found.record.model_dump(mode="json", exclude={"fingerprint"})
    course = found.course
    return {
        **record,
        "plan": {name: found.plan[name] for name in ("phases", "serving", "recovery")},
        "verification": verdict.model_dump(mode="json"),
        "interrupted": found.interrupted,
        "left": found.left,
        "go_on": found.go_on,
        "results": str(found.file)
        if found.file is not None and (found.left or record["shard"])
        else "",
        # by number, from 1: what --call names
        "calls": list(course.calls) if course else [],
        "engine_commands": course.commands if course else 0,
        "events": list(course.events) if course else [],
    }
