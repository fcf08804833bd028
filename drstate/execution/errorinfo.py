"""How an exception is journaled: what, why, remedy. A bug is told as one, with its place."""

from __future__ import annotations

import traceback

from drstate.errors import DrstateError, InternalError
from drstate.execution.advice import in_run
from drstate.model.events import ErrorInfo
from drstate.model.plan import Plan


def error_info(error: BaseException, *, plan: Plan | None = None, again: str = "") -> ErrorInfo:
    """The form of any error that is kept as data.

    ``plan`` and ``again``: of a step that failed in a run, the run's plan and the command that
    repeats the step; its hint then is advice for that run.
    """
    told = as_drstate(error).as_dict()
    if plan is not None:
        told["hint"] = in_run(told["hint"], again, plan)
    return ErrorInfo.model_validate(told)


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
