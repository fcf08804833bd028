"""A worker's part in a stage: one shard, beside other workers with other shards of it.

The steps are those of a local run. What is different: the shard is claimed first, what an earlier
worker left in its middle is UNKNOWN and observed, and whoever stops early says so.
"""

from __future__ import annotations

import math
import threading
from queue import SimpleQueue

from drstate.errors import JournalError, OperationError
from drstate.execution.advice import RESUME
from drstate.execution.assembly import order_for, workbench
from drstate.execution.dispatch.messages import Task
from drstate.execution.dispatch.settling import superseded
from drstate.execution.dispatch.sharing import ShardRecorder, SharedCatalogKeeper, SharedLease
from drstate.execution.dispatch.tasks import Desk, Reply, spent
from drstate.execution.ending import Ending
from drstate.execution.errorinfo import error_info
from drstate.execution.inbox import Inbox
from drstate.execution.maintenance_watch import maintenance_watch
from drstate.execution.pool import WORKERS
from drstate.execution.progress import ENDED
from drstate.execution.shardstep import ShardStep
from drstate.execution.workbench import Stop, StoppedError
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.plan import Plan, ShardPlan, Stage

#: a shard whose workers died so often is given up: it may be what kills them
ATTEMPTS = 5
_LOOK_SECONDS = 0.5


def shard(desk: Desk, task: Task) -> Reply:
    """Bring the shard to its end. How it ended is in the journal; the answer only says that it did.

    Raises JournalError where it was taken from this worker, or its task is over.
    """
    services = desk.services
    header = services.journal.header(task.execution)
    other = superseded(services, task)
    if other is not None:
        return Reply(error=other)
    if header.status is not ExecutionStatus.RUNNING:
        return Reply({})
    stage_id, shard_id = str(task.body["stage"]), str(task.body["shard"])
    stop = Stop()
    hold = desk.lease(task, header.scope, fresh=False)
    with hold(
        None,
        header.scope,
        desk.identity,
        on_lost=lambda error: stop.request("the task was lost", error),
    ) as lease:
        recorder = ShardRecorder(
            services.journal,
            header.execution,
            lease,
            services.clock,
            SimpleQueue(),
            stage=stage_id,
            shard=shard_id,
            on_event=desk.on_event,
        )
        recorder.load()
        if recorder.state.shard(stage_id, shard_id).state in ENDED:
            return Reply({})
        recorder.take_on(task.attempt)
        if task.attempt > ATTEMPTS:
            _fail(recorder, stage_id, shard_id)
            return Reply({})
        _run(desk, task, lease, recorder, stop)
    return Reply({})


def _run(desk: Desk, task: Task, lease: SharedLease, recorder: ShardRecorder, stop: Stop) -> None:
    services = desk.services
    plan = recorder.state.plan
    scope_key = services.journal.header(recorder.execution).scope
    catalog = services.journal.load_catalog(scope_key)
    if plan is None or catalog is None:
        raise JournalError(
            f"execution {recorder.execution} has no plan or no catalog",
            why="the journal holds only a part of it",
            hint="restore the journal's backup: drstate doctor names it",
        )
    stage, row = _place(plan, str(task.body["stage"]), str(task.body["shard"]))
    scope = services.scope(scope_key.customer, scope_key.environment)
    bench = workbench(
        services,
        scope,
        plan,
        recorder,
        SharedCatalogKeeper(services.journal, catalog, lease, scope_key, recorder),
        parallel=None,
        message=f"drstate {recorder.execution}",
        stop=stop,
    )
    services.load_classes(plan)
    services.stopping.reset()
    step = ShardStep(bench, stage, row, levels=order_for(plan, catalog).levels)
    failed: list[Exception] = []

    def work() -> None:
        try:
            step.run()
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            failed.append(error)

    thread = threading.Thread(target=work, name=WORKERS)
    ending = Ending(services.clock, services.stopping)
    until = services.clock.monotonic() + _left(desk, recorder.execution, plan, stage)
    windows = maintenance_watch(
        services, scope, plan, recorder, shared=True, place=(stage.id, str(row.id))
    )
    with Inbox(recorder, stop, watch=windows):
        thread.start()
        while thread.is_alive() and ending.patient():
            thread.join(_LOOK_SECONDS)
            if services.clock.monotonic() > until:
                stop.request("the stage's budget ran out")
            if stop:
                ending.begin()
    if recorder.state.shard(stage.id, str(row.id)).state in ENDED:
        return  # it came to its end all the same
    if stop or failed:
        _leave(recorder, stop, failed[0] if failed else None)


def _left(desk: Desk, execution: str, plan: Plan, stage: Stage) -> float:
    """Seconds that the stage may still take; CLEANUP is never stopped for its budget."""
    if plan.never_blocks(stage.phase):
        return math.inf
    return stage.budget_seconds - spent(desk.services, execution).get(stage.id, 0.0)


def _leave(recorder: ShardRecorder, stop: Stop, failed: Exception | None) -> None:
    """Say that the shard is let go of, if that can still be said, and why."""
    if isinstance(failed, StoppedError) or stop:
        lost = stop.error
        if lost is None or recorder.state.status is ExecutionStatus.RUNNING:
            recorder.leave(stop.reason)
        if lost is not None:
            raise lost
        return
    if failed is not None:
        raise failed


def _fail(recorder: ShardRecorder, stage: str, shard_id: str) -> None:
    error = OperationError(
        f"{shard_id} was begun {ATTEMPTS} times, and each time its worker died",
        why="the machines may have too little memory for it, or the work itself ends the process",
        hint=f"drstate logs {recorder.execution} names the workers; then drstate resume",
    )
    resources = next(
        row.resources
        for one in (recorder.state.plan.stages if recorder.state.plan else ())
        for row in one.shards
        if (one.id, str(row.id)) == (stage, shard_id)
    )
    recorder.append(e.ShardStarted(stage=stage, shard=shard_id))
    recorder.append(
        e.ShardFinished(
            stage=stage,
            shard=shard_id,
            ok=False,
            failed=tuple(sorted(resources)),
            error=error_info(error, plan=recorder.state.plan, again=RESUME),
            duration_seconds=0.0,
        )
    )


def _place(plan: Plan, stage_id: str, shard_id: str) -> tuple[Stage, ShardPlan]:
    stage = next(row for row in plan.stages if row.id == stage_id)
    return stage, next(row for row in stage.shards if str(row.id) == shard_id)
