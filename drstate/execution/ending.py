"""How a run ends early: engine commands are asked, then forced, then what still hangs is given up.

One ``Ending`` is shared by whoever waits for the run to end: each asks ``patient`` again and again.
Why the run ends is not its business, nor what is journaled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from drstate.aws.clock import Clock

if TYPE_CHECKING:
    from drstate.engine.stopping import Stopping

#: seconds from the request to end in good order until force is used
DEADLINE_SECONDS = 60.0
#: seconds from force until what does not answer is left to itself
LEAVE_SECONDS = 5.0


class Ending:
    """Ends engine commands, step by step. Safe from any thread.

    ``on_force`` is told, once, whether a deadline made it necessary.
    """

    def __init__(
        self,
        clock: Clock,
        engine: Stopping,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        on_force: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._engine = engine
        self._deadline_seconds = deadline_seconds
        self._on_force = on_force
        self._lock = threading.Lock()
        self._begun: float | None = None
        self._forced: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the run is to end."""
        return self._begun is not None

    def managed(self, on: bool) -> None:
        """Whether a run answers interrupts for the engine's commands."""
        self._engine.managed = on

    def begin(self) -> None:
        """Have engine commands end in good order. The deadline counts from the first time."""
        with self._lock:
            if self._begun is None:
                self._begun = self._clock.monotonic()
                self._engine.ask()

    def hurry(self) -> None:
        """Use force now."""
        self.begin()
        self._force(deadline=False)

    def patient(self, longer: float = 0.0) -> bool:
        """Whether to wait on for what still runs; ``longer``: seconds beyond everybody else's.

        Force is used here, once its time has come. Always true before ``begin``.
        """
        if self._begun is None:
            return True
        now = self._clock.monotonic()
        if self._forced is None and now - self._begun >= self._deadline_seconds:
            self._force(deadline=True)
        return self._forced is None or now - self._forced < LEAVE_SECONDS + longer

    def _force(self, *, deadline: bool) -> None:
        with self._lock:
            if self._forced is not None:
                return
            self._forced = self._clock.monotonic()
        self._engine.force()
        self._on_force(deadline)
