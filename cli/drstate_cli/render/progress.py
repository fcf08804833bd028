"""Progress while an execution runs: a moving display on a terminal, else one line an event.

A fold over the same events that the journal keeps: what is shown is what is recorded.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drstate_cli.options import Common, Output
from drstate_cli.payload import console, emit_line, live, painted, say
from drstate_cli.render.picture import picture

if TYPE_CHECKING:
    from rich.console import RenderableType

    from drstate.model.events import Event

#: redraws a second; the clock of the display moves even when no event comes
REFRESH_PER_SECOND = 4
LAST_LINES = 8


@dataclass(frozen=True)
class Follower:
    """Shows events as they come. ``paused`` holds the display still while a person is asked."""

    show: Callable[[Event], None]
    paused: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self.show(event)


@contextlib.contextmanager
def following(
    common: Common, earlier: Callable[[str], Iterable[Event]] | None = None
) -> Iterator[Follower]:
    """Give a callback for events; what it shows depends on who reads.

    ``earlier`` gives the events of an execution that was begun before: a picture needs them all.
    """
    if common.output is Output.NDJSON:
        yield Follower(
            lambda event: emit_line({"schema": "drstate.event/1", **event.model_dump(mode="json")})
        )
    elif live(common):
        with _moving(earlier) as follower:
            yield follower
    else:
        yield Follower(lambda event: _line(common, event))


def _line(common: Common, event: Event) -> None:
    from drstate.report.timeline import describe

    told = describe(event.payload)
    if told is not None:
        level, text = told
        mark = "" if level == "info" else f"{level.upper()}: "
        say(painted(common, level, f"{event.at:%H:%M:%S}  {mark}{text}"))


@contextlib.contextmanager
def _moving(earlier: Callable[[str], Iterable[Event]] | None) -> Iterator[Follower]:
    from rich.live import Live

    from drstate.report.status import StatusFold
    from drstate.report.timeline import describe

    fold = StatusFold()
    lines: list[str] = []
    lock = threading.Lock()
    screen = console()
    begun = False

    def draw() -> RenderableType:
        with lock:
            return picture(fold.view(datetime.now(UTC)), lines, screen.height) if begun else ""

    def on_event(event: Event) -> None:
        nonlocal begun
        told = describe(event.payload)
        missed = earlier(event.execution) if earlier and not begun and event.seq > 1 else ()
        with lock:
            for before in missed:
                if before.seq < event.seq:
                    fold.feed(before)
            fold.feed(event)
            begun = True
            if told is not None:
                lines.append(f"{event.at:%H:%M:%S}  {told[1]}")
                del lines[:-LAST_LINES]

    def moving() -> Live:
        return Live(
            get_renderable=draw,
            console=screen,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
        )

    display = moving()

    @contextlib.contextmanager
    def paused() -> Iterator[None]:
        nonlocal display
        display.stop()
        try:
            yield
        finally:
            # a new one: the old one would draw over what was asked and answered in between
            display = moving()
            display.start()

    display.start()
    try:
        yield Follower(on_event, paused)
    finally:
        display.stop()
