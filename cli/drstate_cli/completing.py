"""What the shell completes: names from the project's files and its journal. No network, no writing.

Completion is a courtesy: where a file cannot be read there is nothing to offer, and no error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

PHASES = ("replicate", "instantiate", "activate", "cleanup")
#: how many executions are offered, newest first
OFFERED = 30


def customers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Customers that have a folder with a scope file."""
    found = {file.parent.name for file in _scope_files(ctx.params)}
    return sorted(name for name in found if name.startswith(incomplete))


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Environments of the customer given so far, or of all."""
    customer = ctx.params.get("customer")
    found = {
        file.stem
        for file in _scope_files(ctx.params)
        if customer is None or file.parent.name == customer
    }
    return sorted(name for name in found if name.startswith(incomplete))


def phases(incomplete: str) -> list[str]:
    """The phases, in the order in which they are usually run."""
    return [name for name in PHASES if name.startswith(incomplete)]


def executions(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Executions of the journal, newest first, each with what it was."""
    from drstate.errors import DrstateError
    from drstate.execution.readers import Readers, home_of
    from drstate.journal.address import JOURNAL_FILE

    project, home, sandbox = _place(ctx.params)
    # looking must not make a journal
    if not (home_of(project, home, sandbox=sandbox) / JOURNAL_FILE).is_file():
        return []
    if _shared(project, sandbox=sandbox):
        return []
    try:
        with Readers.open(project, home=home, sandbox=sandbox) as readers:
            rows = readers.history(limit=OFFERED).rows
    except (DrstateError, OSError):
        return []
    return [
        (row.execution, f"{row.scope} {' '.join(row.phases)} {row.status}")
        for row in rows
        if row.execution.startswith(incomplete)
    ]


def resources(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys and names of what is protected in the scope given so far, from its catalog."""
    from drstate.errors import DrstateError
    from drstate.execution.readers import Readers, home_of
    from drstate.journal.address import JOURNAL_FILE
    from drstate.model.scope import Environment, ScopeKey

    project, home, sandbox = _place(ctx.params)
    customer, environment = ctx.params.get("customer"), ctx.params.get("environment")
    journal = home_of(project, home, sandbox=sandbox) / JOURNAL_FILE
    if not customer or environment not in list(Environment) or not journal.is_file():
        return []
    if _shared(project, sandbox=sandbox):
        return []
    try:
        scope = ScopeKey(customer=customer, environment=Environment(environment))
        with Readers.open(project, home=home, sandbox=sandbox) as readers:
            catalog = readers.journal.load_catalog(scope)
    except (DrstateError, OSError, ValueError):
        return []
    rows = [entry.resource for entry in catalog.entries] if catalog is not None else []
    offered = {name for row in rows for name in (row.key, row.name)}
    return sorted(name for name in offered if name.startswith(incomplete))


def groups(ctx: typer.Context, incomplete: str) -> list[str]:
    """Protection groups of the scope given so far, from its file."""
    from drstate.errors import DrstateError
    from drstate.inventory.scopes import load_scope

    project, _, _ = _place(ctx.params)
    customer, environment = ctx.params.get("customer"), ctx.params.get("environment")
    if not customer or not environment:
        return []
    try:
        names = [one.name for one in load_scope(project, customer, environment).groups]
    except (DrstateError, OSError, ValueError):
        return []
    return sorted(name for name in names if name.casefold().startswith(incomplete.casefold()))


def _shared(project: Path, *, sandbox: bool) -> bool:
    """Whether the journal is a table: asking it takes the network."""
    from drstate.errors import DrstateError
    from drstate.journal.address import chosen

    try:
        return chosen(project, sandbox=sandbox) is not None
    except DrstateError:
        return True


def _scope_files(values: dict[str, Any]) -> list[Path]:
    project, _, _ = _place(values)
    # what stands beside a scope's file has a name of two parts
    return [one for one in (project / "stacks").glob("*/*.yaml") if "." not in one.stem]


def _place(values: dict[str, Any]) -> tuple[Path, Path | None, bool]:
    home = values.get("home")
    return (
        Path(values.get("cwd") or ".").resolve(),
        Path(home).resolve() if home else None,
        bool(values.get("sandbox")),
    )
