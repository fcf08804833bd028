"""What can go wrong inside an update, and how much of it stops.

``BailError`` ends the registration it happens in, and the update; the diagnostic has been emitted
by then. ``ProviderError`` is an answer of a provider. ``TerminatedError`` is what calls of the
program meet once the update is over.
"""

from __future__ import annotations

from enum import IntEnum

from .values import Properties


class Status(IntEnum):
    """What is known of the resource after a failed operation."""

    OK = 0
    PARTIAL = 1
    UNKNOWN = 2


class BailError(Exception):
    """The update cannot go on; whoever raised it has said why in a diagnostic."""


class TerminatedError(Exception):
    """The monitor takes no more calls: the update failed or was cancelled."""

    def __init__(self) -> None:
        super().__init__("resource monitor shut down while waiting on step's done channel")


class EngineError(Exception):
    """Something to tell the user in a diagnostic before the update ends."""

    def __init__(self, message: str, urn: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.urn = urn


def unrecorded(error: Exception) -> EngineError:
    """What to say when the step log takes no more (disk full, read-only)."""
    return EngineError(
        f"what was done could not be recorded: {error}. Mend that, then run the update again: "
        "operations under way are listed as pending."
    )


class ProviderError(Exception):
    """A provider refused or failed a call."""

    def __init__(self, message: str, status: Status = Status.UNKNOWN) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class InitFailedError(ProviderError):
    """The resource exists, but did not become ready."""

    def __init__(
        self, identity: str, outputs: Properties, inputs: Properties, reasons: list[str]
    ) -> None:
        lines = "".join(f"\t* {reason}\n" for reason in reasons)
        noun = "error" if len(reasons) == 1 else "errors"
        super().__init__(f"{len(reasons)} {noun} occurred:\n{lines}\n", Status.PARTIAL)
        self.id = identity
        self.outputs = outputs
        self.inputs = inputs
        self.reasons = reasons
