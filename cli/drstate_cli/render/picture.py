"""One frame of the moving display. Never taller than the screen: what runs is what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.words import bare, duration

if TYPE_CHECKING:
    from rich.console import RenderableType

    from drstate.report.view import ExecutionView, ResourceView, StageView

_STYLE = {
    "done": "green",
    "running": "cyan",
    "failed": "bold red",
    "waiting": "yellow",
    "unknown": "yellow",
    "skipped": "yellow",
    "pending": "dim",
}
#: lines that are neither stages, resources nor the tail: the head and two empty ones
_FRAME = 3
_FEWEST = 3


def picture(view: ExecutionView, lines: list[str], height: int) -> RenderableType:
    """The stages, the resources of those at work, and the last lines of the journal.

    ``height``: rows of the screen.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    left = (
        f", about {duration(round(view.eta_seconds))} left" if view.eta_seconds is not None else ""
    )
    head = Text(
        f"{view.scope}  {view.status}  {view.percent}%  {duration(view.duration_seconds)}{left}"
        + ("  SANDBOX" if view.sandbox else ""),
        style="bold",
    )
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    room = max(_FEWEST, height - _FRAME - len(view.stages) - len(lines))
    for stage in view.stages:
        style = _STYLE.get(str(stage.state), "")
        grid.add_row(
            Text(stage.id, style=style),
            Text(str(stage.health or stage.state), style=style),
            Text(duration(stage.seconds)),
            Text(""),
        )
        shown = _worth_showing(stage)
        for resource in shown[:room]:
            grid.add_row(
                Text(f"  {bare(resource.key)}", overflow="ellipsis", no_wrap=True),
                Text(
                    str(resource.status or resource.state),
                    style=_STYLE.get(str(resource.state), ""),
                ),
                Text(duration(resource.recovered_seconds)),
                Text(resource.detail or "", overflow="ellipsis", no_wrap=True),
            )
        if len(shown) > room:
            grid.add_row(Text(f"  and {len(shown) - room} more", style="dim"), "", "", "")
        room = max(0, room - len(shown))
    tail = Text("\n".join(lines), style="dim", no_wrap=True, overflow="ellipsis")
    return Group(head, grid, Text(""), tail)


def _worth_showing(stage: StageView) -> list[ResourceView]:
    """Resources of a stage at work, those still open first; of a finished one only its failures."""
    if str(stage.state) == "pending":
        return []
    if str(stage.state) == "done":
        return [one for one in stage.resources if str(one.state) == "failed"]
    return sorted(stage.resources, key=lambda one: str(one.state) == "done")
