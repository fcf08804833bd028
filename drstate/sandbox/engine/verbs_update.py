"""up, preview, refresh and destroy: one update from lock to history.

The deployment half carries it out. It refuses to start on a state that does not hang together,
beside another update, or without a program where one is needed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drstate.sandbox.engine.collector import fewer_collections
from drstate.sandbox.engine.contract import ImportSpec, UpdateResult
from drstate.sandbox.engine.delivery import delivery, display_title
from drstate.sandbox.engine.failure import FailedCommandError, SilentFailureError
from drstate.sandbox.engine.integrity import findings
from drstate.sandbox.engine.job import (
    Job,
    Kind,
    prepare,
    request_of,
    spare_protected,
    with_program,
)
from drstate.sandbox.engine.locks import StackLock
from drstate.sandbox.engine.recording import recorded
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.store import LoadedState
from drstate.sandbox.engine.verbs_stack import forget


def up(session: Session) -> None:
    """Carry out what the program declares."""
    run_update(session, "update", dry_run=False)


def preview(session: Session) -> None:
    """Show what ``up`` would do."""
    run_update(session, "preview", dry_run=True)


def refresh(session: Session) -> None:
    """Bring the state in line with what exists."""
    run_update(session, "refresh", dry_run=session.parsed.on("preview-only"))


def destroy(session: Session) -> None:
    """Delete every resource of the stack."""
    run_update(session, "destroy", dry_run=session.parsed.on("preview-only"))


def run_update(
    session: Session, kind: Kind, *, dry_run: bool, imports: tuple[ImportSpec, ...] = ()
) -> None:
    """Check, lock, carry out and remember one update."""
    job = prepare(session, kind, dry_run=dry_run, imports=imports)
    if job.options.exclude_protected:
        spared = spare_protected(job)
        if spared is None:
            return
        job = spared
    if dry_run:
        display_title(job)
        _carry_out(job, None)
        return
    with StackLock(session.layout, job.stack, session.host) as lock:
        if not session.parsed.on("skip-preview"):
            first = replace(job, dry_run=True)
            display_title(first)
            _carry_out(first, None)
        display_title(job)
        _carry_out(job, lock)
    if kind == "destroy" and job.options.exclude_protected and job.options.targets:
        session.output.out("All unprotected resources were destroyed.")
    elif kind == "destroy" and job.options.remove_stack:
        forget(session, job.stack)
        session.output.out(
            "The resources in the stack have been deleted, and the history and configuration "
            "removed."
        )
    elif kind == "destroy" and not job.options.targets:
        session.output.out(
            "The resources in the stack have been deleted, but the history and configuration "
            "associated with the stack are still maintained.\nIf you want to remove the stack "
            f"completely, run `pulumi stack rm {job.stack.name}`."
        )


def _load(job: Job, lock: StackLock | None) -> LoadedState:
    session = job.session
    if lock is None:
        loaded = session.store.load(job.stack, session.state_cipher)
    else:
        loaded = session.store.settle(job.stack, session.state_cipher, job.cipher)
    finding = next(findings(loaded.deployment or {}), None)
    if finding is not None:
        raise FailedCommandError(
            f"snapshot integrity failure; refusing to use it: {finding}\n"
            f"The state file {loaded.file.path} was left as it is. Repair it with `pulumi stack "
            "export`, an editor and `pulumi stack import`, or go back to a backup beside it"
        )
    return loaded


def _carry_out(job: Job, lock: StackLock | None) -> None:
    loaded = _load(job, lock)
    with delivery(job) as emit, with_program(job, emit) as ready, fewer_collections():
        if lock is None:
            result = job.session.deployer.run(request_of(ready, loaded), _Nowhere(), emit)
        else:
            result = recorded(ready, lock, loaded, emit)
    _conclude(result)


def _conclude(result: UpdateResult) -> None:
    if result.code == 0:
        return
    if result.error:
        raise FailedCommandError(result.error, result.code)
    raise SilentFailureError(result.code)


class _Nowhere:
    """The step log of a preview: there are no steps to keep."""

    def append(self, record: dict[str, Any]) -> None:
        """Drop it."""
