"""``drstate journal``: the journal itself. Makes the shared one, proves it, copies a file there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import enter_emulated, open_readers
from drstate_cli.options import Common, ExecutionId, verb
from drstate_cli.payload import emit, say

if TYPE_CHECKING:
    from drstate.journal.address import TablePlace
    from drstate.journal.dynamodb_setup import TableFacts

KmsKey = Annotated[
    str | None,
    typer.Option("--kms-key", help="Key that encrypts the table, instead of AWS's own."),
]
CopyTo = Annotated[
    str,
    typer.Option(
        "--to", metavar="dynamodb://TABLE?region=REGION", help="The table, made by journal init."
    ),
]

app = typer.Typer(
    help="The journal: a file, or a table that machines share.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def journal() -> None:
    """The journal: a file, or a table that machines share."""


@app.command("init")
@verb
def init(common: Common, kms_key: KmsKey = None) -> None:
    """Make the shared journal's table: encrypted, restorable, protected from deletion."""
    from drstate.aws.clock import SystemClock
    from drstate.execution.journal_keeping import make_journal

    place = _place(common)
    found, warnings = make_journal(place, common.cwd, SystemClock(), kms_key=kms_key)
    for warning in warnings:
        say(f"warning: {warning}")
    emit(
        common,
        "drstate.journal-init/1",
        {"journal": str(place), "warnings": warnings, **asdict(found)},
        lambda: "\n".join(
            [
                f"{place} {'was made' if found.made else 'is there already'}",
                *_protection(found),
                f"use it everywhere: export DRSTATE_JOURNAL='{place}', or in Pulumi.yaml",
                "  drstate:",
                f"    journal: {place}",
            ]
        ),
    )


@app.command("show")
@verb
def show(common: Common) -> None:
    """Show where the journal is and what protects it."""
    from drstate.aws.clock import SystemClock
    from drstate.execution.journal_keeping import journal_facts
    from drstate.execution.readers import home_of
    from drstate.journal.address import JOURNAL_FILE, chosen

    place = chosen(common.cwd, sandbox=common.sandbox, asked=common.journal)
    if place is None:
        file = home_of(common.cwd, common.home, sandbox=common.sandbox) / JOURNAL_FILE
        told = f"{file}{'' if file.exists() else ' (made by the first command that needs it)'}"
        emit(common, "drstate.journal/1", {"journal": str(file)}, lambda: told)
        return
    _emulated(common)
    found = journal_facts(place, SystemClock())
    emit(
        common,
        "drstate.journal/1",
        {"journal": str(place), **asdict(found)},
        lambda: "\n".join([str(place), *_protection(found)]),
    )


@app.command("verify")
@verb
def verify(common: Common, execution: ExecutionId = None) -> None:
    """Prove that no event was changed, left out or added. Every execution, or one."""
    from drstate.execution.journal_keeping import prove

    with open_readers(common) as readers:
        found = prove(readers.journal, execution)
    broken = [one for one in found if one.broken]
    lines = [f"{one.execution}  {one.broken or f'{one.events} events, whole'}" for one in found]
    emit(
        common,
        "drstate.journal-verify/1",
        {"executions": [asdict(one) for one in found], "broken": len(broken)},
        lambda: "\n".join([*lines, f"{len(found)} executions, {len(broken)} broken"]),
    )
    if broken:
        say(f"help: {broken[0].hint}")
        raise typer.Exit(1)


@app.command("copy")
@verb
def copy(common: Common, to: CopyTo) -> None:
    """Copy the journal's file into a table, events with their hashes. May be repeated."""
    from drstate.aws.clock import SystemClock
    from drstate.execution.journal_keeping import copy_journal, wanted_table
    from drstate.execution.readers import home_of
    from drstate.journal.address import place_of

    place = wanted_table(place_of(to, "--to"))
    _emulated(common, to)
    home = home_of(common.cwd, common.home, sandbox=common.sandbox)
    done = copy_journal(home, place, SystemClock())
    text = (
        f"{done.executions} executions with {done.events} events and {done.catalogs} catalogs were "
        f"copied to {place}; {done.already} executions were there already\n"
        f"go on with it: export DRSTATE_JOURNAL='{place}' on every machine\n"
        f"the file in {home} is as it was: keep it as evidence"
    )
    emit(common, "drstate.journal-copy/1", {"to": str(place), **asdict(done)}, lambda: text)


def _place(common: Common) -> TablePlace:
    from drstate.execution.journal_keeping import wanted_table
    from drstate.journal.address import chosen

    place = wanted_table(chosen(common.cwd, sandbox=common.sandbox, asked=common.journal))
    _emulated(common)
    return place


def _emulated(common: Common, address: str | None = None) -> None:
    if common.sandbox:
        enter_emulated(common, address)


def _protection(found: TableFacts) -> list[str]:
    def told(on: bool) -> str:
        return "on" if on else "OFF: run drstate journal init again"

    return [
        f"  point-in-time recovery  {told(found.point_in_time_recovery)}",
        f"  deletion protection     {told(found.deletion_protection)}",
        f"  encryption              {found.encryption or 'with a key that AWS owns'}",
    ]
