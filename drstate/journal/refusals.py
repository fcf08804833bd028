"""What the journal says when it refuses, the same in every store."""

from __future__ import annotations

from drstate.errors import JournalError, LeaseLostError, Retry, UnknownNameError
from drstate.journal.port import Lease
from drstate.model.catalog import Catalog


def unknown_execution(execution: str, latest: list[str]) -> UnknownNameError:
    """No such execution; ``latest`` are the newest known ones."""
    known = f"the latest are {', '.join(latest)}" if latest else "there is no execution yet"
    return UnknownNameError(
        f"there is no execution {execution}", why=known, hint="list them with 'drstate history'"
    )


def exists_already(execution: str) -> JournalError:
    """An execution is created once."""
    return JournalError(
        f"execution {execution} exists already",
        why="an execution is created once, by its first event",
        hint=f"go on with it: drstate resume {execution}",
    )


def has_ended(execution: str, status: str) -> JournalError:
    """Nothing follows the end."""
    return JournalError(
        f"execution {execution} has ended ({status})",
        why="nothing can be added to an execution that has ended",
        hint="start a new one with 'drstate up'",
    )


def lease_held(lease: Lease) -> JournalError:
    """Another runner has the scope."""
    return JournalError(
        f"{lease.scope} is being run by {lease.runner} on {lease.host} (process {lease.pid})",
        why=f"its lease lasts until {lease.expires_at.isoformat(timespec='seconds')}",
        hint="follow it with 'drstate watch'; if that process is gone, 'drstate resume' takes over "
        "once the lease has run out",
        retry=Retry.NEEDS_PERSON,
    )


def lease_lost(scope: str, holder: Lease | None) -> LeaseLostError:
    """The writer's lease is no longer the scope's."""
    if holder is None:
        why = "it was released, or was never taken"
    else:
        why = f"{holder.runner} on {holder.host} (process {holder.pid}) holds it now"
    return LeaseLostError(
        f"the lease of {scope} is lost; nothing was written",
        why=why,
        hint="see who goes on with 'drstate status', then 'drstate resume' if nobody does",
    )


def fence_missing(scope: str) -> JournalError:
    """A runner's event without its fence."""
    return JournalError(
        f"an event of {scope} came without the fence of a lease",
        why="only a person's decisions are recorded without one",
        hint="this is a bug in drstate: report it",
    )


def version_conflict(catalog: Catalog, stored: int) -> JournalError:
    """Somebody else saved in between."""
    return JournalError(
        f"the catalog of {catalog.scope} was changed by another drstate",
        why=f"version {stored} is stored, this change was made on version {catalog.version}",
        hint="run the command again: it starts from the present catalog",
        retry=Retry.TRANSIENT,
    )
