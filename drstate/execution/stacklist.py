"""Use case: the state of every stack, by customer, environment, site and wave.

The facts are the stacks' own: tags, state, last update. Nothing is added but the permalinks that
the journal holds. Reads files where the backend is a folder, and loads the engine only elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drstate.engine.stackfiles import StackFile, read_stacks
from drstate.errors import UnknownNameError
from drstate.execution.stacktags import STATE, wave_of
from drstate.journal.port import Journal
from drstate.model import events as e
from drstate.model.catalog import GLOBAL
from drstate.model.declared import Place
from drstate.model.names import DRILL_TAG
from drstate.report.stacks import StackList, StackRow

if TYPE_CHECKING:
    from drstate.engine.stacks import Stacks

#: how drstate's own updates begin; see ``stacktags.message_of``
_MESSAGE = re.compile(
    r"drstate (\d{8}-\d{6}-[0-9a-f]+)(?: .*?([a-z]+\.(?:w\d+|global)\S*?))?(?::|$)"
)


@dataclass(frozen=True)
class Wanted:
    """Which stacks; what is left out does not matter."""

    customer: str | None = None
    environment: str | None = None
    waves: tuple[int, ...] = ()
    sites: tuple[str, ...] = ()

    def holds(self, row: StackRow) -> bool:
        """Whether the stack is wanted."""
        return (
            self.customer in (None, row.customer)
            and self.environment in (None, row.environment)
            and (not self.waves or row.wave in map(str, self.waves))
            and (not self.sites or row.region in self.sites)
        )


def stacks_in_folder(
    folder: Path, project: str, journal: Journal, wanted: Wanted, backend: str
) -> StackList:
    """Stacks of a folder backend: no engine, no lock, no call."""
    return _listed(read_stacks(folder, project), journal, wanted, backend)


def stacks_of_backend(
    open_stacks: Callable[[], Stacks], journal: Journal, wanted: Wanted, backend: str
) -> StackList:
    """Stacks of any backend, asked through the engine. Raises EngineError, CredentialsError."""
    from drstate.engine.stackasking import ask_stacks  # noqa: PLC0415 loaded when it is needed

    return _listed(ask_stacks(open_stacks()), journal, wanted, backend)


def _listed(
    found: Iterable[StackFile], journal: Journal, wanted: Wanted, backend: str
) -> StackList:
    rows = [row for row in map(_row, found) if wanted.holds(row)]
    links = _permalinks(journal, {row.execution for row in rows if row.execution})
    linked = (
        row.model_copy(update={"permalink": links[row.execution, row.stack]})
        if not row.permalink and (row.execution, row.stack) in links
        else row
        for row in rows
    )
    return StackList(backend=backend, stacks=tuple(linked))


def _row(found: StackFile) -> StackRow:
    tags = found.tags
    named = _named(found.name)
    place = Place(found.name)
    group = tags.get("drstate:group") or named.get("group", "")
    execution, stage = _origin(found.update.message)
    scope = tags.get("drstate:scope", "")
    customer = tags.get("drstate:customer") or named.get("customer", "")
    environment = tags.get("drstate:environment") or named.get("environment", "")
    return StackRow(
        stack=found.name,
        scope=scope or "/".join(part for part in (customer, environment) if part),
        customer=customer,
        environment=environment,
        account=tags.get("drstate:account") or named.get("account", ""),
        region=tags.get("drstate:site") or place.region or named.get("region", ""),
        role=tags.get("drstate:role", ""),
        group=group,
        wave=tags.get("drstate:wave") or wave_of(group),
        site_state=tags.get(STATE, ""),
        technologies=tuple(one for one in tags.get("drstate:technologies", "").split(",") if one),
        drill=tags.get(DRILL_TAG, ""),
        resources=found.resources,
        last_update=found.update.ended,
        result=found.update.result,
        kind=found.update.kind,
        message=found.update.message,
        execution=execution,
        stage=stage,
        permalink=found.permalink,
        pending_operations=found.pending,
        locked_by=found.locked_by,
        problem=found.problem,
    )


def _named(stack: str) -> Mapping[str, str]:
    """What the name says: ``<customer>.<environment>.<region>.<account>.<group>``."""
    parts = stack.split(".")
    if len(parts) < 4:
        return {}
    group = GLOBAL if parts[2] == GLOBAL else (parts[4] if len(parts) > 4 else "")
    names = ("customer", "environment", "region", "account")
    return {**dict(zip(names, parts, strict=False)), "group": group}


def _origin(message: str) -> tuple[str, str]:
    """Execution and stage of an update of ours; empty for another's."""
    found = _MESSAGE.match(message)
    return (found[1], found[2] or "") if found else ("", "")


def _permalinks(journal: Journal, executions: Iterable[str]) -> dict[tuple[str, str], str]:
    """(execution, stack) -> address of the update, as journaled."""
    links: dict[tuple[str, str], str] = {}
    for execution in sorted(executions):
        try:
            story = journal.events(execution, kinds=("stack_finished",))
        except UnknownNameError:
            continue  # of another journal
        for event in story:
            if isinstance(event.payload, e.StackFinished) and event.payload.permalink:
                links[execution, event.payload.stack] = event.payload.permalink
    return links
