"""``drstate rehearse``: carry a plan out offline, in copies, struck at every moment there is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from drstate.errors import ConfigError, UsageError
from drstate_cli.opening import open_readers, open_services, running_sandbox, sandbox_home
from drstate_cli.options import Common, Customer, Environment, Output, Phases, verb
from drstate_cli.payload import SANDBOX_NOTICE, emit, emit_line, say
from drstate_cli.planned import parse_phases
from drstate_cli.rehearsing import (
    CallNumber,
    Captured,
    FaultsOption,
    Force,
    Jobs,
    Join,
    Kinds,
    Limit,
    OperationOption,
    Results,
    Resume,
    Seed,
    ShardOption,
    Trouble,
    What,
)
from drstate_cli.scoping import scope_names

if TYPE_CHECKING:
    from types import FrameType

    from drstate.execution.services import Services
    from drstate.model.rehearsed import Verification
    from drstate.rehearsal.asked import Asked
    from drstate.rehearsal.keeping import Keeping
    from drstate.rehearsal.rehearsing import Rehearsal, Tell
    from drstate.rehearsal.source import Source
    from drstate.rehearsal.wish import Wish

SCHEMA = "drstate.rehearsal/1"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("rehearse")(rehearse)


@verb
def rehearse(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    operation: OperationOption = None,
    phase: Phases = None,
    faults: FaultsOption = None,
    kind: Kinds = None,
    call: CallNumber = None,
    jobs: Jobs = None,
    seed: Seed = None,
    limit_seconds: Limit = None,
    force: Force = False,
    captured: Captured = None,
    resume: Resume = False,
    shard: ShardOption = None,
    results: Results = None,
    join: Join = None,
) -> int:
    """Rehearse a plan offline, with a fault at every call. No account is touched.

    Each stroke is followed by resume, and must end as the run that nothing happened to. A plan is
    VERIFIED once all of them did. The scope is rebuilt from what was captured; with --sandbox it is
    that of the running sandbox. All is done in copies: sandbox, journal and stacks stay as they
    are. What was stopped is gone on with by --resume; N machines share it with --shard K/N.
    """
    _check(common, operation, phase, force)
    if captured is not None and common.sandbox:
        raise UsageError(
            "--captured and --sandbox exclude each other",
            why="one is rebuilt from the file, the other is there",
            hint="leave one of them out",
        )
    names = scope_names(common, customer, environment)
    asked = _asked(names, operation, phase, force)
    if join:
        _alone("--join", faults, kind, call, seed, limit_seconds, resume, shard, results)
        found, verdict = _joined(common, asked, join)
        _show(common, found, verdict)
        return int(not verdict.verified)
    if faults is None:
        faults = Trouble.ALL if resume or shard else Trouble.SAMPLE
    wish = _wish(faults, kind, call, jobs, seed, limit_seconds, shard)
    from drstate.rehearsal.keeping import Keeping

    home = sandbox_home(common) if common.sandbox else common.home
    file = results if results is None else results.absolute()
    keeping = Keeping.of(
        home, asked, wish, results=file, resume=resume, from_file=captured is not None
    )
    found, verdict = _carried_out(common, asked, wish, captured, keeping)
    _show(common, found, verdict)
    from drstate.errors import ExitCode

    if found.interrupted:
        # as a code alone it would be told as an execution's, and there is none
        raise SystemExit(int(ExitCode.INTERRUPTED))
    return int(ExitCode.OK if found.ok else ExitCode.FAILED)


def _check(common: Common, operation: What | None, phase: list[str] | None, force: bool) -> None:
    if operation is not None and phase:
        raise UsageError(
            "--operation and --phase exclude each other",
            why="an operation has phases of its own",
            hint=f"leave out --phase to rehearse {operation}",
        )
    if force and operation in (What.EMERGENCY, What.TEST, What.FAILBACK):
        raise UsageError(
            f"--force has no meaning for {operation}",
            why="it is for a failover, or for phases with ACTIVATE",
            hint="leave out --force",
        )
    if common.engine not in (None, "auto", "embedded"):
        raise ConfigError(
            f"--engine {common.engine} does not rehearse",
            why="a rehearsal kills the engine at each of its commands, which the embedded one "
            "bears in one process",
            hint="leave out --engine",
        )


def _wish(
    faults: Trouble,
    kind: list[str] | None,
    call: int | None,
    jobs: int | None,
    seed: str | None,
    limit_seconds: float | None,
    shard: str | None,
) -> Wish:
    from drstate.model.rehearsed import Faults
    from drstate.rehearsal.wish import Shard, Wish

    return Wish(
        faults=Faults(faults.value),
        kinds=tuple(kind or ()),
        call=call,
        seed=seed or f"{datetime.now(UTC):%Y-%m-%d}",
        limit_seconds=limit_seconds,
        shard=None if shard is None else Shard.parse(shard),
        **({} if jobs is None else {"jobs": jobs}),
    )


def _asked(
    names: tuple[str, str], operation: What | None, phase: list[str] | None, force: bool
) -> Asked:
    from drstate.rehearsal.asked import asked_of

    phases = parse_phases(phase) if phase else []
    return asked_of(*names, operation.value if operation else None, phases, force=force)


def _alone(option: str, *others: object) -> None:
    if any(others):
        raise UsageError(
            f"{option} runs nothing",
            why="which strokes there were is said by the parts themselves",
            hint="give it -c, -e, and --operation or --phase as the parts had them, nothing else",
        )


def _joined(common: Common, asked: Asked, places: list[Path]) -> tuple[Rehearsal, Verification]:
    """Put parts together, remember what they say, and judge it over the plan of today."""
    from drstate.errors import PlanRefusedError
    from drstate.execution.verifying import fingerprint, remember
    from drstate.rehearsal.joining import join
    from drstate.report.verified import judged

    if common.sandbox:
        running_sandbox(common)
    with open_services(common) as services:
        found, head = join([place.absolute() for place in places], by=services.operator)
        words = asked.words_of_command()
        if tuple(words) != head.command:
            raise PlanRefusedError(
                f"the parts are not of {' '.join(words)}",
                why=f"they are of {' '.join(head.command)}",
                hint=f"drstate rehearse {' '.join(head.command)} --join …",
            )
        whole = f"drstate rehearse {' '.join(words)}"
        if head.from_file:
            return found, judged(found.record, found.record.fingerprint, whole)
        stored = remember(services.journal, found.record)
        return found, judged(stored, fingerprint(services, asked.plan(services)), whole)


def _carried_out(
    common: Common, asked: Asked, wish: Wish, captured: Path | None, keeping: Keeping | None
) -> tuple[Rehearsal, Verification]:
    """Rehearse, remember, and judge what is remembered."""
    from drstate.execution.verifying import remember
    from drstate.rehearsal.rehearsing import rehearse
    from drstate.report.verified import judged
    from drstate_cli.render.rehearsal import telling

    if common.sandbox:
        running_sandbox(common)
    with open_services(common) as services, _stoppable() as stopped:
        services.scope(asked.customer, asked.environment)  # a mistake in it is told first
        source = _source(common, services, asked, captured)
        say(f"{asked.customer}/{asked.environment}  rehearsal of {asked.words} in {source.told}")
        say(SANDBOX_NOTICE)
        found = rehearse(
            source,
            asked,
            wish,
            by=services.operator,
            stopped=stopped,
            keeping=keeping,
            tell=_progress(common) if common.output is Output.NDJSON else telling(common),
            say=say,
        )
        # of a file nobody knows whether it is what the journal has, and a part is no whole
        record = found.record
        kept = captured is None and wish.shard is None
        stored = remember(services.journal, record) if kept else record
    if keeping is not None and found.course and not found.left and wish.shard is None:
        keeping.finished()
    words = ["drstate", "rehearse", *asked.words_of_command()]
    return found, judged(stored, stored.fingerprint, " ".join(words))


def _source(common: Common, services: Services, asked: Asked, captured: Path | None) -> Source:
    """With --sandbox the running one; else one that is made from what was captured."""
    from drstate.execution.verifying import essence, fingerprint
    from drstate.rehearsal.captured import CapturedScope, from_file, from_journal
    from drstate.rehearsal.source import Meant, RunningSandbox

    if common.sandbox:
        return RunningSandbox(common.cwd, common.home, lambda: open_readers(common))

    if captured is not None:
        return CapturedScope(common.cwd, lambda: from_file(captured, common.cwd, asked))

    def meant() -> Meant:
        planned = asked.plan(services)
        return Meant(fingerprint(services, planned), essence(planned.plan))

    return CapturedScope(
        common.cwd, lambda: from_journal(lambda: open_readers(common), common.cwd, asked), meant
    )


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or SIGHUP sets; a third Ctrl-C ends the process at once."""
    stopped = threading.Event()

    def stop(number: int, _: FrameType | None) -> None:
        if stopped.is_set():
            signal.signal(number, before[signal.Signals(number)])
            return
        stopped.set()
        say("stopping: copies are ended and removed")

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in before:
        signal.signal(number, stop)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(common: Common) -> Tell:
    """One line a stroke on stdout, as it ends; people read of it on stderr all the same."""
    from drstate_cli.render.rehearsal import stroke_document, telling

    loud = telling(common)

    def tell(told: Any) -> None:
        loud(told)
        if told.struck is not None:
            document = stroke_document(told.struck)
            emit_line({"schema": SCHEMA, "stroke": document, "done": told.done, "of": told.of})

    return tell


def _show(common: Common, found: Rehearsal, verdict: Verification) -> None:
    from drstate_cli.render.rehearsal import document, text

    whole = document(found, verdict)
    if common.output is Output.NDJSON:
        emit_line({"schema": SCHEMA, "summary": whole})
        return
    emit(common, SCHEMA, whole, lambda: text(found, verdict))
