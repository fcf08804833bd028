"""stack output, export and import: what a stack's state holds.

They show secrets only when told to, and ask for the passphrase only then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from drstate.sandbox.engine.checkpoint import (
    SCHEMA_VERSION,
    encode_state,
    ordered_state,
    salt_of,
    write_state,
)
from drstate.sandbox.engine.failure import FailedCommandError, refused
from drstate.sandbox.engine.files import remove
from drstate.sandbox.engine.locks import StackLock
from drstate.sandbox.engine.names import StackName
from drstate.sandbox.engine.sealing import shown, unwrapped
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.statedit import import_state
from drstate.sandbox.engine.tables import columns, pretty


def output(session: Session) -> None:
    """The stack's outputs, or one of them."""
    stack = session.name()
    reveal = session.parsed.on("show-secrets")
    resources = _resources(session, stack)
    root = next((one for one in resources if one["type"] == "pulumi:pulumi:Stack"), {})
    sealed_outputs: dict[str, Any] = dict(sorted((root.get("outputs") or {}).items()))
    decrypt = _state_decrypt(session, stack, check=reveal) if reveal else None
    outputs = unwrapped(sealed_outputs, decrypt)
    if session.parsed.arguments:
        _one_output(session, outputs, session.parsed.arguments[0])
    elif session.parsed.on("json"):
        session.output.out(pretty(outputs))
    else:
        session.output.out(f"Current stack outputs ({len(outputs)}):")
        rows = [("OUTPUT", "VALUE"), *((key, text(value)) for key, value in outputs.items())]
        if outputs:
            for line in columns([tuple(row) for row in rows]):
                session.output.out(f"    {line}")
        else:
            session.output.out("    No output values currently in this stack")


def text(value: Any) -> str:
    """An output as one text."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _one_output(session: Session, outputs: Mapping[str, Any], name: str) -> None:
    if name not in outputs:
        raise FailedCommandError(f"current stack does not have output property '{name}'")
    value = outputs[name]
    session.output.out(pretty(value) if session.parsed.on("json") else text(value))


def _resources(session: Session, stack: StackName) -> list[dict[str, Any]]:
    """Resources with secrets in whatever form, including what an interrupted update left."""
    if session.store.has_left_overs(stack):
        loaded = session.store.load(stack, session.state_cipher)
        return list((loaded.deployment or {}).get("resources") or [])
    return session.store.require(stack).resources


def _state_decrypt(session: Session, stack: StackName, *, check: bool) -> Any:
    """Decrypts what is in the state; asks for the passphrase at once where there are secrets."""
    state = session.store.require(stack)
    salt = salt_of(state.latest)
    if salt is None or not (check and state.has_secrets):
        return lambda ciphertext: ciphertext
    return session.state_cipher(salt).decrypt


def export(session: Session) -> None:
    """The deployment as JSON, to stdout or a file."""
    stack = session.name()
    state = session.store.require(stack)
    latest: Any = state.latest
    try:
        if session.store.has_left_overs(stack):
            latest = session.store.load(stack, session.state_cipher).deployment
            if not session.parsed.on("show-secrets"):
                latest = session.store.sealed(latest, session.manager(session.settings(stack)))
        decrypt = (
            _state_decrypt(session, stack, check=True)
            if session.parsed.on("show-secrets")
            else None
        )
    except FailedCommandError as failure:
        raise FailedCommandError(
            f"could not deserialize deployment: {failure.message}"
        ) from failure
    if decrypt is not None:
        latest = shown(latest, decrypt)
    shape = None if latest is None else ordered_state(latest)
    document = pretty({"version": SCHEMA_VERSION, "deployment": shape})
    file = session.parsed.value("file")
    if file:
        try:
            (session.cwd / file).write_text(document + "\n", encoding="utf-8")
        except OSError as error:
            raise FailedCommandError(
                f"could not export deployment: write {file}: {error.strerror}"
            ) from error
    else:
        session.output.out(document)


def import_(session: Session) -> None:
    """Replace the deployment by one from a file or from standard input."""
    stack = session.name()
    session.store.require(stack)
    content = _given(session)
    latest = import_state(content, stack, force=session.parsed.on("force"), warn=session.output.err)
    with StackLock(session.layout, stack, session.host):
        for journal in session.layout.side_journals(stack):
            remove(journal)
        write_state(
            session.layout,
            stack,
            encode_state(stack.qualified, _sealed_import(session, stack, latest)),
        )
    session.output.out("Import complete.")


def _given(session: Session) -> str:
    file = session.parsed.value("file")
    if not file:
        if session.host.read_input is None:
            raise refused("reading a deployment from stdin inside a process", "give --file")
        return session.host.read_input()
    try:
        return (session.cwd / file).read_text(encoding="utf-8")
    except OSError as error:
        reason = (
            "no such file or directory" if isinstance(error, FileNotFoundError) else error.strerror
        )
        raise FailedCommandError(f"could not open file: open {file}: {reason}") from error
    except UnicodeDecodeError as error:
        raise FailedCommandError(f"could not read file {file}: it is no text ({error})") from error


def _sealed_import(session: Session, stack: StackName, latest: dict[str, Any]) -> dict[str, Any]:
    """An imported deployment with plain secrets encrypted."""
    if '"plaintext"' not in json.dumps(latest):
        return latest
    sealed = session.store.sealed(latest, session.manager(session.settings(stack)))
    return sealed if sealed is not None else latest
