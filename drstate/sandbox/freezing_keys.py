"""Keys and certificates of emulated services as text, for snapshots.

Their objects belong to a library that is not written in Python, and cannot be pickled. They are the
sandbox's own, made up at its start, and worth nothing outside of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LIBRARY = "cryptography."


def parts(found: Any) -> tuple[Callable[[bytes], Any], tuple[bytes]] | None:
    """How to make it anew from its text; None for what is no key and no certificate."""
    if not type(found).__module__.startswith(_LIBRARY):
        return None
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415 - few need it

    if hasattr(found, "private_bytes"):
        text = found.private_bytes(
            forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
        )
        return private_key, (text,)
    if hasattr(found, "public_bytes") and hasattr(found, "subject"):
        return certificate, (found.public_bytes(forms.Encoding.PEM),)
    return None


def private_key(text: bytes) -> Any:
    """A private key from its PEM."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - few need it
        load_pem_private_key,
    )

    return load_pem_private_key(text, password=None)


def certificate(text: bytes) -> Any:
    """A certificate from its PEM."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - few need it

    return load_pem_x509_certificate(text)
