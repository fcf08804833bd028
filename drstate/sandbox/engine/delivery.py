"""Takes the events of an update to whoever watches: a listener and the display.

Events are numbered here and delivered in order; when the block ends, all have arrived.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from drstate.sandbox.engine.contract import Event
from drstate.sandbox.engine.display import Display
from drstate.sandbox.engine.job import Job
from drstate.sandbox.engine.sinks import Sink, open_sink


def display_of(job: Job) -> Display:
    """The display of an update."""
    parsed = job.session.parsed
    return Display(
        kind=job.kind,
        dry_run=job.dry_run,
        stack=job.stack.name,
        project=job.stack.project,
        write=job.session.output.out,
        suppress_outputs=parsed.on("suppress-outputs"),
        suppress_progress=parsed.on("suppress-progress"),
    )


def display_title(job: Job) -> None:
    """Say what begins."""
    display_of(job).begin()


@contextlib.contextmanager
def delivery(job: Job) -> Iterator[Callable[[Event], None]]:
    """Numbers and delivers events; ends the stream and the display when the block ends."""
    session = job.session
    sink: Sink = open_sink(session.parsed.value("event-log"))
    display = display_of(job)
    started = session.host.monotonic()
    guard = threading.Lock()
    count = 0
    cancelled = False

    def emit(event: Event) -> None:
        nonlocal count, cancelled
        with guard:
            numbered = {
                "sequence": count,
                "timestamp": session.host.stamp() // 1_000_000_000,
                **event,
            }
            count += 1
            cancelled = cancelled or "cancelEvent" in event
            sink.send(numbered)
            display.take(event)

    try:
        yield emit
        display.end(session.host.monotonic() - started)
    finally:
        if not cancelled:
            emit({"cancelEvent": {}})
        sink.close()
