"""A worker: takes tasks from the queue, one at a time, and answers Step Functions by task token.

Any number of them run on any machines that reach the journal, the queue and the scope's accounts.
More work at once takes more workers: a process that is killed takes one shard with it. A worker
keeps nothing: whatever it held when it died comes back by the queue. Between tasks it looks after
executions that were stopped in Step Functions while nobody was at work on them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from drstate.errors import (
    DrstateError,
    InternalError,
    JournalError,
    Retry,
    StateError,
    TakenOnError,
    TaskGoneError,
    UnknownNameError,
)
from drstate.execution.dispatch.dead import remedy
from drstate.execution.dispatch.messages import Kind, Task, read_task
from drstate.execution.dispatch.queue import WorkQueue
from drstate.execution.dispatch.settling import settle, sweep
from drstate.execution.dispatch.shards import ATTEMPTS, shard
from drstate.execution.dispatch.sharing import SharedLease
from drstate.execution.dispatch.tasks import LATER_SECONDS, Desk, Reply, advance, begin
from drstate.execution.dispatch.waiting import gate
from drstate.execution.errorinfo import as_drstate
from drstate.execution.lease import Waiter
from drstate.execution.recorder import OnEvent
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.words import counted

#: a message is hidden for its visibility time and prolonged so many times within it
BEATS = 3
#: how often executions that were stopped are looked for, seconds
SWEEP_SECONDS = 20.0
#: how long it waits before a queue that does not answer is asked again
DEAF_SECONDS = 5.0
#: the least time between two polls that found nothing
EMPTY_SECONDS = 0.2

_WORK: dict[Kind, Callable[[Desk, Task], Reply]] = {
    Kind.BEGIN: begin,
    Kind.ADVANCE: advance,
    Kind.SHARD: shard,
    Kind.GATE: gate,
}


class Beat:
    """Keeps a task and its message while the block runs; has the work stop once it is over."""

    def __init__(self, queue: WorkQueue, task: Task, *, waiter: Waiter | None = None) -> None:
        self._queue = queue
        self._task = task
        self._ended = threading.Event()
        self._waiter = waiter or self._ended.wait
        self._lease: SharedLease | None = None
        self._lost: DrstateError | None = None
        self._thread = threading.Thread(target=self._run, name="task", daemon=True)

    @property
    def gone(self) -> bool:
        """Whether Step Functions no longer waits for the task."""
        return isinstance(self._lost, TaskGoneError)

    def watch(self, lease: SharedLease) -> None:
        """This lease is to be lost with the task."""
        self._lease = lease
        if self._lost is not None:
            lease.lose(self._lost)

    def lose(self, error: DrstateError) -> None:
        """Have the work stop."""
        self._lost = self._lost or error
        if self._lease is not None:
            self._lease.lose(self._lost)

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
        self._thread.join()

    def _run(self) -> None:
        seconds = max(1.0, self._queue.visibility_seconds / BEATS)
        while not self._waiter(seconds):
            try:
                self._queue.keep(self._task.receipt)
                if self._task.kind is not Kind.GATE:
                    self._queue.beat(self._task.token)
            except TaskGoneError as error:
                self.lose(error)
                return
            except DrstateError:
                continue  # no answer now; where it stays so, another worker takes the task on


class Worker:
    """One worker process. ``say`` tells its operator one line at a time."""

    def __init__(
        self,
        services: Services,
        queue: WorkQueue,
        region: str,
        *,
        say: Callable[[str], None],
        on_event: OnEvent | None = None,
    ) -> None:
        self._services = services
        self._queue = queue
        self._region = region
        self._say = say
        self._on_event = on_event
        self._identity = services.runner()
        self._stopping = False
        #: whether it waits for a task: then it may be interrupted anywhere
        self.idle = False
        #: tasks so far
        self.done = 0
        self._beat: Beat | None = None
        self._swept = services.clock.monotonic() - SWEEP_SECONDS
        self._open: dict[str, str] = {}
        #: whether the queue did not answer when it was asked last
        self._deaf = False
        #: dead letters, when they were last counted
        self._dead = 0
        #: why it can do no task of this journal
        self._unfit: StateError | None = None

    @property
    def at_work(self) -> Beat | None:
        """The task at hand."""
        return self._beat

    def stop(self, reason: str) -> None:
        """Take no more tasks; the one at hand is let go of, and another worker takes it on."""
        self._stopping = True
        if self._beat is not None:
            self._beat.lose(
                JournalError(f"the worker was asked to stop: {reason}", retry=Retry.TRANSIENT)
            )

    def run(self, *, tasks: int | None = None) -> int:
        """Work until ``stop``, or for so many tasks; how many there were.

        What a task fails with is told, never raised, and so is what passes by itself: a worker
        outlives an outage of its queue, of Step Functions and of the journal. Raises what SQS
        refuses for good, and StateError where it does not understand the journal: then its tasks
        are for others.
        """
        done = 0
        while not self._stopping and (tasks is None or done < tasks):
            message = self._receive()
            if message is not None:
                self._take(message)
                done += 1
                self.done += 1
            self._sweep()
        if self._unfit is not None:
            raise self._unfit
        return done

    def _sweep(self) -> None:
        now = self._services.clock.monotonic()
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        try:
            sweep(self._services, self._queue, self._region, self._open)
        except DrstateError as error:
            self._say(f"executions that were stopped cannot be looked for: {error.what}")
        self._tell_dead()

    def _tell_dead(self) -> None:
        """Say once that there are dead letters, and once more whenever there are more of them."""
        try:
            found = self._queue.dead() or 0
        except DrstateError:
            return  # the policy may be of an older drstate; dispatcher show tells it, too
        if found > self._dead:
            self._say(f"{counted(found, 'dead letter')} in the queue; see: {remedy(self._region)}")
        self._dead = found

    def _receive(self) -> dict[str, Any] | None:
        clock = self._services.clock
        begun = clock.monotonic()
        self.idle = True
        try:
            message = self._queue.receive()
            self._deaf = False
        except DrstateError as error:
            if error.retry is not Retry.TRANSIENT:
                raise
            if not self._deaf:
                self._say(f"{error.what}: {error.why}; it is asked again until it answers")
            self._deaf = True
            clock.sleep(DEAF_SECONDS)
            return None
        finally:
            self.idle = False
        if message is None and clock.monotonic() - begun < EMPTY_SECONDS:
            # a poll that does not wait (the sandbox without time) must not become a busy loop
            clock.sleep(EMPTY_SECONDS)
        return message

    def _take(self, message: dict[str, Any]) -> None:
        try:
            task = read_task(message)
        except InternalError as error:
            # somebody else's message must not end every worker in turn; it stays hidden for a while
            self._say(f"{error.what}: {error.why}")
            return
        try:
            self.handle(task)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
            # nor may one that cannot be answered: it comes back, here or to another worker
            found = as_drstate(error)
            self._say(f"{task.kind} {task.execution} is not answered: {found.what}; {found.why}")

    def handle(self, task: Task) -> None:
        """Do one task and answer it."""
        try:
            self._greet(task)
            with Beat(self._queue, task) as self._beat:
                desk = Desk(self._services, self._identity, self._on_event, self._beat.watch)
                try:
                    reply = _WORK[task.kind](desk, task)
                except TakenOnError as error:
                    # the message is another worker's by now
                    self._say(error.what)
                    return
                except Exception as error:
                    if self._beat.gone:
                        raise TaskGoneError("the task is over") from error
                    reply = self._mishap(task, as_drstate(error))
            self._answer(task, reply)
        except TaskGoneError:
            self._queue.delete(task.receipt)
            settle(self._services, self._queue, task.execution, task.root)
        finally:
            self._beat = None

    def _greet(self, task: Task) -> None:
        """See that somebody waits for the task. Raises TaskGoneError."""
        if task.kind is not Kind.GATE:
            self._queue.beat(task.token)
            self._say(f"{task.kind} {task.execution} {task.body.get('shard', '')}".rstrip())
            return
        try:
            # what is told to people about a gate is told for a token that decides one
            self._queue.beat(task.token)
        except TaskGoneError:
            raise
        except DrstateError:
            return  # it waits for a person, not for us

    def _answer(self, task: Task, reply: Reply) -> None:
        if reply.error is not None:
            self._queue.fail(task.token, reply.error)
        elif reply.output is not None:
            self._queue.succeed(task.token, reply.output)
        else:
            self._later(task, reply)
            return
        self._queue.delete(task.receipt)

    def _later(self, task: Task, reply: Reply) -> None:
        """Have the task seen again: counted as tried in vain, or anew where it only waits."""
        if reply.waits:
            try:
                self._queue.again(task.again(), task.receipt, reply.later)
            except DrstateError as error:
                self._say(f"{task.kind} {task.execution} waits in its place: {error.what}")
            else:
                return
        self._queue.keep(task.receipt, reply.later)

    def _warn(self, task: Task, error: DrstateError) -> None:
        """Tell those who watch: they see neither the queue nor this worker's output."""
        if not task.execution:
            return
        text = f"{task.kind} on {self._identity.host}: {error.what}"
        try:
            self._services.journal.append(
                task.execution, e.Warned(text=text, hint=error.hint), fence=None
            )
        except DrstateError:
            return  # it has ended meanwhile, or the journal is what does not answer

    def _reads(self, execution: str) -> bool:
        """Whether this drstate understands what the journal holds of the execution."""
        journal = self._services.journal
        try:
            if execution:
                journal.events(execution)
                journal.load_catalog(journal.header(execution).scope)
        except StateError:
            return False
        except DrstateError:
            return True
        return True

    def _mishap(self, task: Task, error: DrstateError) -> Reply:
        self._say(f"{task.kind} {task.execution}: {error.what}; {error.why or error.hint}")
        if self._stopping:
            return Reply(later=0)
        if not task.anew:
            self._warn(task, error)
        self._unfit = self._misfit(task, error)
        if self._unfit is not None:
            self._stopping = True
            return Reply(later=0)
        if task.kind is Kind.GATE:
            # a look that failed says nothing of what people decide
            return Reply(later=LATER_SECONDS, waits=True)
        passes = error.retry is Retry.TRANSIENT or isinstance(error, JournalError)
        if task.kind is Kind.BEGIN and not passes:
            return Reply(error=error)
        return Reply(later=LATER_SECONDS) if task.attempt < ATTEMPTS else Reply(error=error)

    def _misfit(self, task: Task, error: DrstateError) -> StateError | None:
        """Why this worker can do none of the execution's tasks, where others can.

        Five tries of it would end the task for all.
        """
        if isinstance(error, StateError) and not self._reads(task.execution):
            return error  # a newer drstate wrote it
        if isinstance(error, UnknownNameError) and self._has_other_journal(task.execution):
            return StateError(
                f"this worker's journal does not hold execution {task.execution}",
                why="whoever began it uses another journal; all workers need the same one",
                hint="drstate journal show tells which this is; set DRSTATE_JOURNAL as the others "
                "have it, and start the worker again",
            )
        return None

    def _has_other_journal(self, execution: str) -> bool:
        try:
            self._services.journal.header(execution)
        except UnknownNameError:
            return bool(execution)
        except DrstateError:
            return False
        return False
