"""Reviews of scopes as text: each preview, and what a recovery would take after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.plan import preview_text
from drstate_cli.render.words import bare, duration, many, remedy

if TYPE_CHECKING:
    from drstate.report.review import Review


def review_line(one: Review) -> str:
    """``acme/staging: 3 changes``."""
    return f"{one.scope}: {_result(one)}"


def review_text(one: Review) -> str:
    """The preview, the predicted recovery time, and whether the scope is ready as it is."""
    phases = " + ".join(one.phases)
    because = f"  ({one.phases_why})" if one.phases_why else ""
    title = f"{one.scope}  {phases}{because}".rstrip()
    if one.preview is None:
        lines = [title, _result(one)]
        if one.error is not None:
            lines += remedy(one.error.why, one.error.hint)
        return "\n".join(lines)
    lines = [preview_text(one.preview, one.preview.plan, title), "", *_recovery(one)]
    if one.readiness is not None:
        lines.append(f"readiness as it is now: {one.readiness.said}")
    elif one.readiness_why:
        lines.append(f"readiness is not known: {one.readiness_why}")
    lines += [f"warning: {notice}" for notice in one.notices]
    for row in one.not_now:
        lines += [f"NOT NOW: {row.what}", *remedy(row.why, row.hint)]
    return "\n".join(lines)


def _result(one: Review) -> str:
    if one.gone:
        return "its file is gone, and nothing of it is protected"
    if one.preview is None:
        return f"cannot be previewed: {one.error.what}" if one.error else "cannot be previewed"
    told = "no changes" if one.preview.empty else many(one.preview.changes, "change")
    if one.preview.refusals:
        told += f", {len(one.preview.refusals)} refused"
    if one.preview.errors:
        told += f", {many(len(one.preview.errors), 'part')} could not be previewed"
    return told


def _recovery(one: Review) -> list[str]:
    time = one.recovery.time
    if time is None:
        return [f"predicted recovery time: none: {one.recovery.why}"]
    told = f"predicted recovery time: {duration(time.seconds)}"
    before = one.base_recovery.time
    if one.base and before is None:
        told += f"; on {one.base} it cannot be planned: {one.base_recovery.why}"
    elif before is not None and before.seconds == time.seconds:
        told += f", as on {one.base}"
    elif before is not None:
        more = time.seconds - before.seconds
        word = "longer" if more > 0 else "shorter"
        told += f", {duration(abs(more))} {word} than on {one.base}"
    chain = [
        f"{step.stage} ({bare(step.slowest)})" if step.slowest else step.stage
        for step in time.critical_path
    ]
    return [told, f"  longest chain: {' > '.join(chain)}"]
