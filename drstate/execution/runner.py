"""The runner: carries out the reducer's commands until the execution ends or waits.

The main thread takes commands from the queue and does the short ones itself; shards run in a
bounded pool, as memory allows. It decides nothing about order: what falls due is the reducer's
business, and every result goes back to it as an event. An interrupt, a lost lease and a budget that
ran out start nothing more and end what runs, in good order first; what was cut off is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from queue import Empty, SimpleQueue

from drstate.errors import DrstateError, JournalError
from drstate.execution import commands as c
from drstate.execution.beginning import phase_begun
from drstate.execution.budgets import Budgets
from drstate.execution.closing import (
    finish_execution,
    finish_phase,
    finish_revalidation,
    finish_stage,
)
from drstate.execution.commands import Command
from drstate.execution.conditions import judged
from drstate.execution.cutoff import pause_interrupted, tell_unknown
from drstate.execution.ending import Ending
from drstate.execution.errorinfo import error_info
from drstate.execution.gates import Answer
from drstate.execution.gatestep import GateStep
from drstate.execution.health import HealthStep
from drstate.execution.interrupts import Interrupts
from drstate.execution.leaving_out import hold_shard, skip_stage
from drstate.execution.order import Order
from drstate.execution.pausing import pause, pause_unhealthy
from drstate.execution.pool import WORKERS, Admission
from drstate.execution.reducer import due
from drstate.execution.shardstep import ShardStep
from drstate.execution.workbench import StoppedError, Workbench
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.plan import Move, ShardPlan, Stage

#: takes the shards that are due now, the most urgent first
HandOver = Callable[[list[c.RunShard]], None]
#: how often a stage's budget is looked at while its shards run
LOOK_SECONDS = 0.5


class Runner:
    """One attempt at an execution, under one lease."""

    def __init__(
        self,
        bench: Workbench,
        queue: SimpleQueue[Command],
        order: Order,
        *,
        gates: GateStep,
        decision: Answer | None = None,
        mend: Callable[[], None],
        move: Callable[[Move], tuple[str, ...]],
        admission: Admission,
        cost: Callable[[ShardPlan], int],
        ending: Ending,
        interrupts: Interrupts,
        hand_over: HandOver | None = None,
        spent: Mapping[str, float] | None = None,
    ) -> None:
        self._bench = bench
        self._recorder = bench.recorder
        self._queue = queue
        self._order = order
        self._gates = gates
        #: mends the stacks of steps that were cut off, where the execution is given up
        self._mend = mend
        #: answers the gate that is open now; later gates ask again
        self._decision = decision
        self._move = move
        self._admission = admission
        #: bytes that a shard is going to take
        self._cost = cost
        self._ending = ending
        self._interrupts = interrupts
        #: where shards go that are not run in this process; then this attempt has done its part
        self._hand_over = hand_over
        self._running: set[Future[None]] = set()
        self._budgets = Budgets(bench.clock, bench.recorder.execution, spent)
        self._waiting: list[c.RunShard] = []
        #: stages whose shards were given; more than one where waves overlap
        self._at_work: dict[str, Stage] = {}
        self._checks: ThreadPoolExecutor | None = None

    def run(self, attached: e.RunnerAttached | None) -> None:
        """Go on until there is nothing left to do now, or until shards are handed over.

        None: this attempt is a part of one that was told already; it takes up what is due.

        Raises RunInterruptedError (after pausing), JournalError where the lease was lost, and what
        the journal raises.
        """
        if attached is not None:
            self._recorder.append(attached)
        else:
            for command in due(self._recorder.state):
                self._queue.put(command)
        workers = max(1, self._bench.parallel)
        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix=WORKERS)
        with self._interrupts:
            try:
                self._loop(pool)
            except (KeyboardInterrupt, StoppedError):
                self._end("interrupted")
                self._stop_if_lost()
                if self._recorder.state.cancel_requested is None or self._interrupts.asked:
                    raise pause_interrupted(self._recorder) from None
                self._give_up()
            except BaseException:
                self._end("the run broke off")
                raise
            finally:
                # threads that were given up are left to themselves
                pool.shutdown(wait=not self._running, cancel_futures=True)
                if self._checks is not None:
                    self._checks.shutdown(wait=not self._running, cancel_futures=True)

    def _loop(self, pool: ThreadPoolExecutor) -> None:
        while self._recorder.state.status is ExecutionStatus.RUNNING:
            self._check()
            batch = self._next_batch()
            for command in batch:
                if isinstance(command, c.RunShard):
                    self._at_work[command.stage] = self._stage(command.stage)
                    self._waiting.append(command)
                else:
                    self._perform(command)
                self._check()
            if self._hand_over is not None:
                if self._waiting and not batch and not self._running and self._all_in_time():
                    self._hand_over(self._order.admit(self._waiting, busy=False)[0])
                    return
            elif not self._waiting or self._all_in_time():
                self._admit(pool)
            if not batch and self._running:
                self._await_shard()
            elif not batch:
                # the reducer asks for nothing and nobody is at work: the table has a hole
                raise JournalError(
                    "the execution is running, and nothing is left to do",
                    why="the order of its events leads nowhere",
                    hint="drstate logs shows the events; report this with them",
                )

    def _next_batch(self) -> list[Command]:
        batch: list[Command] = []
        while True:
            try:
                batch.append(self._queue.get_nowait())
            except Empty:
                return batch

    def _admit(self, pool: ThreadPoolExecutor) -> None:
        """Hand shards to the pool, most urgent first."""
        now, self._waiting = self._order.admit(self._waiting, busy=bool(self._running))
        self._bench.slots.gather(min(len(now), self._bench.parallel))
        for command in now:
            ticket = self._admission.ticket()
            self._running.add(pool.submit(self._shard, command, ticket))

    def _await_shard(self) -> None:
        ended, running = wait(self._running, LOOK_SECONDS, return_when=FIRST_COMPLETED)
        if not ended and not self._all_in_time():
            return
        self._running = running
        for future in ended:
            error = future.exception()
            if error is not None and not isinstance(error, StoppedError):
                raise error
        self._check()

    def _end(self, reason: str) -> DrstateError | None:
        """Bring running shards to their end, in good order, then by force; what they failed with.

        Those that do not answer even then stay in ``_running``.
        """
        self._bench.stop.request(reason)
        self._ending.begin()
        failed: DrstateError | None = None
        while self._running and self._ending.patient():
            ended, self._running = wait(self._running, LOOK_SECONDS, return_when=FIRST_COMPLETED)
            errors = [future.exception() for future in ended if not future.cancelled()]
            failed = next((one for one in errors if isinstance(one, DrstateError)), failed)
        return failed

    def _check(self) -> None:
        self._stop_if_lost()
        if self._interrupts.asked:
            raise KeyboardInterrupt
        if self._recorder.state.cancel_requested is not None:
            raise StoppedError("cancelled")

    def _stop_if_lost(self) -> None:
        if self._bench.stop.error is not None:
            raise self._bench.stop.error

    def _shard(self, command: c.RunShard, ticket: int) -> None:
        stage = self._stage(command.stage)
        shard = next(row for row in stage.shards if str(row.id) == command.shard)
        with self._admission.admitted(ticket, self._cost(shard), self._bench.stop.check):
            order = self._order.at(stage.id)
            ShardStep(self._bench, stage, shard, levels=order.levels, turn=order.turn).run()

    def _perform(self, command: Command) -> None:  # noqa: C901, PLR0912 - one case a kind
        state = self._recorder.state
        if state.status is not ExecutionStatus.RUNNING or state.cancel_requested is not None:
            return
        match command:
            case c.StartPhase(phase=phase):
                self._recorder.append(phase_begun(self._bench, phase))
            case c.MoveState(resource=resource, from_stack=source):
                self._move_state(resource, source)
            case c.AskGate(stage=stage):
                answer, self._decision = self._decision, None
                asked = self._bench.clock.monotonic()
                self._gates.run(self._stage(stage), answer, partial(pause, self._recorder))
                self._budgets.forgive(self._bench.clock.monotonic() - asked)
            case c.StartStage(stage=stage):
                self._start_stage(self._stage(stage))
            case c.CheckCondition(stage=stage):
                self._recorder.append(judged(self._bench, self._stage(stage)))
            case c.SkipStage(stage=stage):
                skip_stage(self._recorder, self._stage(stage))
            case c.HoldShard(stage=stage, shard=shard, guard=guard):
                hold_shard(self._recorder, self._stage(stage), shard, guard)
            case c.CheckHealth(stage=stage):
                if self._in_time(self._stage(stage)):
                    self._check_health(self._stage(stage))
            case c.FinishStage(stage=stage):
                self._at_work.pop(stage, None)
                finish_stage(self._bench, self._stage(stage), self._order.essential)
            case c.PauseUnhealthy(stage=stage):
                pause_unhealthy(self._bench, stage, self._order.essential)
            case c.PauseAsRequested():
                by = self._recorder.state.pause_requested or ""
                pause(self._recorder, f"{by} asked for a pause; the wave that ran has ended", by=by)
            case c.FinishRevalidation(stage=stage):
                finish_revalidation(self._bench, self._stage(stage), self._order.essential)
            case c.FinishPhase(phase=phase, ok=ok):
                finish_phase(self._bench, phase, ok)
            case c.FinishExecution(status=status):
                finish_execution(self._bench, status)

    def _check_health(self, stage: Stage) -> None:
        """Judge the wave's resources; beside other waves' work where the plan lets them overlap."""
        step = HealthStep(self._bench, stage, self._order.essential)
        if all(row.needs is None for row in self._bench.plan.stages):
            step.run()
            return
        if self._checks is None:
            self._checks = ThreadPoolExecutor(thread_name_prefix="health")
        self._running.add(self._checks.submit(step.run))

    def _stage(self, stage: str) -> Stage:
        return next(row for row in self._bench.plan.stages if row.id == stage)

    def _move_state(self, resource: str, source: str) -> None:
        move = next(
            row
            for row in self._bench.plan.moves
            if (row.resource, row.from_stack) == (resource, source)
        )
        try:
            urns = self._move(move)
        except DrstateError as error:
            self._check()  # an interrupted move is no failed one
            finish_execution(self._bench, ExecutionStatus.FAILED, error_info(error))
            return
        self._bench.catalog.update(lambda catalog: _moved(catalog, move))
        self._recorder.append(
            e.MoveFinished(
                resource=resource, from_stack=move.from_stack, to_stack=move.to_stack, urns=urns
            )
        )

    def _start_stage(self, stage: Stage) -> None:
        error = self._budgets.phase(stage)
        if error is not None and not self._bench.plan.never_blocks(stage.phase):
            finish_execution(self._bench, ExecutionStatus.FAILED, error_info(error))
            return
        self._recorder.append(e.StageStarted(stage=stage.id))

    def _all_in_time(self) -> bool:
        return all(self._in_time(stage) for stage in tuple(self._at_work.values()))

    def _in_time(self, stage: Stage) -> bool:
        """Whether the stage may go on; where not, running steps end and the execution fails.

        CLEANUP may: what would be stopped for it is what comes after. Its steps end by themselves.
        """
        error = self._budgets.stage(stage)
        if error is None or self._bench.plan.never_blocks(stage.phase):
            return True
        failed = self._end("the stage's budget ran out")
        if failed is not None:
            raise failed
        self._waiting = []
        tell_unknown(self._recorder)
        finish_execution(self._bench, ExecutionStatus.FAILED, error_info(error))
        return False

    def _give_up(self) -> None:
        """A person gave the execution up: what was cut off is told and mended, then it is over."""
        if tell_unknown(self._recorder):
            self._mend()
        by, reason = self._recorder.state.cancel_requested or ("", "")
        told = self._recorder.fold.given_up(by, reason)
        finish_execution(self._bench, ExecutionStatus.CANCELLED, told)


def _moved(catalog: Catalog, move: Move) -> Catalog:
    entry = catalog.entry(move.resource)
    return catalog.with_entry(entry.model_copy(update={"group": move.to_group}))
