"""How an exception is journaled: what, why, remedy. A bug is told as one, with its place."""

from __future__ import annotations

import traceback

from drstate.errors import DrstateError, InternalError
from drstate.model.events import ErrorInfo


def error_info(error: BaseException) -> ErrorInfo:
    """The journaled form of any error."""
    return ErrorInfo.model_validate(as_drstate(error).as_dict())


def as_drstate(error: BaseException) -> DrstateError:
    """The error itself, or an InternalError that names where a foreign one came from."""
    if isinstance(error, DrstateError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    return InternalError(
        f"{type(error).__name__}: {error}",
        why=f"drstate did not expect this (at {place})",
        hint="drstate logs shows the steps before it; report it with them",
    )
