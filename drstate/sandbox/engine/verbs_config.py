"""The config commands: show, get, set, remove, and bring back what the last update used.

They refuse environments (ESC), and never show a secret unless told to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from drstate.sandbox.engine import history
from drstate.sandbox.engine.configpath import (
    SECURE,
    Path,
    get_at,
    parse_path,
    remove_at,
    set_at,
    typed,
)
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.names import StackName
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.stackconfig import (
    Decrypt,
    as_text,
    full_key,
    has_secret,
    mask,
    revealed,
    short_key,
)
from drstate.sandbox.engine.stackfile import StackFile
from drstate.sandbox.engine.tables import columns, pretty


def config_json(stored: Mapping[str, Any], decrypt: Decrypt, *, reveal: bool) -> dict[str, Any]:
    """Configuration as the JSON that the Automation API reads."""
    return {key: _entry(stored[key], decrypt, reveal=reveal) for key in sorted(stored)}


def _entry(value: Any, decrypt: Decrypt, *, reveal: bool) -> dict[str, Any]:
    secret = has_secret(value)
    if secret and not reveal:
        return {"secret": True}
    plain = revealed(value, decrypt)
    entry: dict[str, Any] = {"value": as_text(plain)}
    if isinstance(plain, dict | list):
        entry["objectValue"] = plain
    entry["secret"] = secret
    return entry


def _open(session: Session) -> tuple[StackName, StackFile]:
    stack = session.name()
    session.store.require(stack)
    settings = session.settings(stack)
    if settings.environments:
        raise FailedCommandError(
            f"{settings.path} imports environments, which need Pulumi's service; the embedded "
            "engine does not read them: put the values under config"
        )
    return stack, settings


def _decrypt(session: Session, settings: StackFile) -> Decrypt:
    """Decrypts with the stack's key, opened at the first secret."""
    return lambda ciphertext: session.manager(settings).decrypt(ciphertext)


def show(session: Session) -> None:
    """All configuration of a stack."""
    _, settings = _open(session)
    reveal = session.parsed.on("show-secrets")
    stored = session.config(settings).stored
    decrypt = _decrypt(session, settings) if reveal else mask
    if session.parsed.on("json"):
        session.output.out(pretty(config_json(stored, decrypt, reveal=reveal)))
        return
    project = session.project.name
    rows = [
        (short_key(key, project), as_text(revealed(stored[key], decrypt))) for key in sorted(stored)
    ]
    for line in columns([("KEY", "VALUE"), *rows]):
        session.output.out(line)


def _target(session: Session, text: str) -> tuple[str, Path]:
    """The full key and the path below it."""
    project = session.project.name
    if not session.parsed.on("path"):
        return full_key(text, project), ()
    namespace, colon, rest = (
        text.rpartition(":") if "[" not in text.partition(":")[0] else ("", "", text)
    )
    steps = parse_path(rest)
    key = f"{namespace}{colon}{steps[0]}"
    return full_key(key, project), steps[1:]


def get(session: Session) -> None:
    """One value, in the clear."""
    stack, settings = _open(session)
    text = session.parsed.arguments[0]
    key, path = _target(session, text)
    stored = session.config(settings).stored
    value = get_at(stored.get(key), path) if key in stored else None
    if value is None:
        raise FailedCommandError(f"configuration key '{text}' not found for stack '{stack.name}'")
    entry = _entry(value, _decrypt(session, settings), reveal=True)
    session.output.out(pretty(entry) if session.parsed.on("json") else entry["value"])


def _put(session: Session, settings: StackFile, text: str, value: str, *, secret: bool) -> None:
    key, path = _target(session, text)
    if secret:
        new: Any = {SECURE: session.manager(settings).encrypt(value)}
    else:
        new = typed(value) if path else value
    settings.set_config(key, set_at(settings.config.get(key), path, new, text))


def set_(session: Session) -> None:
    """Set one value."""
    _, settings = _open(session)
    name, *given = session.parsed.arguments
    if not given and session.host.read_input is None:
        raise FailedCommandError("config value must be given when running in non-interactive mode")
    value = given[0] if given else _without_newline(session.host.read_input)
    secret = session.parsed.on("secret")
    if secret and session.parsed.on("plaintext"):
        raise FailedCommandError("only one of --secret and --plaintext may be given")
    _put(session, settings, name, value, secret=secret)
    settings.save()


def _without_newline(read: Callable[[], str] | None) -> str:
    text = read() if read is not None else ""
    return text.removesuffix("\n")


def set_all(session: Session) -> None:
    """Set several values at once: all or none."""
    _, settings = _open(session)
    document = session.parsed.value("json")
    if document is not None:
        for key, entry in _document(document).items():
            _put(session, settings, key, entry["value"], secret=entry["secret"])
    for flag, assignment in session.parsed.ordered:
        if flag in ("plaintext", "secret"):
            name, equals, value = assignment.partition("=")
            if not equals:
                raise FailedCommandError(f"config value not set for key '{name}': give key=value")
            _put(session, settings, name, value, secret=flag == "secret")
    settings.save()


def _document(text: str) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(text)
        found = {}
        for key, entry in document.items():
            value = entry.get("value")
            if value is None:
                value = as_text(entry["objectValue"])
            found[str(key)] = {"value": str(value), "secret": bool(entry.get("secret", False))}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise FailedCommandError(
            f"could not parse --json: {error}; it has the form that `pulumi config --json` prints"
        ) from error
    return found


def _drop(session: Session, settings: StackFile, text: str) -> None:
    key, path = _target(session, text)
    if key not in settings.config:
        return
    if not path:
        settings.remove_config(key)
    else:
        settings.set_config(key, remove_at(settings.config[key], path))


def rm(session: Session) -> None:
    """Remove one value; removing what is not there is no error."""
    _, settings = _open(session)
    _drop(session, settings, session.parsed.arguments[0])
    settings.save()


def rm_all(session: Session) -> None:
    """Remove several values."""
    _, settings = _open(session)
    for text in session.parsed.arguments:
        _drop(session, settings, text)
    settings.save()


def refresh(session: Session) -> None:
    """Bring back the configuration that the last update used."""
    stack, settings = _open(session)
    found = history.entries(session.layout, stack, 1, 1)
    if not found:
        raise FailedCommandError(
            f"no previous deployment of stack '{stack.name}' has any configuration"
        )
    last = found[0].get("config") or {}
    if not session.parsed.on("force") and settings.config and settings.config != last:
        raise FailedCommandError(
            f"the configuration in {settings.path} would be replaced; pass --force to proceed"
        )
    for key in [key for key in settings.config if key not in last]:
        settings.remove_config(key)
    for key, value in last.items():
        settings.set_config(key, _ordered_like(settings.config.get(key), value))
    settings.save()


def _ordered_like(old: Any, new: Any) -> Any:
    """``new`` with the keys that ``old`` has first, in old's order: the file moves little."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    keys = [key for key in old if key in new] + [key for key in new if key not in old]
    return {key: _ordered_like(old.get(key), new[key]) for key in keys}
