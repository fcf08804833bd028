"""Runs an update with every step kept, then makes the steps the new state.

The order is what keeps a kill harmless: each step into the side journal, all of them into the
state file, then backup and history, and only then is the lock let go. It refuses to overwrite
what somebody else wrote in between.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from drstate.sandbox.engine import history
from drstate.sandbox.engine.checkpoint import ENGINE_VERSION
from drstate.sandbox.engine.contract import Event, UpdateResult
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import write_durably
from drstate.sandbox.engine.job import Job, request_of
from drstate.sandbox.engine.locks import StackLock
from drstate.sandbox.engine.sealing import sealed
from drstate.sandbox.engine.steplog import Header, SideJournalWriter
from drstate.sandbox.engine.store import ChangedMeanwhileError, LoadedState

#: kinds that history names otherwise
_HISTORY_KINDS = {"import": "resource-import"}
#: variables whose value a history entry shows
_TRUTHS = frozenset({"PULUMI_SKIP_UPDATE_CHECK", "PULUMI_DEBUG_COMMANDS", "PULUMI_EXPERIMENTAL"})


def recorded(
    job: Job, lock: StackLock, loaded: LoadedState, emit: Callable[[Event], None]
) -> UpdateResult:
    """Run with every step kept, then turn the steps into the new state."""
    session, host = job.session, job.session.host
    header = Header(loaded.file.digest, job.cipher.salt_line, host.user(), host.pid(), host.name())
    path = session.layout.side_journal(job.stack, lock.run)
    log = SideJournalWriter(path, header, lambda record: sealed(record, job.cipher))
    began = host.stamp()
    result = UpdateResult(code=1, changes={})
    try:
        cancelled = lambda: host.interrupted() or not lock.is_ours  # noqa: E731
        request = request_of(job, loaded, cancelled=cancelled)
        result = session.deployer.run(request, log, emit)
    finally:
        try:
            data = _commit(job, loaded, log)
        finally:
            log.close()
        _remember(job, began, result, data)
    return result


def _commit(job: Job, loaded: LoadedState, log: SideJournalWriter) -> bytes:
    """Fold the steps into the state file. The side journal goes last."""
    session = job.session
    deployment = session.deployer.fold(loaded.deployment, log.records)
    data = session.store.encode(job.stack, deployment, job.cipher, loaded.known)
    try:
        session.store.replace(job.stack, data, loaded.file, log.mark_folded)
    except ChangedMeanwhileError as error:
        raise FailedCommandError(
            f"{error.message}; all its steps are listed in {log.set_aside()}. Run `pulumi refresh` "
            "and `pulumi preview` to see what is missing"
        ) from error
    log.discard()
    return data


def _remember(job: Job, began: int, result: UpdateResult, state: bytes) -> None:
    """The backup and the history entry of an update."""
    session, host = job.session, job.session.host
    stamp = host.stamp()
    write_durably(session.layout.backups(job.stack) / f"{job.stack.name}.{stamp}.json", state)
    entry = history.Entry(
        kind=_HISTORY_KINDS.get(job.kind, job.kind),
        start=began // 1_000_000_000,
        end=stamp // 1_000_000_000,
        message=session.parsed.value("message") or "",
        environment=_environment(job),
        config=job.config.stored,
        succeeded=result.code in (0, 7),
        changes=result.changes,
    )
    history.save_entry(session.layout, job.stack, host.stamp(), entry, state)


def _environment(job: Job) -> dict[str, str]:
    """What a history entry says about how the engine was called. No values, only that they are."""
    session = job.session
    found = {
        "exec.kind": session.parsed.value("exec-kind") or "cli",
        "pulumi.arch": "amd64" if sys.maxsize > 2**32 else "386",
        "pulumi.os": sys.platform,
        "pulumi.version": ENGINE_VERSION,
        "stack.environments": "[]",
        "updatePlan": "false",
        "drstate.engine": "embedded",
    }
    found.update(
        {
            f"pulumi.env.{key}": "true" if key in _TRUTHS else "set"
            for key in session.env
            if key.startswith("PULUMI_")
        }
    )
    found.update({f"pulumi.flag.{name}": shown for name, shown in session.parsed.shown.items()})
    if session.parsed.value("client"):
        found["runtime.name"] = "client"
        found["runtime.executable"] = sys.executable
        found["runtime.version"] = ".".join(str(part) for part in sys.version_info[:3])
    elif job.source is not None:
        found["runtime.name"] = session.project.runtime.name
        found["runtime.executable"] = job.source.executable
    return found
