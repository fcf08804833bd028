"""Turns secrets in property values into ciphertexts and back.

Inside the engine a secret is ``{signature, "value": <plain>}``; on disk it is
``{signature, "ciphertext": ...}`` over the value's JSON (keys sorted, no spaces); an export that
shows secrets has ``{signature, "plaintext": <that JSON>}``. A value that did not change keeps its
old ciphertext, so that an unchanged state is an unchanged file. It refuses nothing: values that
are no secrets pass through, shared and not copied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from drstate.sandbox.engine.contract import SIG_KEY, SIG_SECRET
from drstate.sandbox.engine.passphrase import Cipher

#: (where in the state, the plain JSON) -> the ciphertext it had when it was read
Known = dict[tuple[str, str], str]
Change = Callable[[dict[str, Any], str], Any]


def canonical(value: Any) -> str:
    """A value as JSON, keys sorted, no spaces: what is encrypted."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def is_secret(value: Any) -> bool:
    """Whether a property value is a secret, in any of the three forms."""
    return isinstance(value, dict) and value.get(SIG_KEY) == SIG_SECRET


def map_secrets(value: Any, change: Change, where: str = "") -> Any:
    """``value`` with every outermost secret replaced; parts without secrets are shared."""
    if isinstance(value, dict):
        if value.get(SIG_KEY) == SIG_SECRET:
            return change(value, where)
        return _mapped(value, value.items(), change, where)
    if isinstance(value, list):
        copied = None
        for index, item in enumerate(value):
            new = map_secrets(item, change, f"{where}/{index}")
            if new is not item:
                if copied is None:
                    copied = list(value)
                copied[index] = new
        return value if copied is None else copied
    return value


def _mapped(
    value: dict[str, Any], items: Iterable[tuple[str, Any]], change: Change, where: str
) -> dict[str, Any]:
    copied = None
    for key, item in items:
        if isinstance(item, dict | list):
            new = map_secrets(item, change, f"{where}/{key}")
            if new is not item:
                if copied is None:
                    copied = dict(value)
                copied[key] = new
    return value if copied is None else copied


def _secret(field: str, value: Any) -> dict[str, Any]:
    return {SIG_KEY: SIG_SECRET, field: value}


def plain_json(secret: dict[str, Any], decrypt: Callable[[str], str]) -> str:
    """The JSON behind a secret in any form."""
    if "ciphertext" in secret:
        return decrypt(secret["ciphertext"])
    if "plaintext" in secret:
        return str(secret["plaintext"])
    return canonical(secret.get("value"))


def revealed(
    value: Any, decrypt: Callable[[str], str], where: str = "", known: Known | None = None
) -> Any:
    """From disk or an export to the engine's form; ``known`` collects the ciphertexts met."""

    def change(secret: dict[str, Any], at: str) -> Any:
        text = plain_json(secret, decrypt)
        if known is not None and "ciphertext" in secret:
            known[at, text] = secret["ciphertext"]
        return _secret("value", json.loads(text))

    return map_secrets(value, change, where)


def sealed(value: Any, cipher: Cipher, where: str = "", known: Known | None = None) -> Any:
    """From the engine's form to disk."""

    def change(secret: dict[str, Any], at: str) -> Any:
        text = plain_json(secret, cipher.decrypt)
        old = known.get((at, text)) if known is not None else None
        return _secret("ciphertext", old or cipher.encrypt(text))

    return map_secrets(value, change, where)


def shown(value: Any, decrypt: Callable[[str], str]) -> Any:
    """From disk to what an export with secrets prints."""
    return map_secrets(value, lambda secret, _: _secret("plaintext", plain_json(secret, decrypt)))


def unwrapped(value: Any, decrypt: Callable[[str], str] | None, mask: str = "[secret]") -> Any:
    """Outputs as people see them: the plain value, or ``mask`` where ``decrypt`` is None."""

    def change(secret: dict[str, Any], _: str) -> Any:
        if decrypt is None:
            return mask
        return unwrapped(json.loads(plain_json(secret, decrypt)), decrypt)

    return map_secrets(value, change)


def sealed_state(latest: dict[str, Any], cipher: Cipher, known: Known) -> dict[str, Any]:
    """A deployment with all its secrets as ciphertexts."""
    return _by_resource(latest, lambda part, at: sealed(part, cipher, at, known))


def revealed_state(
    latest: dict[str, Any], decrypt: Callable[[str], str], known: Known
) -> dict[str, Any]:
    """A deployment with all its secrets in the engine's form."""
    return _by_resource(latest, lambda part, at: revealed(part, decrypt, at, known))


def _by_resource(latest: dict[str, Any], change: Callable[[Any, str], Any]) -> dict[str, Any]:
    new = dict(latest)
    for field in ("resources", "pending_operations"):
        parts = latest.get(field)
        if parts:
            # by URN, not by position: the order changes, the secret does not
            new[field] = [change(part, _urn(part)) for part in parts]
    return new


def _urn(part: dict[str, Any]) -> str:
    inner = part.get("resource", part)
    return str(inner.get("urn", ""))
