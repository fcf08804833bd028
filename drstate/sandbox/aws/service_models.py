"""Descriptions of services for moto: read through one reader that keeps what it has found.

moto makes a reader for each service anew, and each looks through all of botocore's folders first,
which takes longer than reading the description.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core import utils

from drstate.aws import models

from .extend import MotoChangedError


def install() -> None:
    """Have moto read through the shared reader."""
    if not hasattr(utils, "_load_service_model"):
        raise MotoChangedError("moto reads service models in another way now; look at it again")
    utils._load_service_model = _read  # noqa: SLF001 - moto has no other way in


def load(service: str) -> None:
    """Read one description, unless there is none of that name."""
    try:
        utils.get_service_model(service)
    except UnknownServiceError:
        return


def _read(service: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = models.reader().load_service_model(service, kind)
    return found
