"""The state of one stack: loaded with what an interrupted update left, and committed whole.

Loading folds left-over side journals in memory; only a holder of the lock writes the result. A
commit marks the side journal, replaces the state file, then removes the journal, in this order,
so that a kill at any point loses no step and applies none twice. It refuses to overwrite a state
that somebody else wrote after it was loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from drstate.sandbox.engine.checkpoint import (
    StateFile,
    encode_state,
    manifest,
    read_state,
    salt_of,
    secrets_provider,
    state_digest,
    write_state,
)
from drstate.sandbox.engine.contract import Deployment, StepRecord
from drstate.sandbox.engine.failure import FailedCommandError, stack_not_found
from drstate.sandbox.engine.files import remove
from drstate.sandbox.engine.host import Host, rfc3339
from drstate.sandbox.engine.layout import Layout
from drstate.sandbox.engine.names import StackName
from drstate.sandbox.engine.passphrase import Cipher
from drstate.sandbox.engine.sealing import Known, revealed, revealed_state, sealed_state
from drstate.sandbox.engine.steplog import ORPHANED, SideJournal, read_side_journal

Fold = Callable[[Deployment | None, Iterable[StepRecord]], Deployment]
#: gives the cipher of a salt line, asking for the passphrase only when called
OpenCipher = Callable[[str], Cipher]


@dataclass
class LoadedState:
    """A stack's state, secrets in the engine's form where ``deployment`` is given."""

    file: StateFile
    deployment: Deployment | None
    known: Known = field(default_factory=dict)
    #: side journals whose steps are contained in ``deployment`` but not in the file
    pending: list[SideJournal] = field(default_factory=list)
    #: side journals that have nothing to add: folded before, or of an older state
    spent: list[SideJournal] = field(default_factory=list)


class ChangedMeanwhileError(FailedCommandError):
    """Somebody else wrote the state while an update was running."""


class StateStore:
    """Reads and writes the state of stacks in one backend."""

    def __init__(self, layout: Layout, host: Host, fold: Fold) -> None:
        self._layout = layout
        self._host = host
        self._fold = fold

    def require(self, stack: StackName) -> StateFile:
        """The state file as it is on disk, side journals left aside. Fails without a stack."""
        state = read_state(self._layout, stack)
        if state is None:
            raise stack_not_found(stack.name)
        return state

    def load(self, stack: StackName, open_cipher: OpenCipher) -> LoadedState:
        """The state with every completed step, secrets revealed."""
        file = self.require(stack)
        known: Known = {}
        latest = file.latest
        if latest is not None and file.has_secrets:
            salt = salt_of(latest)
            if salt is None:
                raise FailedCommandError(f"the state file {file.path} has secrets but no salt")
            latest = revealed_state(latest, open_cipher(salt).decrypt, known)
        loaded = LoadedState(file, latest, known)
        for path in self._layout.side_journals(stack):
            journal = read_side_journal(path)
            if journal is None or not journal.records:
                continue
            if journal.header.base != file.digest:
                loaded.spent.append(journal)
                continue
            decrypt = open_cipher(journal.header.salt).decrypt
            records = [revealed(record, decrypt) for record in journal.records]
            loaded.deployment = self._fold(loaded.deployment, records)
            loaded.pending.append(journal)
        return loaded

    def has_left_overs(self, stack: StackName) -> bool:
        """Whether an interrupted update left steps that are not in the state file yet."""
        return bool(self._layout.side_journals(stack))

    def settle(self, stack: StackName, open_cipher: OpenCipher, cipher: Cipher) -> LoadedState:
        """Load, and write what an interrupted update left. The caller holds the lock.

        Side journals of an older state are kept under another name: their steps may be news.
        """
        loaded = self.load(stack, open_cipher)
        if loaded.pending:
            # the manifest stays: this is the state that reading commands have shown all along
            data = self.encode(
                stack, loaded.deployment or {}, cipher, loaded.known, keep_manifest=True
            )
            write_state(self._layout, stack, data)
        for journal in (*loaded.pending, *loaded.spent):
            lost = journal in loaded.spent and journal.folded != loaded.file.digest
            if lost:
                journal.path.rename(journal.path.with_suffix(ORPHANED))
            else:
                remove(journal.path)
        if loaded.pending:
            loaded.file = self.require(stack)
            loaded.pending = []
        loaded.spent = []
        return loaded

    def encode(
        self,
        stack: StackName,
        deployment: Deployment,
        cipher: Cipher | None,
        known: Known,
        *,
        keep_manifest: bool = False,
    ) -> bytes:
        """The bytes of a state file for a deployment in the engine's form."""
        latest: dict[str, Any] = dict(deployment)
        if not (keep_manifest and latest.get("manifest")):
            latest["manifest"] = manifest(rfc3339(self._host.now()))
        latest.setdefault("metadata", {})
        if cipher is not None:
            if salt_of(deployment) not in (None, cipher.salt_line):
                known = {}  # ciphertexts of another key are of no use
            latest["secrets_providers"] = secrets_provider(cipher.salt_line)
            latest = sealed_state(latest, cipher, known)
        return encode_state(stack.qualified, latest)

    def sealed(self, latest: Deployment | None, cipher: Cipher) -> Deployment | None:
        """A deployment with its secrets as ciphertexts, newly encrypted."""
        if latest is None:
            return None
        provider = secrets_provider(cipher.salt_line)
        return sealed_state({**latest, "secrets_providers": provider}, cipher, {})

    def replace(
        self, stack: StackName, data: bytes, base: StateFile, before: Callable[[str], None]
    ) -> None:
        """Put new bytes in place of ``base``. ``before`` is told their digest just before.

        Raises FailedCommandError if the state was changed by somebody else in the meantime.
        """
        current = read_state(self._layout, stack)
        if current is None or current.digest != base.digest:
            raise ChangedMeanwhileError(
                f"the state of stack '{stack.name}' was changed by somebody else during this "
                "update (its lock was cancelled). Their state was kept, with the steps that this "
                "update had done by then"
            )
        before(state_digest(data))
        write_state(self._layout, stack, data)
