"""Steps carried out: events, pending operations, the operation itself, the record of it.

A chain of steps runs in its order; chains of independent resources run side by side, as many as the
``parallel`` option allows. What a failed step does to the rest of the update is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from . import steps
from .context import Context
from .errors import EngineError, InitFailedError, ProviderError, Status
from .operations import OPERATIONS, PENDING
from .state import State
from .steps import Step, present
from .values import same


class Job(Protocol):
    """Something that runs, and reports its own failure."""

    def run(self) -> None:
        """Do it."""
        ...


class Executor:
    """Carries out steps. Safe for use from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._parallel = context.parallel

    def chain(self, planned: Sequence[Step]) -> bool:
        """Carry out the steps of one registration in order; whether all went well.

        A failure ends the update, unless it is to continue on error.
        """
        context = self._context
        if planned and self._hopeless(planned[-1]):
            return False
        for step in planned:
            context.check_running()
            if not self.run(step):
                with context.lock:
                    context.did.failed.add(step.urn)
                if not context.request.options.continue_on_error:
                    context.end()
                return False
        return True

    def level(self, planned: Sequence[Step]) -> list[Step]:
        """Carry out independent steps side by side; returns those that failed."""
        if len(planned) <= 1 or self._parallel == 1:
            return [step for step in planned if not self._unless_cancelled(step)]
        with ThreadPoolExecutor(min(self._parallel, len(planned))) as pool:
            done = list(pool.map(self._unless_cancelled, planned))
        return [step for step, well in zip(planned, done, strict=True) if not well]

    def refresh(self, jobs: Sequence[Job]) -> None:
        """Run refreshes side by side; after a failure no more are started."""

        def one(job: Job) -> None:
            if not self._context.failed and not self._context.request.cancelled():
                job.run()

        if self._parallel == 1:
            for job in jobs:
                one(job)
            return
        with ThreadPoolExecutor(self._parallel) as pool:
            for _ in pool.map(one, jobs):
                pass

    def _unless_cancelled(self, step: Step) -> bool:
        if self._context.request.cancelled():
            return False
        return self.run(step)

    def _hopeless(self, step: Step) -> bool:
        """With continue-on-error: whether something the resource needs has failed."""
        context, new = self._context, step.new
        if new is None or not context.any_failed(new.depends_on()):
            return False
        with context.lock:
            context.did.failed.add(new.urn)
        return True

    # -- one step --------------------------------------------------------------------------------
    def run(self, step: Step) -> bool:
        """Carry out one step; whether it went well. Its failure has been reported."""
        context = self._context
        context.events.before(step)
        kind = PENDING.get(step.op)
        number = None
        if kind and step.state.custom and not context.preview:
            number = context.ledger.begin(kind, step.state)
        try:
            OPERATIONS[step.op](context, step)
        except ProviderError as error:
            self._failed(step, error, number)
            return False
        except EngineError as error:
            self._failed(step, ProviderError(error.message, Status.OK), number)
            return False
        self._record(step, number)
        if counts(step):
            context.events.count(step)
        if step.state.custom or step.op in steps.DELETES or context.preview:
            context.events.after(step)
        return True

    def _failed(self, step: Step, error: ProviderError, number: int | None) -> None:
        context = self._context
        context.step_failed = context.failed = True
        context.step_error = error.message
        prefix = "Preview failed: " if context.preview else ""
        context.events.error(prefix + error.message, step.urn)
        if not context.preview:
            context.events.failed(step, error.status)
            if error.status is Status.UNKNOWN:
                context.events.maybe_corrupt = True
        if isinstance(error, InitFailedError):
            if step.condemns and step.old is not None:
                step.old.delete = True
            self._record(step, number)
        elif number is not None and not context.request.terminated():
            context.ledger.step(end=number)

    def _record(self, step: Step, number: int | None) -> None:
        context = self._context
        old, new = step.old, step.new
        if new is not None and not step.skipped and step.op != steps.REPLACE and not step.kept:
            with context.lock:
                context.news[new.urn] = new
        put: list[State] = []
        gone: list[State] = []
        lazy = False
        if step.op in steps.DELETES:
            (put if step.before_replace else gone).append(present(old))
        elif step.op == steps.REPLACE or step.skipped or step.kept:
            return
        else:
            put.append(present(new))
            lazy = step.op == steps.SAME
            if step.op in (steps.IMPORT, steps.IMPORT_REPLACEMENT):
                old = step.displaced
            if old is not None:
                kept = step.condemns or (old.ref and old.delete)
                (put if kept else gone).append(old)
        context.ledger.step(end=number, put=put, gone=gone, lazy=lazy)


def counts(step: Step) -> bool:
    """Whether the summary counts a step; reads count when they bring something new."""
    if step.op == steps.READ:
        old, new = step.old, step.new
        if old is None or new is None:
            return False
        return old.id != new.id or not same(old.outputs, new.outputs)
    return True
