"""What can be read while others run: status, history, logs, timeline. Nothing but the journal.

Imports neither Pulumi nor boto3 nor anything else that is slow to load: ``drstate status`` is asked
often, and in a hurry.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

from drstate.aws.clock import Clock, SystemClock
from drstate.errors import UnknownNameError, UsageError
from drstate.execution.journals import open_at
from drstate.execution.lease import process_alive, proved_dead
from drstate.execution.states import OPEN
from drstate.journal.address import TablePlace, chosen
from drstate.journal.port import ExecutionHeader, Journal
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import Event, ExecutionStatus
from drstate.model.scope import ScopeKey
from drstate.report.audit import is_by
from drstate.report.history import History, HistoryRow, history
from drstate.report.outcome import abandoned
from drstate.report.readiness import owed
from drstate.report.status import StatusFold
from drstate.report.timeline import TimelineEntry, timeline
from drstate.report.view import ExecutionView

if TYPE_CHECKING:
    from drstate.report.evidence import Report

SANDBOX_FOLDER = "sandbox"
STATE_FOLDER = "state"
#: how often ``follow`` looks for new events
POLL_SECONDS = 0.2
#: executions whose picture is kept for the next question, as long as they have so few events
_KEPT, _KEPT_EVENTS = 512, 100_000
#: scopes whose catalog is kept for the next question
_KEPT_CATALOGS = 64
#: what people decided against the plan's own course; a list shows it beside the status
DECISIONS = ("wave_overridden", "rollback_started", "execution_hidden")
#: executions that are looked at together where a list leaves some out
_PAGE = 100
#: no more events come from an execution in one of these, until somebody resumes it
_STILL = (
    ExecutionStatus.COMPLETED,
    ExecutionStatus.FAILED,
    ExecutionStatus.CANCELLED,
    ExecutionStatus.PAUSED,
)


@dataclass
class _Folded:
    fold: StatusFold
    seq: int = 0


class Readers:
    """Reads executions. Close it, or use it as a context."""

    def __init__(self, journal: Journal, clock: Clock, place: TablePlace | None = None) -> None:
        self.journal = journal
        #: the table that holds the journal; None: a file
        self.place = place
        self._clock = clock
        # what was folded already: asking again reads only what is new
        self._folds: dict[str, _Folded] = {}
        self._catalogs: dict[ScopeKey, Catalog] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        project_dir: Path,
        *,
        sandbox: bool = False,
        home: Path | None = None,
        clock: Clock | None = None,
        journal: str | None = None,
    ) -> Readers:
        """Readers of the project's journal: ``journal`` is its address, else as it is set.

        Raises StateError where it is damaged or missing, ConfigError for an address of no kind.
        """
        used = clock or SystemClock()
        place = chosen(project_dir, sandbox=sandbox, asked=journal)
        folder = home_of(project_dir, home, sandbox=sandbox)
        return cls(open_at(place, folder, used), used, place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the journal."""
        self.journal.close()

    def find(
        self,
        execution: str | None = None,
        scope: ScopeKey | None = None,
        *,
        among: tuple[ExecutionStatus, ...] | None = None,
    ) -> ExecutionHeader:
        """The named execution, or the newest one (of the scope, in one of the states).

        ``among`` is given by what changes something: that never picks one of several customers.
        Raises UnknownNameError, UsageError (the named one is of another scope; open ones of several
        scopes fit, and none was named).
        """
        if execution is not None:
            return _of_scope(self.journal.header(execution), scope)
        listed = self.journal.executions(scope)
        fitting = [one for one in listed if among is None or one.status in among]
        if among is not None:
            _refuse_several([one for one in fitting if one.status in OPEN])
        if fitting:
            return fitting[0]
        where = f" of {scope}" if scope else ""
        which = f" that is {' or '.join(among)}" if among else ""
        raise UnknownNameError(
            f"there is no execution{where}{which}",
            why="the journal holds none",
            hint="drstate history lists the executions; drstate up begins one",
        )

    def status(self, execution: str | None = None, scope: ScopeKey | None = None) -> ExecutionView:
        """The picture of an execution now; the newest one where none is named."""
        header = self.find(execution, scope)
        view = self._view(header.execution)
        view = _owing(view, self._catalog(header.scope))
        gone = self.runner_gone(header)
        return abandoned(view, gone) if gone else view

    def _view(self, execution: str) -> ExecutionView:
        with self._lock:
            known = self._folds.pop(execution, None) or _Folded(StatusFold())
            # put back as the newest; the one that was not asked for longest makes room
            self._folds[execution] = known
            for event in self.journal.events(execution, known.seq):
                known.fold.feed(event)
                known.seq = event.seq
            self._make_room()
            return known.fold.view(self._clock.now())

    def _catalog(self, scope: ScopeKey) -> Catalog | None:
        found = self.journal.load_catalog(scope, known=self._catalogs.pop(scope, None))
        if found is not None:
            self._catalogs[scope] = found
            if len(self._catalogs) > _KEPT_CATALOGS:
                self._catalogs.pop(next(iter(self._catalogs)), None)
        return found

    def _make_room(self) -> None:
        events = sum(one.seq for one in self._folds.values())
        while len(self._folds) > 1 and (len(self._folds) > _KEPT or events > _KEPT_EVENTS):
            events -= self._folds.pop(next(iter(self._folds))).seq

    def logs(
        self, execution: str | None = None, scope: ScopeKey | None = None, after: int = 0
    ) -> list[Event]:
        """The events of an execution numbered above ``after``."""
        header = self.find(execution, scope)
        return self.journal.events(header.execution, after)

    def timeline(
        self, execution: str | None = None, scope: ScopeKey | None = None
    ) -> list[TimelineEntry]:
        """The events of an execution as people read them."""
        return timeline(self.logs(execution, scope))

    def report(self, execution: str | None = None, scope: ScopeKey | None = None) -> Report:
        """The report of an execution. Raises JournalError where its hash chain is broken."""
        from drstate.report.compliance import promised  # noqa: PLC0415 loaded when it is needed
        from drstate.report.evidence import report_of  # noqa: PLC0415 the same

        header = self.find(execution, scope)
        verified = self.journal.verify(header.execution)
        catalog = self.journal.load_catalog(header.scope)
        story = self.journal.events(header.execution)
        found = report_of(story, self._clock.now(), targets=promised(catalog), verified=verified)
        return found.model_copy(update={"view": _owing(found.view, catalog)})

    def history(
        self,
        scope: ScopeKey | None = None,
        limit: int = 20,
        *,
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
        hidden: bool = False,
    ) -> History:
        """Past executions, newest first, and how many succeeded; begun from since, before until.

        ``by``: begun by that user, AWS identity or session. ``hidden``: with those that are hidden.
        """
        rows = (
            self._row(header)
            for header in self.headers(scope, status=status, since=since, until=until)
            if by is None or self._begun_by(header, by)
        )
        return history(islice((row for row in rows if hidden or not row.hidden), limit))

    def headers(
        self,
        scope: ScopeKey | None = None,
        *,
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[ExecutionHeader]:
        """All of them, newest first, as the journal's index has them: page by page, as far as read.

        Begun from ``since`` on and before ``until``.
        """
        seen: set[str] = set()
        size = _PAGE
        while True:
            page = self.journal.executions(scope, size, status=status, since=since, until=until)
            new = [header for header in page if header.execution not in seen]
            yield from new
            if len(page) < size:
                return
            seen |= {header.execution for header in new}
            # those that were begun in the same moment may be on two pages, or fill one
            size = size if new else 2 * size
            until = page[-1].created_at + timedelta(microseconds=1)

    def _begun_by(self, header: ExecutionHeader, wanted: str) -> bool:
        if is_by(wanted, header.operator, None):
            return True
        # the first event holds the plan: it is read only where the name does not tell
        story = self.journal.events(
            header.execution, kinds=("execution_created", "execution_planned")
        )
        found = [row.payload for row in story]
        return any(
            is_by(wanted, header.operator, row.actor)
            for row in found
            if isinstance(row, (e.ExecutionCreated, e.ExecutionPlanned))
        )

    def _row(self, header: ExecutionHeader) -> HistoryRow:
        decided = [
            event.payload for event in self.journal.events(header.execution, kinds=DECISIONS)
        ]
        stages = [row.stage for row in decided if isinstance(row, e.WaveOverridden)]
        shown = [row for row in decided if isinstance(row, e.ExecutionHidden)]
        return _row(header).model_copy(
            update={
                "overridden": tuple(dict.fromkeys(stages)),
                "rolled_back": any(isinstance(row, e.RollbackStarted) for row in decided),
                "hidden": any(row.hidden for row in shown[-1:]),
            }
        )

    def follow(self, execution: str, after: int = 0) -> Iterator[Event]:
        """Events as they come, until the execution ends or stops."""
        while True:
            # the status is read first: what was written before it was read is then surely seen
            header = self.journal.header(execution)
            still = header.status in _STILL or self.runner_gone(header) is not None
            for event in self.journal.events(execution, after):
                after = event.seq
                yield event
            if still:
                return
            self._clock.sleep(POLL_SECONDS)

    def runner_gone(self, header: ExecutionHeader) -> str | None:
        """Why nobody works on an execution that has not ended, or None while somebody does."""
        if header.status not in (ExecutionStatus.RUNNING, ExecutionStatus.PENDING):
            return None
        held = self.journal.lease(header.scope)
        if held is None or held.expired(self.journal.now()):
            return self._launched_gone(header)
        if proved_dead(held):
            return f"its runner, process {held.pid} on {held.host}, is gone"
        return None

    def _launched_gone(self, header: ExecutionHeader) -> str | None:
        """Nobody holds the lease: whether a process in the background is still on its way."""
        if header.status is not ExecutionStatus.PENDING:
            return "no runner holds it"
        told = self.journal.events(header.execution, kinds=("runner_launched",))
        launched = told[-1].payload if told else None
        if not isinstance(launched, e.RunnerLaunched):
            return "no runner holds it"
        if launched.host != socket.gethostname():
            return f"process {launched.pid} on {launched.host} was to run it and has not begun"
        if process_alive(launched.pid):
            return None
        return f"its process {launched.pid} ended before it began, see {launched.log}"


def _of_scope(header: ExecutionHeader, scope: ScopeKey | None) -> ExecutionHeader:
    """The execution, if it is of the scope. Raises UsageError: nothing crosses a scope by an id."""
    if scope is None or scope == header.scope:
        return header
    raise UsageError(
        f"execution {header.execution} belongs to {header.scope}, not to {scope}",
        why="what is done to an execution is done to the scope that it works on",
        hint="leave -c and -e out, or name the right execution: drstate history "
        f"-c {scope.customer} -e {scope.environment}",
    )


def _refuse_several(fitting: list[ExecutionHeader]) -> None:
    """Raise UsageError where executions of several scopes fit, and a person named none."""
    newest = {header.scope: header for header in reversed(fitting)}
    if len(newest) < 2:
        return
    shown = "\n".join(
        f"{row.execution}  {row.scope}  {row.status}"
        for row in sorted(newest.values(), key=lambda row: row.execution, reverse=True)
    )
    raise UsageError(
        f"which execution? {len(newest)} scopes have one that fits",
        why=shown,
        hint="name the execution, or the scope with -c and -e",
    )


def home_of(project_dir: Path, home: Path | None, *, sandbox: bool) -> Path:
    """Folder of the journal (``home``, or ``.drstate`` in the project); the sandbox has its own."""
    folder = (home or project_dir / ".drstate").resolve()
    return folder / SANDBOX_FOLDER if sandbox else folder


def _row(header: ExecutionHeader) -> HistoryRow:
    return HistoryRow(
        execution=header.execution,
        scope=header.scope,
        operation=header.operation,
        phases=header.phases,
        status=header.status,
        operator=header.operator,
        message=header.message,
        sandbox=header.sandbox,
        started_at=header.created_at,
        updated_at=header.updated_at,
        duration_seconds=max(0.0, (header.updated_at - header.created_at).total_seconds()),
        events=header.events,
    )


def _owing(view: ExecutionView, catalog: Catalog | None) -> ExecutionView:
    """The view, with what the scope owes now."""
    if catalog is None:
        return view
    return view.model_copy(update={"owed": owed(catalog, sandbox=view.sandbox)})
