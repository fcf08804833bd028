"""Progress while an execution runs: a moving display on a terminal, else one line an event.

A fold over the same events that the journal keeps: what is shown is what is recorded.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drstate_cli.options import Common, Output
from drstate_cli.payload import console, emit_line, live, say
from drstate_cli.render.words import bare, duration

if TYPE_CHECKING:
    from rich.console import RenderableType

    from drstate.model.events import Event
    from drstate.report.view import ExecutionView

#: redraws a second; the clock of the display moves even when no event comes
REFRESH_PER_SECOND = 4
LAST_LINES = 8


@contextlib.contextmanager
def following(common: Common) -> Iterator[Callable[[Event], None]]:
    """Give a callback for events; what it shows depends on who reads."""
    if common.output is Output.NDJSON:
        yield lambda event: emit_line(event.model_dump(mode="json"))
    elif live(common):
        with _moving(common) as on_event:
            yield on_event
    else:
        yield _line


def _line(event: Event) -> None:
    from drstate.report.timeline import describe

    told = describe(event.payload)
    if told is not None:
        level, text = told
        mark = "" if level == "info" else f"{level.upper()}: "
        say(f"{event.at:%H:%M:%S}  {mark}{text}")


@contextlib.contextmanager
def _moving(common: Common) -> Iterator[Callable[[Event], None]]:
    from rich.live import Live

    from drstate.report.status import StatusFold
    from drstate.report.timeline import describe

    fold = StatusFold()
    lines: list[str] = []
    lock = threading.Lock()
    begun = False

    def draw() -> RenderableType:
        with lock:
            return _picture(fold.view(datetime.now(UTC)), lines) if begun else ""

    def on_event(event: Event) -> None:
        nonlocal begun
        told = describe(event.payload)
        with lock:
            fold.feed(event)
            begun = True
            if told is not None:
                lines.append(f"{event.at:%H:%M:%S}  {told[1]}")
                del lines[:-LAST_LINES]

    with Live(
        get_renderable=draw,
        console=console(common),
        refresh_per_second=REFRESH_PER_SECOND,
        transient=True,
    ):
        yield on_event


_STYLE = {
    "done": "green",
    "running": "cyan",
    "failed": "bold red",
    "waiting": "yellow",
    "unknown": "yellow",
    "skipped": "yellow",
    "pending": "dim",
}


def _picture(view: ExecutionView, lines: list[str]) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    left = f", about {duration(view.eta_seconds)} left" if view.eta_seconds is not None else ""
    head = Text(
        f"{view.scope}  {view.status}  {view.percent}%  {duration(view.duration_seconds)}{left}",
        style="bold",
    )
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for stage in view.stages:
        style = _STYLE.get(str(stage.state), "")
        grid.add_row(
            Text(stage.id, style=style),
            Text(str(stage.health or stage.state), style=style),
            Text(duration(stage.seconds)),
            Text(""),
        )
        if str(stage.state) == "pending":
            continue
        for resource in stage.resources:
            mark = str(resource.status or resource.state)
            grid.add_row(
                Text(f"  {bare(resource.key)}"),
                Text(mark, style=_STYLE.get(str(resource.state), "")),
                Text(duration(resource.recovered_seconds)),
                Text(resource.detail or "", overflow="ellipsis", no_wrap=True),
            )
    tail = Text("\n".join(lines), style="dim", no_wrap=True, overflow="ellipsis")
    return Group(head, grid, Text(""), tail)
