"""Limits and what is used of them, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model.capacity import Level, Source
from drstate_cli.render.words import duration, many, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drstate.model.capacity import CapacityReport, Figure, Need

#: of an account's limit, so many regions are named
_TOP = 3
#: so many places that have a reason in common are named
_NAMED = 12


def text(report: CapacityReport) -> str:
    """One line a figure, the nearest to its limit first; then what is not known, and why."""
    accounts = {one.account for one in report.figures}
    counts = {level: sum(one.level is level for one in report.figures) for level in Level}
    said = [f"{count} {level}" for level, count in counts.items() if count]
    unknown = sum(one.level is None for one in report.figures)
    said += [f"{unknown} not known"] if unknown else []
    took = duration(report.duration_ms / 1000)
    lines = [f"{many(len(accounts), 'account')}: {', '.join(said) or 'no figures'} ({took})"]
    shown = [one for one in report.figures if one.used or one.level not in (None, Level.OK)]
    if shown:
        rows = [("LEVEL", "USED", "LIMIT", "LEFT", "", "WHAT", "ACCOUNT", "WHERE")]
        lines += ["", *table([*rows, *(_row(one) for one in shown)])]
    idle = len(report.figures) - len(shown) - unknown
    if idle:
        lines += ["", f"and {many(idle, 'more limit')} of which nothing is used (-o json has them)"]
    lines += _spread(shown)
    lines += _notes(report.figures)
    if any(one.cached for one in report.figures):
        oldest = min(one.asked_at for one in report.figures if one.cached)
        lines += ["", f"in part as asked at {oldest:%H:%M:%S} UTC; --refresh asks again"]
    return "\n".join(lines)


def taken(needs: Sequence[Need]) -> list[str]:
    """Of what a plan takes: what is near a quota without being a warning, or else the nearest."""
    added = [need for need in needs if need.adds and need.level is not None]
    informed = [need for need in added if need.level is Level.INFO]
    if informed:
        return [f"capacity INFO: {need.told}" for need in informed]
    if not added or added[0].level is not Level.OK:
        return []
    return [f"capacity: {many(len(added), 'quota')} asked, all OK; the nearest: {added[0].told}"]


def alerts(report: CapacityReport, level: Level | None) -> list[str]:
    """One line for each figure from that level on, with what raises the limit."""
    if level is None:
        return []
    found = []
    for one in report.figures:
        if one.level is None or one.level.rank < level.rank or one.used is None:
            continue
        at_least = "" if one.complete else "at least "
        asked = next((row.region for row in one.regions if row.used is not None), "us-east-1")
        found.append(
            f"{one.level}: {at_least}{one.used} of {one.limit} {one.what} are used in {one.place}, "
            f"account {one.account} ({one.account_name}); {one.increase(_more(one), asked)}"
        )
    return found


def _more(figure: Figure) -> int:
    """A limit at which what is used now would be half."""
    return max(2 * (figure.used or 0), figure.limit + 1)


def _row(one: Figure) -> tuple[str, ...]:
    level = "unknown" if one.level is None else str(one.level)
    used = "?" if one.used is None else f"{one.used}{'' if one.complete else '+'}"
    share = "" if one.percent is None else f"{one.percent:g} %"
    limit = f"{one.limit}{'' if one.source is Source.LIVE else '*'}"
    left = "" if one.available is None else str(one.available)
    return (level, used, limit, left, share, one.what, one.account, one.place)


def _spread(figures: Iterable[Figure]) -> list[str]:
    """Of limits over all regions: where most of it is used."""
    lines: list[str] = []
    for one in figures:
        busy = [row for row in one.regions if row.used]
        if not busy:
            continue
        top = ", ".join(f"{row.region} {row.used}" for row in busy[:_TOP])
        rest = f" and {many(len(busy) - _TOP, 'more region')}" if len(busy) > _TOP else ""
        asked = many(sum(row.used is not None for row in one.regions), "region")
        lines.append(f"{one.what}, account {one.account}: {top}{rest}; {asked} asked")
    return ["", *lines] if lines else []


def _notes(figures: Iterable[Figure]) -> list[str]:
    """What is not known and which limits are assumed, by reason, each reason once."""
    unknown: dict[str, list[str]] = {}
    assumed: dict[str, list[str]] = {}
    for one in figures:
        where = f"account {one.account}"
        if one.used is None:
            unknown.setdefault(one.why, []).append(f"{one.what}, {where}, {one.place}")
            continue
        for row in one.unknown:
            unknown.setdefault(row.why, []).append(f"{one.what}, {where}, {row.region}")
        if one.source is Source.DEFAULT and one.limit_why:
            assumed.setdefault(one.limit_why, []).append(f"{one.what}, {where}, {one.place}")
        elif one.source is Source.DEFAULT:
            assumed.setdefault("AWS has no quota code for it", []).append(one.what)
    lines: list[str] = []
    for title, reasons in (("not known", unknown), ("* a default", assumed)):
        for why, all_names in reasons.items():
            names = list(dict.fromkeys(all_names))
            more = [f"  and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
            lines += ["", f"{title}: {why}", *(f"  {name}" for name in names[:_NAMED]), *more]
    return lines
