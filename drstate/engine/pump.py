"""Carries events and errors across the SDK's threads.

The SDK calls back from a gRPC thread and turns whatever a callback raises into a warning, and it
turns whatever a program raises into text. So the callback only enqueues, a thread of ours does
the folding and the telling, and a program's own error is kept as it is. Nothing is decided here.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from pulumi.automation.events import EngineEvent

from drstate.engine.outcome import OnProgress, OutcomeFold
from drstate.engine.unfinished import Creations
from drstate.errors import DrstateError

Program = Callable[[], None]


class GuardedProgram:
    """A program whose DrstateError survives the journey through the language runtime."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.raised: DrstateError | None = None
        self.__name__ = getattr(program, "__name__", "program")

    def __call__(self) -> None:
        """Run the program; its error goes on to the runtime as well."""
        try:
            self._program()
        except DrstateError as error:
            self.raised = error
            raise


class EventPump:
    """Takes events from any thread and folds them, in order, in a thread of its own."""

    def __init__(self, fold: OutcomeFold, on_progress: OnProgress | None) -> None:
        self.fold = fold
        #: what the watcher raised; the fold goes on without it
        self.raised: Exception | None = None
        #: whether the engine got as far as its first event
        self.ran = False
        #: creations whose end was not seen
        self.creations = Creations()
        self._on_progress = on_progress
        self._events: queue.SimpleQueue[EngineEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="drstate-events", daemon=True)
        self._thread.start()

    def take(self, event: EngineEvent) -> None:
        """The SDK's callback."""
        self._events.put(event)

    def close(self) -> None:
        """Wait until everything that was taken is folded."""
        self._events.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (event := self._events.get()) is not None:
            self.ran = True
            self.creations.feed(event)
            progress = self.fold.feed(event)
            if progress is None or self._on_progress is None or self.raised is not None:
                continue
            try:
                self._on_progress(progress)
            except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
                self.raised = error
