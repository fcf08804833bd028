"""KMS: symmetric keys need no RSA key pair, which moto makes for each and which is slow."""

from __future__ import annotations

from typing import Any

from moto.kms import models

_generate = models.generate_private_key


def _generate_where_needed(key_spec: str) -> Any:
    return None if key_spec == "SYMMETRIC_DEFAULT" else _generate(key_spec)


def install() -> None:
    """Correct moto's KMS."""
    models.generate_private_key = _generate_where_needed
