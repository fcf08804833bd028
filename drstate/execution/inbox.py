"""What people say to a living run from other terminals: requests to pause or cancel, decisions.

They append events to the execution's journal; the run looks there about once a second, which costs
one read of an indexed row. A request to cancel ends what runs at once, as does a runner that goes
on in this one's place; everything else is the reducer's business. It decides nothing, and a journal
that cannot be read now is asked again later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from drstate.errors import DrstateError, LeaseLostError
from drstate.execution.lease import Waiter
from drstate.execution.recorder import Recorder
from drstate.execution.workbench import Stop

#: how often the run looks for what others have said
LOOK_SECONDS = 1.0


class Inbox:
    """Listens while its block runs. ``waiter`` stands in for the wait between looks in tests.

    ``watch`` is called at each look: what may come up by itself, such as a maintenance window.
    """

    def __init__(
        self,
        recorder: Recorder,
        stop: Stop,
        *,
        waiter: Waiter | None = None,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        self._recorder = recorder
        self._watch = watch
        self._stop = stop
        self._ended = threading.Event()
        self._waiter = waiter or self._ended.wait
        self._thread = threading.Thread(target=self._listen, name="inbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()

    def _listen(self) -> None:
        while not self._waiter(LOOK_SECONDS):
            try:
                self._recorder.catch_up()
                self._watch()
            except LeaseLostError as error:
                self._stop.request("the lease was lost", error)
                return
            except DrstateError:
                continue  # the run itself meets it at its next event, and tells it
            if self._recorder.state.cancel_requested is not None:
                self._stop.request("cancelled")
                return
