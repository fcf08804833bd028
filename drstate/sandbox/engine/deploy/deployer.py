"""One update from beginning to end: the deployment half's front door.

Puts the parts together, runs the program where there is one, deletes what has to go, and sums up.
Everything it starts (servers, plugins) has ended when ``run`` returns or raises.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from drstate.sandbox.engine.contract import (
    Deployment,
    Event,
    ProgramAddress,
    StepLog,
    StepRecord,
    UpdateRequest,
    UpdateResult,
)
from drstate.sandbox.engine.failure import FailedCommandError

from . import deletes, importing, pending, refreshing
from .context import Context
from .engine_service import EngineService
from .errors import BailError, EngineError, ProviderError, TerminatedError, unrecorded
from .events import Events
from .executor import Executor
from .ledger import Ledger, fold
from .masks import hidden_texts
from .monitor import Monitor
from .planner import Planner
from .program import engine_server, monitor_server, run_program
from .provider import Provider
from .registrar import Registrar
from .registry import Registry
from .starting import Plugins, likely
from .urns import is_provider_type

#: how often a cancellation is looked for while the program runs
CANCEL_POLL_SECONDS = 0.2
CODE_FAILED = 1
CODE_UNEXPECTED_CHANGES = 7
_ORDINARY = {"same", "read", "refresh"}


class EmbeddedDeployer:
    """The deployment half of the embedded engine. Clock, ids and randomness can be given."""

    #: `pulumi import` is carried out
    supports_import = True

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._new_id = new_id
        self._random_bytes = random_bytes

    def fold(self, base: Deployment | None, records: Iterable[StepRecord]) -> Deployment:
        """The state after the records of a step log. Pure."""
        return fold(base, records)

    def run(
        self, request: UpdateRequest, log: StepLog, emit: Callable[[Event], None]
    ) -> UpdateResult:
        """Carry out one update: events to ``emit``, durable records to ``log``."""
        begun = self._monotonic()
        events = Events(
            emit,
            preview=request.dry_run,
            show_secrets=request.options.show_secrets,
            hidden=[
                *(request.config[key] for key in request.secret_keys if key in request.config),
                *hidden_texts(request.config, request.shown_config),
            ],
        )
        ledger = Ledger(log, preview=request.dry_run)
        context = Context(request, events, ledger, self._now, self._new_id, self._random_bytes)
        events.prelude(request.shown_config)
        try:
            _told(context, lambda: self._update(context))
        finally:
            _told(context, ledger.flush)
        if request.cancelled():
            context.failed = True
            events.error(f"{_verb(request)} canceled")
        elif context.step_failed:
            reason = f": step application failed: {context.step_error}"
            events.error(f"{_verb(request)} failed{reason if request.kind == 'import' else ''}")
        events.summary(failed=context.failed, seconds=int(self._monotonic() - begun))
        return _result(context)

    # -- the parts -------------------------------------------------------------------------------
    def _update(self, context: Context) -> None:
        pending.check(context)
        self._check_targets(context, context.targets.replaces)
        service = EngineService(context)
        with engine_server(service) as engine_address:
            plugins = Plugins(context.request, engine_address)
            context.registry = _registry(context, engine_address, plugins)
            watch = _CancelWatch(context)
            try:
                plugins.start_early(likely(context.request, context.base))
                self._work(context, engine_address)
            finally:
                watch.stop()
                context.registry.close()
                plugins.close()

    def _work(self, context: Context, engine_address: str) -> None:
        request = context.request
        executor = Executor(context)
        program = request.program
        if request.kind == "import":
            importing.bring_in(context, executor, Registrar(context, executor, Planner(context)))
            return
        if request.options.refresh or (request.kind == "refresh" and program is None):
            refreshing.refresh(context, executor)
            if request.kind == "refresh" or context.failed:
                return
        monitor = None
        if program is not None:
            monitor = self._run_program(context, executor, program, engine_address)
        try:
            if context.ended or (monitor is not None and not monitor.succeeded):
                return
            if request.kind == "refresh":
                refreshing.refresh(context, executor)
            else:
                self._delete(context, executor)
        finally:
            if monitor is not None:
                monitor.finish()

    def _run_program(
        self,
        context: Context,
        executor: Executor,
        program: ProgramAddress,
        engine_address: str,
    ) -> _ProgramRun:
        registrar = Registrar(context, executor, Planner(context))
        monitor = Monitor(context, registrar, program.work_dir)
        with monitor_server(monitor, context.parallel) as address:
            try:
                succeeded = run_program(context, program, address, engine_address)
            except BaseException:
                # calls that are under way would keep the server from ending
                context.end()
                context.registry.close()
                raise
        return _ProgramRun(context, registrar, monitor, succeeded)

    def _delete(self, context: Context, executor: Executor) -> None:
        everything = context.request.kind == "destroy"
        self._check_targets(context, context.targets.targets)
        chosen = deletes.condemned(context, everything=everything)
        if everything and context.targets.limited:
            deletes.report_kept(context, executor, chosen)
        deletes.carry_out(context, executor, chosen)

    @staticmethod
    def _check_targets(context: Context, patterns: tuple[str, ...]) -> None:
        known = {*context.olds, *context.did.registered}
        for urn in context.targets.unmatched(patterns, known):
            context.events.error(
                f"Target '{urn}' could not be found in the stack. Did you forget to escape $ in "
                "your shell?"
            )
            raise BailError


def _told(context: Context, work: Callable[[], None]) -> None:
    """Do it; what ends an update becomes its diagnostic."""
    try:
        work()
    except (BailError, TerminatedError):
        context.failed = True
    except EngineError as failure:
        context.say(failure)
        context.failed = True
    except ProviderError as error:
        context.events.error(error.message)
        context.failed = True
    except FailedCommandError as error:
        if not context.ended:  # else it has been told, where it was met first
            context.say(unrecorded(error))
        context.end()


class _ProgramRun:
    """A finished program, whose stack outputs are still to be stored."""

    def __init__(
        self, context: Context, registrar: Registrar, monitor: Monitor, succeeded: bool
    ) -> None:
        self._context = context
        self._registrar = registrar
        self._monitor = monitor
        self.succeeded = succeeded

    def finish(self) -> None:
        """Store the stack's outputs. After a failure, outputs that are missing keep their value."""
        outputs = self._monitor.stack_outputs
        step = self._registrar.components.get(self._context.stack_urn)
        if outputs is None or step is None:
            return
        if self._context.failed and step.old is not None:
            outputs = {**step.old.outputs, **outputs}
        self._monitor.complete(step, outputs)


class _CancelWatch:
    """Passes a cancellation on to the plugins while calls to them are under way.

    They are ended when their time is up, or when the update is to end at once.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cancel-watch", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(CANCEL_POLL_SECONDS):
            if self._context.request.cancelled():
                self._context.end()
                self._context.registry.cancel()
                if self._spent():
                    self._context.registry.close()
                return

    def _spent(self) -> bool:
        """Wait for the end of the update; whether it did not come in time."""
        request = self._context.request
        rounds = request.grace / CANCEL_POLL_SECONDS
        while not request.terminated() and rounds > 0:
            if self._over.wait(CANCEL_POLL_SECONDS):
                return False
            rounds -= 1
        return not self._over.is_set()

    def stop(self) -> None:
        """The update is over."""
        self._over.set()
        self._thread.join()


def _registry(context: Context, engine_address: str, plugins: Plugins) -> Registry:
    request = context.request
    root = request.program.work_dir if request.program else str(Path.cwd())

    def launch(package: str) -> Provider:
        plugin = plugins.start(package)
        try:
            return Provider(plugin, engine_address, root, preview=request.dry_run)
        except BaseException:
            plugin.interrupt()
            plugin.wait()
            raise

    known = {f"{one.urn}::{one.id}": one for one in context.base if is_provider_type(one.type)}
    return Registry(launch, known)


def _verb(request: UpdateRequest) -> str:
    return "preview" if request.dry_run else "update"


def _result(context: Context) -> UpdateResult:
    changes = dict(context.events.changes)
    if context.failed:
        return UpdateResult(CODE_FAILED, changes)
    request = context.request
    if request.options.expect_no_changes and set(changes) - _ORDINARY:
        kind = "preview" if request.kind == "preview" else request.kind
        message = f"no changes were expected for {kind} but changes were proposed"
        return UpdateResult(CODE_UNEXPECTED_CHANGES, changes, message)
    return UpdateResult(0, changes)
