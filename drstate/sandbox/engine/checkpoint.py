"""The state file: reading, checking, writing.

Format: version 3, one line of JSON, keys in the order in which the CLI writes them, secrets as
ciphertexts. A file that cannot be read is refused with the copy to restore it from, and is never
overwritten. It refuses to decrypt: see ``sealing``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import copy_durably, write_durably
from drstate.sandbox.engine.layout import Layout
from drstate.sandbox.engine.names import StackName

SCHEMA_VERSION = 3
ENGINE_VERSION = "v3.260.0"
#: what the CLI recognises its own manifest by
MAGIC = hashlib.sha256(ENGINE_VERSION.encode()).hexdigest()

_DEPLOYMENT_ORDER = (
    "manifest", "secrets_providers", "resources", "pending_operations", "metadata",
)  # fmt: skip
_RESOURCE_ORDER = (
    "urn", "custom", "delete", "id", "type", "inputs", "outputs", "parent", "protect", "taint",
    "external", "dependencies", "initErrors", "provider", "propertyDependencies",
    "pendingReplacement", "additionalSecretOutputs", "aliases", "deletedWith", "customTimeouts",
    "retainOnDelete", "importID", "created", "modified", "sourcePosition", "stackTrace",
    "ignoreChanges", "replaceOnChanges",
)  # fmt: skip
_RANK = {key: rank for rank, key in enumerate(_RESOURCE_ORDER)}


class UnreadableStateError(ValueError):
    """The bytes of a state file do not make sense."""


@dataclass(frozen=True)
class StateFile:
    """A state file as read. ``latest`` is None for a stack that never had a deployment."""

    path: Path
    stack: str
    latest: dict[str, Any] | None
    #: identifies exactly these bytes
    digest: str
    has_secrets: bool

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources, secrets as they are on disk."""
        return list((self.latest or {}).get("resources") or [])


def read_state(layout: Layout, stack: StackName) -> StateFile | None:
    """The state file of a stack; None if the stack does not exist.

    Raises FailedCommandError for a file that is damaged, naming the copy that can replace it.
    """
    path = layout.state(stack)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if path.with_name(path.name + ".gz").exists():
            raise FailedCommandError(
                f"the state file {path}.gz is compressed, which the embedded engine does not read; "
                "unset PULUMI_DIY_BACKEND_GZIP and run `pulumi stack import` once with the CLI"
            ) from None
        return None
    except OSError as error:
        raise FailedCommandError(
            f"could not read the state file {path}: {error.strerror}"
        ) from error
    try:
        return _parse(path, data)
    except ValueError as error:
        raise FailedCommandError(_damaged(layout, stack, path, error)) from error


def _parse(path: Path, data: bytes) -> StateFile:
    content = json.loads(data)
    if not isinstance(content, dict):
        raise UnreadableStateError("it is not a JSON object")
    if content.get("version") != SCHEMA_VERSION:
        raise UnreadableStateError(f"its version is {content.get('version')}, not {SCHEMA_VERSION}")
    checkpoint = content.get("checkpoint")
    if not isinstance(checkpoint, dict):
        raise UnreadableStateError("it has no checkpoint")
    latest = checkpoint.get("latest")
    if latest is not None and not isinstance(latest, dict):
        raise UnreadableStateError("its deployment is not an object")
    for resource in (latest or {}).get("resources") or []:
        if not isinstance(resource, dict) or not isinstance(resource.get("urn"), str):
            raise UnreadableStateError("one of its resources has no urn")
    return StateFile(
        path,
        str(checkpoint.get("stack", "")),
        latest,
        hashlib.sha256(data).hexdigest(),
        b'"ciphertext"' in data,
    )


def _damaged(layout: Layout, stack: StackName, path: Path, reason: ValueError) -> str:
    """What to say about a state file that cannot be read: the cause, and the way out."""
    head = (
        f"the state file {path} of stack '{stack.name}' is damaged and was left as it is: {reason}."
    )
    candidates = [layout.state_backup(stack)]
    candidates.extend(layout.backups(stack).glob(f"{stack.name}.*.json"))
    candidates.extend(layout.history(stack).glob(f"{stack.name}-*.checkpoint.json"))
    good: list[tuple[int, Path, StateFile]] = []
    for one in candidates:
        try:
            good.append((one.stat().st_mtime_ns, one, _parse(one, one.read_bytes())))
        except (OSError, ValueError):
            continue
    if not good:
        return f"{head} No readable backup was found beside it; restore the file from your own."
    _, best, state = max(good, key=lambda item: item[0])
    return (
        f"{head} Nothing was changed.\n"
        f"The newest good copy is {best} ({len(state.resources)} resources). To restore it:\n"
        f"    cp '{best}' '{path}'"
    )


#: made once: building an encoder takes longer than encoding a short value
_dump = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _rank(key: str) -> tuple[int, str]:
    return _RANK.get(key, len(_RANK)), key


def _resource_text(resource: dict[str, Any]) -> str:
    try:
        keys = sorted(resource, key=_RANK.__getitem__)
    except KeyError:
        keys = sorted(resource, key=_rank)
    return "{" + ",".join([f"{_dump(key)}:{_dump(resource[key])}" for key in keys]) + "}"


def _operation_text(operation: dict[str, Any]) -> str:
    return (
        f'{{"resource":{_resource_text(operation["resource"])},"type":{_dump(operation["type"])}}}'
    )


def _deployment_text(latest: dict[str, Any]) -> str:
    parts = []
    extra = sorted(set(latest) - set(_DEPLOYMENT_ORDER))
    for key in (*_DEPLOYMENT_ORDER, *extra):
        value = latest.get(key)
        if value is None or (key in ("resources", "pending_operations") and not value):
            continue
        if key == "resources":
            text = "[" + ",".join(_resource_text(one) for one in value) + "]"
        elif key == "pending_operations":
            text = "[" + ",".join(_operation_text(one) for one in value) + "]"
        elif key in ("manifest", "secrets_providers"):
            text = json.dumps(value, separators=(",", ":"))
        else:
            text = _dump(value)
        parts.append(f"{_dump(key)}:{text}")
    return "{" + ",".join(parts) + "}"


def ordered_state(latest: dict[str, Any]) -> dict[str, Any]:
    """A deployment with its keys in the order of a state file."""
    return dict(json.loads(_deployment_text(latest)))


def encode_state(qualified: str, latest: dict[str, Any]) -> bytes:
    """The bytes of a stack's state file. ``latest`` has its secrets as ciphertexts."""
    return (
        f'{{"version":{SCHEMA_VERSION},"checkpoint":{{"stack":{_dump(qualified)},'
        f'"latest":{_deployment_text(latest)}}}}}\n'
    ).encode()


def state_digest(data: bytes) -> str:
    """What identifies the bytes of a state file."""
    return hashlib.sha256(data).hexdigest()


def write_state(layout: Layout, stack: StackName, data: bytes) -> None:
    """Keep the former state as ``.bak`` and put the new one in its place, durably."""
    path = layout.state(stack)
    copy_durably(path, layout.state_backup(stack))
    write_durably(path, data)


def manifest(now: str) -> dict[str, str]:
    """The manifest of a deployment that is written at ``now``."""
    return {"time": now, "magic": MAGIC, "version": ENGINE_VERSION}


def secrets_provider(salt_line: str) -> dict[str, Any]:
    """What the state says about how its secrets are encrypted."""
    return {"type": "passphrase", "state": {"salt": salt_line}}


def salt_of(latest: dict[str, Any] | None) -> str | None:
    """The salt line of a deployment; None if it has none. Refuses other providers."""
    provider = (latest or {}).get("secrets_providers") or {}
    kind = provider.get("type")
    if kind in (None, ""):
        return None
    if kind != "passphrase":
        raise FailedCommandError(
            f"the state's secrets provider is '{kind}'; the embedded engine serves 'passphrase' "
            "only: change it with `pulumi stack change-secrets-provider passphrase`"
        )
    salt = (provider.get("state") or {}).get("salt")
    return str(salt) if salt else None
