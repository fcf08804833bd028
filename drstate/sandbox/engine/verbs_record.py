"""stack history and stack tag: what is kept about a stack beside its state.

They refuse nothing but what cannot be read, and leave the state alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.sandbox.engine import history, tags
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.host import seconds_rfc3339
from drstate.sandbox.engine.names import StackName
from drstate.sandbox.engine.passphrase import IncorrectPassphraseError, MissingPassphraseError
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.stackconfig import mask
from drstate.sandbox.engine.tables import columns, pretty
from drstate.sandbox.engine.verbs_config import config_json


def list_history(session: Session) -> None:
    """Past updates, newest first."""
    stack = session.name()
    session.store.require(stack)
    size, page = (_number(session, name) for name in ("page-size", "page"))
    found = history.entries(session.layout, stack, size, page or 1)
    reveal = session.parsed.on("show-secrets")
    if not session.parsed.on("json"):
        for line in _history_lines(found):
            session.output.out(line)
        return
    rows = []
    for one in found:
        row = {
            "kind": one["kind"],
            "startTime": seconds_rfc3339(one["startTime"]),
            "message": one.get("message", ""),
            "environment": one.get("environment") or {},
            "config": _history_config(session, stack, one.get("config") or {}, reveal=reveal),
            "result": one["result"],
            "endTime": seconds_rfc3339(one["endTime"]),
            "version": one.get("version", 0),
            "resourceChanges": one.get("resourceChanges") or {},
        }
        rows.append(row)
    session.output.out(pretty(rows))


def _number(session: Session, flag: str) -> int:
    text = session.parsed.value(flag, "0") or "0"
    if not text.isdigit():
        raise FailedCommandError(f'invalid argument "{text}" for "--{flag}": give a number')
    return int(text)


def _history_config(
    session: Session, stack: StackName, config: Mapping[str, Any], *, reveal: bool
) -> dict[str, Any]:
    settings = session.settings(stack)

    def decrypt(ciphertext: str) -> str:
        if settings.salt is None:
            raise FailedCommandError(f"decrypting secrets: {settings.path} has no encryptionsalt")
        try:
            return session.cipher_of(settings.salt).decrypt(ciphertext)
        except (IncorrectPassphraseError, MissingPassphraseError) as error:
            raise FailedCommandError(f"decrypting secrets: {error}") from error

    return config_json(config, decrypt if reveal else mask, reveal=reveal)


def _history_lines(found: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for index, one in enumerate(found):
        if index:
            lines.append("")
        changes = one.get("resourceChanges") or {}
        lines.append(f"Version: {one.get('version', 0)}")
        lines.append(f"UpdateKind: {one['kind']}")
        lines.append(f"Status: {one['result']}")
        lines.append(f"Message: {one['message']}")
        counts = (
            f"+{changes.get('create', 0)}-{changes.get('delete', 0)}~{changes.get('update', 0)}"
        )
        took = one["endTime"] - one["startTime"]
        lines.append(
            f"{counts} {changes.get('same', 0)} Updated {seconds_rfc3339(one['startTime'])} "
            f"took {took}s"
        )
        lines.extend(f"    {key}: {value}" for key, value in one.get("environment", {}).items())
    return lines


def tag_ls(session: Session) -> None:
    """The stack's tags."""
    stack = session.name()
    session.store.require(stack)
    found = tags.read_tags(session.layout, stack)
    if session.parsed.on("json"):
        session.output.out(pretty(found))
        return
    for line in columns([("NAME", "VALUE"), *found.items()]):
        session.output.out(line)


def tag_get(session: Session) -> None:
    """One tag."""
    stack, name = session.name(), session.parsed.arguments[0]
    session.store.require(stack)
    found = tags.read_tags(session.layout, stack)
    if name not in found:
        raise FailedCommandError(f"stack tag '{name}' not found for stack '{stack.name}'")
    session.output.out(found[name])


def tag_set(session: Session) -> None:
    """Set a tag."""
    stack, (name, value) = session.name(), session.parsed.arguments
    session.store.require(stack)
    tags.write_tags(session.layout, stack, {**tags.read_tags(session.layout, stack), name: value})


def tag_rm(session: Session) -> None:
    """Remove a tag; removing what is not there is no error."""
    stack, name = session.name(), session.parsed.arguments[0]
    session.store.require(stack)
    found = tags.read_tags(session.layout, stack)
    found.pop(name, None)
    tags.write_tags(session.layout, stack, found)
