"""The passphrase secrets provider: keys, ciphertexts and the salt line of a stack.

The key is PBKDF2-HMAC-SHA256 over the passphrase (1,000,000 rounds, 32 bytes); the cipher is
AES-256-GCM with a 12-byte nonce and no associated data; a text is ``v1:<nonce>:<ciphertext>``.
The salt line ``v1:<salt>:<text>`` carries an encrypted known word, by which a wrong passphrase is
noticed. It refuses every other provider, and never writes a passphrase or key anywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ITERATIONS = 1_000_000
KEY_BYTES = 32
SALT_BYTES = 8
NONCE_BYTES = 12
CHECK_WORD = "pulumi"
VERSION = "v1"
#: what the sandbox seals with unless it is told otherwise. Everybody knows it, so that a salt of
#: one's own protects nothing: with one salt for all, the key is derived once
PUBLIC = "sandbox"
PUBLIC_SALT = b"drstate!"

_keys: dict[tuple[str, bytes], bytes] = {}
_key_locks: dict[tuple[str, bytes], threading.Lock] = {}
_guard = threading.Lock()


class SecretsError(Exception):
    """Something about the secrets of a stack."""


class IncorrectPassphraseError(SecretsError):
    """The passphrase does not open the salt line."""


class MissingPassphraseError(SecretsError):
    """No passphrase was given by any of the ways."""


class DamagedCiphertextError(SecretsError):
    """A ciphertext or salt line is not of the known form, or was altered."""


def passphrase_of(env: Mapping[str, str]) -> str:
    """The passphrase from PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.

    An empty PULUMI_CONFIG_PASSPHRASE is a passphrase. Raises MissingPassphraseError.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in env:
        return env["PULUMI_CONFIG_PASSPHRASE"]
    file = env.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise MissingPassphraseError(
                f"unable to read PULUMI_CONFIG_PASSPHRASE_FILE {file}: {error.strerror}"
            ) from error
    raise MissingPassphraseError(
        "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or "
        "PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
    )


def derive_key(passphrase: str, salt: bytes) -> bytes:
    """The key of a passphrase and salt. Derived once per process (it takes about 0.2 s)."""
    index = (passphrase, salt)
    with _guard:
        known = _keys.get(index)
        if known is not None:
            return known
        lock = _key_locks.setdefault(index, threading.Lock())
    with lock:
        known = _keys.get(index)
        if known is None:
            known = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ITERATIONS, KEY_BYTES)
            with _guard:
                _keys[index] = known
        return known


def preload() -> None:
    """Derive the public key, for processes that are forked from this one."""
    derive_key(PUBLIC, PUBLIC_SALT)


class Cipher:
    """Encrypts and decrypts texts with one key. Safe to use from several threads."""

    def __init__(self, key: bytes, salt_line: str, entropy: Callable[[int], bytes]) -> None:
        self._aes = AESGCM(key)
        self._entropy = entropy
        self.salt_line = salt_line

    def encrypt(self, text: str) -> str:
        """``v1:<nonce>:<ciphertext>``; two calls with one text give different results."""
        return _seal(self._aes, text, self._entropy)

    def decrypt(self, text: str) -> str:
        """The text behind ``v1:<nonce>:<ciphertext>``. Raises DamagedCiphertextError."""
        return _open(self._aes, text)


def _seal(aes: AESGCM, text: str, entropy: Callable[[int], bytes]) -> str:
    nonce = entropy(NONCE_BYTES)
    sealed = aes.encrypt(nonce, text.encode(), None)
    parts = (base64.b64encode(nonce).decode(), base64.b64encode(sealed).decode())
    return f"{VERSION}:{parts[0]}:{parts[1]}"


def _open(aes: AESGCM, text: str) -> str:
    parts = text.split(":")
    if len(parts) != 3 or parts[0] != VERSION:
        raise DamagedCiphertextError("a ciphertext has the form v1:<nonce>:<ciphertext>")
    try:
        nonce, sealed = (base64.b64decode(part, validate=True) for part in parts[1:])
        return aes.decrypt(nonce, sealed, None).decode()
    except (binascii.Error, ValueError, InvalidTag) as error:
        raise DamagedCiphertextError(
            "a ciphertext was altered, or belongs to another key: restore the file that it is in"
        ) from error


def new_cipher(passphrase: str, entropy: Callable[[int], bytes]) -> Cipher:
    """A cipher with a fresh salt; its ``salt_line`` goes into the stack's settings and state."""
    salt = PUBLIC_SALT if passphrase == PUBLIC else entropy(SALT_BYTES)
    key = derive_key(passphrase, salt)
    check = _seal(AESGCM(key), CHECK_WORD, entropy)
    return Cipher(key, f"{VERSION}:{base64.b64encode(salt).decode()}:{check}", entropy)


def open_cipher(passphrase: str, salt_line: str, entropy: Callable[[int], bytes]) -> Cipher:
    """The cipher behind a salt line.

    Raises IncorrectPassphraseError, or DamagedCiphertextError for a line of another form.
    """
    parts = salt_line.split(":", 2)
    if len(parts) != 3 or parts[0] != VERSION:
        raise DamagedCiphertextError(
            "the salt has the form v1:<salt>:v1:<nonce>:<ciphertext>; restore encryptionsalt "
            "from version control or from the state file"
        )
    try:
        salt = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise DamagedCiphertextError("the salt is not base64") from error
    key = derive_key(passphrase, salt)
    try:
        word = _open(AESGCM(key), parts[2])
    except DamagedCiphertextError as error:
        raise IncorrectPassphraseError("incorrect passphrase") from error
    if word != CHECK_WORD:
        raise IncorrectPassphraseError("incorrect passphrase")
    return Cipher(key, salt_line, entropy)
