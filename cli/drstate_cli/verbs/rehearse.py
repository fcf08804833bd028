"""``drstate rehearse``: carry a plan out offline, in copies, struck at every moment there is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drstate.errors import ConfigError, UsageError
from drstate_cli.opening import open_readers, open_services, running_sandbox
from drstate_cli.options import Common, Customer, Environment, Output, Phases, verb
from drstate_cli.payload import SANDBOX_NOTICE, emit, emit_line, say
from drstate_cli.planned import parse_phases
from drstate_cli.scoping import scope_names

if TYPE_CHECKING:
    from types import FrameType

    from drstate.execution.services import Services
    from drstate.model.rehearsed import Verification
    from drstate.rehearsal.asked import Asked
    from drstate.rehearsal.rehearsing import Rehearsal, Tell, Wish
    from drstate.rehearsal.source import Source

SCHEMA = "drstate.rehearsal/1"


class What(StrEnum):
    """Operations that can be rehearsed."""

    FAILOVER = "failover"
    FAILBACK = "failback"
    EMERGENCY = "emergency"
    TEST = "test"


class Trouble(StrEnum):
    """How much trouble is made."""

    NONE = "none"
    SAMPLE = "sample"
    ALL = "all"


OperationOption = Annotated[
    What | None,
    typer.Option(
        "--operation", help="What is rehearsed; --phase names phases instead.", show_default=False
    ),
]
FaultsOption = Annotated[
    Trouble,
    typer.Option(
        "--faults",
        help="none: replay the plan once. sample: one stroke of each kind. all: every kind at "
        "every call, command and event, which alone verifies.",
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only this kind of trouble (repeatable), such as error or killed-before.",
        show_default=False,
    ),
]
CallNumber = Annotated[
    int | None,
    typer.Option(
        "--call",
        min=1,
        metavar="N",
        help="With one --kind: just this stroke, as a failure names it.",
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, max=64, metavar="N", help="Strokes at once.", show_default="as cores"
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(
        "--seed", metavar="TEXT", help="Chooses the sample.", show_default="the day's date"
    ),
]
Limit = Annotated[
    float | None,
    typer.Option(
        "--limit-seconds",
        min=0,
        metavar="S",
        help="Begin no stroke after so long; what is left out verifies nothing.",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Rehearse the forced failover, which accepts the loss of data."),
]


Captured = Annotated[
    Path | None,
    typer.Option(
        "--captured",
        metavar="FILE",
        help="Take what was captured from a file of `drstate sandbox export`, not the journal.",
        show_default=False,
    ),
]


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
    faults: FaultsOption = Trouble.SAMPLE,
    kind: Kinds = None,
    call: CallNumber = None,
    jobs: Jobs = None,
    seed: Seed = None,
    limit_seconds: Limit = None,
    force: Force = False,
    captured: Captured = None,
) -> int:
    """Rehearse a plan offline, with a fault at every call. No account is touched.

    Each stroke is followed by resume, and must end as the run that nothing happened to. A plan is
    VERIFIED once all of them did. The scope is rebuilt from what was captured; with --sandbox it is
    that of the running sandbox. All is done in copies: sandbox, journal and stacks stay as they
    are.
    """
    _check(common, operation, phase, force)
    if captured is not None and common.sandbox:
        raise UsageError(
            "--captured and --sandbox exclude each other",
            why="one is rebuilt from the file, the other is there",
            hint="leave one of them out",
        )
    names = scope_names(common, customer, environment)
    wish = _wish(faults, kind, call, jobs, seed, limit_seconds)
    asked = _asked(names, operation, phase, force)
    found, verdict = _carried_out(common, asked, wish, captured)
    _show(common, found, verdict)
    from drstate.errors import ExitCode

    if found.interrupted:
        return int(ExitCode.INTERRUPTED)
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
) -> Wish:
    from drstate.model.rehearsed import Faults
    from drstate.rehearsal.rehearsing import Wish

    return Wish(
        faults=Faults(faults.value),
        kinds=tuple(kind or ()),
        call=call,
        seed=seed or f"{datetime.now(UTC):%Y-%m-%d}",
        limit_seconds=limit_seconds,
        **({} if jobs is None else {"jobs": jobs}),
    )


def _asked(
    names: tuple[str, str], operation: What | None, phase: list[str] | None, force: bool
) -> Asked:
    from drstate.rehearsal.asked import asked_of

    phases = parse_phases(phase) if phase else []
    return asked_of(*names, operation.value if operation else None, phases, force=force)


def _carried_out(
    common: Common, asked: Asked, wish: Wish, captured: Path | None
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
            tell=_progress(common) if common.output is Output.NDJSON else telling(common),
            say=say,
        )
        # of a file nobody knows whether it is what the journal has
        record = found.record
        stored = remember(services.journal, record) if captured is None else record
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
