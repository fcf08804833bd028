"""What a start would be refused for now, as text. A plan stays right meanwhile: it is no error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drstate_cli.render.words import remedy

if TYPE_CHECKING:
    from drstate.report.preview import Hindrances


def text(found: Hindrances) -> str:
    """Lines to stand under a plan, each part with what helps; empty where nothing is in the way."""
    lines = [f"warning: {notice}" for notice in found.notices]
    for row in found.refusals:
        lines += [*([""] if lines else []), f"NOT NOW: {row.what}", *remedy(row.why, row.hint)]
    return "\n".join(["", "", *lines]) if lines else ""


def document(found: Hindrances) -> dict[str, Any]:
    """The same for programs: ``{"not_now": […], "notices": […]}``."""
    return {
        "not_now": [row.model_dump(mode="json") for row in found.refusals],
        "notices": list(found.notices),
    }
