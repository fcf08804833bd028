"""A scope's lease that an execution holds, not a process: workers take part in it.

The lease's holder is the execution in Step Functions. Whoever works on one of its tasks prolongs
it, and nobody gives it back between tasks. A worker that takes on what another one had begun makes
a new fence, so that what the other may still write is refused; the rest of the workers find the new
fence and go on with it. What all of them write stays in one order in one journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from drstate.aws.clock import Clock
from drstate.errors import DrstateError, JournalError, Retry, TakenOnError
from drstate.execution.catalogkeeper import CatalogKeeper
from drstate.execution.commands import Command
from drstate.execution.lease import RENEW_SECONDS, TTL_SECONDS, HeldLease, Runner
from drstate.execution.recorder import OnEvent, Recorder
from drstate.execution.states import StepState
from drstate.journal.port import Journal, Lease
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import Event, Payload
from drstate.model.scope import ScopeKey

#: host of a lease that an execution of Step Functions holds
HOST = "Step Functions"
#: catalogs that were saved by others in between, before it is given up
_SAVES = 20


def holder(root: str) -> str:
    """The runner's id in the lease of an execution with this ARN."""
    return f"stepfunctions/{root}"


class SharedLease(HeldLease):
    """Part in the lease of the execution ``root``, while the block runs.

    ``fresh``: with a new fence; else with the one that is. ``on_lost`` is also called by ``lose``.
    """

    def __init__(
        self,
        journal: Journal,
        scope: ScopeKey,
        runner: Runner,
        *,
        on_lost: Callable[[DrstateError], None],
        root: str,
        fresh: bool,
    ) -> None:
        mine = Runner(id=holder(root), host=HOST, pid=0)
        super().__init__(journal, scope, mine, on_lost=on_lost)
        self.worker = runner
        self._fresh = fresh
        self._adopting = threading.Lock()

    def __exit__(self, *_: object) -> None:
        # it stays the execution's: other workers are at it, or the next task goes on with it
        self._stop.set()
        self._thread.join(timeout=RENEW_SECONDS)

    def lose(self, error: DrstateError) -> None:
        """Have whoever works under it stop."""
        self._on_lost(error)

    def release(self) -> None:
        """Give it back: the execution waits for a person, or has ended."""
        held = self._journal.lease(self._scope)
        if held is not None and held.runner == self._runner.id:
            self._journal.release(held)

    def renew_fence(self) -> int:
        """A new fence: what earlier workers still write is refused. Raises JournalError."""
        with self._adopting:
            self._lease = self._take()
            return self._lease.fence

    def adopt(self) -> int:
        """Go on with the fence that is, whoever of the workers made it; the fence.

        Raises JournalError where the lease is no longer this execution's.
        """
        with self._adopting:
            self._lease = self._present()
            return self._lease.fence

    def _acquire(self) -> Lease:
        return self._take() if self._fresh else self._present()

    def _take(self) -> Lease:
        try:
            return self._journal.acquire(
                self._scope,
                runner=self._runner.id,
                host=self._runner.host,
                pid=self._runner.pid,
                ttl_seconds=TTL_SECONDS,
            )
        except JournalError as error:
            raise self._held_by_other(error) from error

    def _present(self) -> Lease:
        held = self._journal.lease(self._scope)
        if held is None or held.runner != self._runner.id:
            by = f"{held.runner} on {held.host}" if held is not None else "nobody"
            raise JournalError(
                f"the lease of {self._scope} is no longer this execution's",
                why=f"{by} holds it now",
                hint="drstate status shows who goes on with it",
            )
        return held

    def _beat(self) -> None:
        while not self._waiter(RENEW_SECONDS):
            held = self._lease
            if held is None:
                return
            try:
                renewed = self._journal.renew(held, TTL_SECONDS)
                with self._adopting:
                    if self._lease is not None and self._lease.fence == renewed.fence:
                        self._lease = renewed
            except DrstateError as error:
                if error.retry is Retry.TRANSIENT:
                    continue
                try:
                    self.adopt()
                except DrstateError as lost:
                    self._on_lost(lost)
                    return


class ShardRecorder(Recorder):
    """Records one shard while other workers record others in the same journal.

    A refused write is repeated with the fence that another worker has made, unless that worker has
    taken on this very shard: then it raises TakenOnError, and so does every later write.
    """

    def __init__(
        self,
        journal: Journal,
        execution: str,
        lease: SharedLease,
        clock: Clock,
        queue: SimpleQueue[Command],
        *,
        stage: str,
        shard: str,
        on_event: OnEvent | None = None,
    ) -> None:
        super().__init__(journal, execution, lease.fence, clock, queue, on_event)
        self._lease = lease
        self._place = (stage, shard)
        self._taker = ""

    def append(self, payload: Payload) -> Event:
        """See ``Recorder.append``."""
        with self._lock:
            while True:
                try:
                    event = super().append(payload)
                except JournalError:
                    # the lease's own fence may be newer already: only what is found here counts
                    found = self._lease.adopt()
                    if found == self._fence:
                        raise
                    self.catch_up()
                    self.require_mine()
                    self._fence = found
                else:
                    self.require_mine()
                    return event

    def _require_ours(self, payload: Payload) -> None:
        """Whoever attaches shares the lease with the workers; a shard is lost by its claim."""

    def take_on(self, attempt: int) -> None:
        """Claim the shard; another worker that is still at it can write nothing more of it.

        The claim comes first and the new fence second: whoever is refused reads the claim.
        """
        known = self.state.shard(*self._place).state
        self._claim(attempt)
        if attempt > 1 or known is not StepState.PENDING:
            self._fence = self._lease.renew_fence()
            # what the other one wrote between the claim and the fence is orphaned as well
            self._claim(attempt)

    def leave(self, reason: str) -> None:
        """Tell that this worker lets go of the shard."""
        stage, shard = self._place
        self.append(
            e.ShardLeft(stage=stage, shard=shard, worker=self._lease.worker.id, reason=reason)
        )

    def _claim(self, attempt: int) -> None:
        stage, shard = self._place
        worker = self._lease.worker
        self._taker = worker.id
        self.append(
            e.ShardTaken(
                stage=stage,
                shard=shard,
                worker=worker.id,
                host=worker.host,
                pid=worker.pid,
                attempt=attempt,
            )
        )

    def require_mine(self) -> None:
        """Raise TakenOnError once another worker has claimed the shard."""
        if self._taker and self._taker != self._lease.worker.id:
            raise TakenOnError(
                f"shard {self._place[1]} of {self.execution} was taken on by another worker",
                why=f"{self._taker} goes on with it; this one was silent for too long",
                hint=f"drstate logs {self.execution}",
            )

    def _take(self, event: Event) -> tuple[Command, ...]:
        taken = event.payload
        if isinstance(taken, e.ShardTaken) and (taken.stage, taken.shard) == self._place:
            self._taker = taken.worker
        return super()._take(event)


class SharedCatalogKeeper(CatalogKeeper):
    """The catalog, changed by several processes: each change is made to what is stored now.

    ``recorder`` knows whether the shard is still this worker's.
    """

    def __init__(
        self,
        journal: Journal,
        catalog: Catalog,
        lease: SharedLease,
        scope: ScopeKey,
        recorder: ShardRecorder,
    ) -> None:
        super().__init__(journal, catalog, lease.fence)
        self._lease = lease
        self._scope = scope
        self._recorder = recorder

    def update(self, change: Callable[[Catalog], Catalog]) -> Catalog:
        """See ``CatalogKeeper.update``."""
        with self._lock:
            for _ in range(_SAVES):
                stored = self._journal.load_catalog(self._scope) or self._catalog
                self._catalog = stored
                changed = change(stored)
                if changed == stored:
                    return stored
                try:
                    self._catalog = self._journal.save_catalog(changed, fence=self._fence)
                except JournalError:
                    newer = self._journal.load_catalog(self._scope)
                    found = self._lease.adopt()
                    if found == self._fence and (newer is None or newer.version == stored.version):
                        raise
                    self._recorder.catch_up()
                    self._recorder.require_mine()
                    self._fence = found
                else:
                    return self._catalog
        raise JournalError(
            f"the catalog of {self._scope} could not be saved",
            why=f"others saved it {_SAVES} times in between",
            hint="drstate resume goes on",
            retry=Retry.TRANSIENT,
        )
