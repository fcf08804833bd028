"""What goes wrong inside the plugin, and how it is told to the engine.

::

    ProviderError           any failure with a message for a person
    ├── AwsRefusedError            an AWS call failed: what was tried, operation, code, message
    ├── NotReadyError              created, but it does not become ready (the engine keeps it, with
    │                         initErrors)
    ├── TookTooLongError           a wait ran out of its time
    └── StoppedError             the engine told the plugin to stop

These travel to the engine as gRPC status messages, so they are texts, not drstate's own errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError


class ProviderError(Exception):
    """A failure whose text is meant for a person."""


class AwsRefusedError(ProviderError):
    """An AWS call failed. ``code`` is AWS's error code."""

    def __init__(self, doing: str, operation: str, code: str, message: str) -> None:
        super().__init__(f"{doing}: {operation}: {code}: {message}")
        self.code = code


class NotReadyError(ProviderError):
    """The resource exists under ``ident`` but is not ready, for the reason given."""

    def __init__(self, ident: str, reason: str) -> None:
        super().__init__(reason)
        self.ident = ident


class TookTooLongError(ProviderError):
    """A wait ran out of its time."""


class StoppedError(ProviderError):
    """The engine told the plugin to stop while it waited."""


@contextmanager
def made(ident: str) -> Iterator[None]:
    """What fails in here fails after the resource exists: the engine has to keep it."""
    try:
        yield
    except ClientError as error:
        raise NotReadyError(ident, str(aws_failure("after it was made", error))) from error
    except ProviderError as problem:
        raise NotReadyError(ident, str(problem)) from problem


def aws_failure(doing: str, error: Any) -> AwsRefusedError:
    """A botocore ``ClientError`` in the words that are shown: code and message are AWS's own."""
    detail = error.response.get("Error", {})
    return AwsRefusedError(
        doing,
        getattr(error, "operation_name", "?"),
        detail.get("Code", "Unknown"),
        detail.get("Message", str(error)),
    )


def code_of(error: Any) -> str:
    """The AWS error code of a botocore ``ClientError``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def unserved(error: Any) -> bool:
    """Whether an emulator says that it does not have the operation at all."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 501 or code_of(error) in _UNSERVED


#: What emulators answer for an operation that they lack; AWS itself answers none of these.
_UNSERVED = frozenset(
    {"500", "501", "NotImplemented", "NotImplementedException", "SandboxNotImplemented"}
)
