"""Ctrl-C and SIGTERM while an execution runs.

The first one lets the run end in good order: nothing new begins, engine commands are cancelled. The
second one, or the deadline, kills them. Whatever still hangs then (a call that nobody answers) is
given up with the process. A handler only notes the signal: it may have interrupted a write to the
journal. A person who is being asked is not kept waiting: there, the signal raises.

A terminal that is closed (SIGHUP) interrupts nothing: the run goes on, and can be watched from
elsewhere. The signal is ignored, not handled, because programs that the run starts inherit only
that.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from drstate.errors import DrstateError, ExitCode, RunInterruptedError
from drstate.execution.ending import DEADLINE_SECONDS, Ending

if TYPE_CHECKING:
    from drstate.execution.services import Services

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOK_SECONDS = 0.25
#: how much longer than the run itself the watcher waits before it ends the process
LAST_SECONDS = 3.0
#: for the last words to the journal; it may be what hangs
WORDS_SECONDS = 2.0

FIRST = (
    "interrupted: nothing new begins, and what runs is asked to end ({seconds:g} s at most). "
    "Once more ends it at once; resume then refreshes what was cut off"
)
SECOND = "interrupted again: what runs is killed"
LATE = "what runs did not end in time: it is killed"


def leave_now(error: DrstateError) -> NoReturn:
    """End the process without waiting for threads that hang."""
    sys.stderr.write(f"{error.what}; {error.hint}\n")
    sys.stderr.flush()
    os._exit(int(ExitCode.INTERRUPTED))


@dataclass(frozen=True)
class InterruptPolicy:
    """How a run answers interrupts. ``leave`` tells the error and ends the process."""

    say: Callable[[str], None]
    leave: Callable[[DrstateError], None] = leave_now
    deadline_seconds: float = DEADLINE_SECONDS


class Interrupts:
    """Takes over the signals while its block runs, in the main thread; elsewhere it does nothing.

    ``stop`` is called once with the reason. ``last_words`` journals what is to be known where the
    run itself cannot; it returns the error to leave with.
    """

    def __init__(
        self,
        policy: InterruptPolicy | None,
        ending: Ending,
        *,
        stop: Callable[[str], None],
        last_words: Callable[[], RunInterruptedError],
    ) -> None:
        self._policy = policy
        self._ending = ending
        self._stop = stop
        self._last_words = last_words
        #: signals as they come; None ends the watch. Its put may interrupt a put
        self._news: SimpleQueue[int | None] = SimpleQueue()
        self._asking = False
        self._asked = False
        self._before: dict[int, Any] = {}
        self._watcher = threading.Thread(target=self._watch, name="interrupts", daemon=True)

    @property
    def asked(self) -> bool:
        """Whether the run was interrupted."""
        return self._asked

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A person is being asked inside the block: a signal raises KeyboardInterrupt there."""
        self._asking = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._asking = False

    def __enter__(self) -> Self:
        if self._policy is None or threading.current_thread() is not threading.main_thread():
            return self
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # whoever started us wants it so (nohup, a background job)
            self._before[number] = signal.signal(number, self._handle)
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._ending.managed(True)
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            # an interrupted process is on its way out; one more signal would only cut its words off
            signal.signal(number, signal.SIG_IGN if self._asked else handler)
        if self._watcher.ident is not None:
            self._ending.managed(False)
            self._news.put(None)
            self._watcher.join()

    def watched(self, seconds: float) -> None:
        """Wait until the watch is over, or so long."""
        self._watcher.join(seconds)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._asked = True
        self._news.put(number)
        if self._asking:
            raise KeyboardInterrupt

    def _watch(self) -> None:
        policy = self._policy
        if policy is None or self._news.get() is None:
            return
        self._stop("interrupted")
        self._ending.begin()
        policy.say(FIRST.format(seconds=policy.deadline_seconds))
        while self._ending.patient(LAST_SECONDS):
            try:
                if self._news.get(timeout=LOOK_SECONDS) is None:
                    return
            except Empty:
                continue
            self._ending.hurry()
        policy.leave(self._words())

    def _words(self) -> RunInterruptedError:
        told: list[RunInterruptedError] = []
        writer = threading.Thread(target=lambda: told.append(self._last_words()), daemon=True)
        writer.start()
        writer.join(WORDS_SECONDS)
        return told[0] if told else interrupted_error()


def ending_for(services: Services, policy: InterruptPolicy | None) -> Ending:
    """How a run of these services ends early; the policy says how long it may take."""
    if policy is None:
        return Ending(services.clock, services.stopping)
    say = policy.say
    return Ending(
        services.clock,
        services.stopping,
        deadline_seconds=policy.deadline_seconds,
        on_force=lambda late: say(LATE if late else SECOND),
    )


def interrupted_error(execution: str = "", way: str = "drstate resume") -> RunInterruptedError:
    """What a person is told in the end; ``way``: the command that goes on."""
    return RunInterruptedError(
        f"execution {execution} was interrupted" if execution else "the execution was interrupted",
        why="what was cut off is UNKNOWN in its journal and is refreshed before anything else",
        hint=f"go on with: {way}",
    )
