"""How a command of the embedded engine ends badly.

A failure carries the exit code and the text for stderr, so that the Automation API recognises it
by the same words as the CLI's. It refuses to be used for bugs: those propagate as they are.
"""

from __future__ import annotations

CODE_FAILED = 1
#: nobody said yes, and nobody can be asked
CODE_NO_CONSENT = 2
CODE_STACK_NOT_FOUND = 6
CODE_UNEXPECTED_CHANGES = 7
CODE_TERMINATED = 8


class FailedCommandError(Exception):
    """Ends a command with ``code``; ``message`` goes to stderr after ``error: ``."""

    def __init__(self, message: str, code: int = CODE_FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class SilentFailureError(FailedCommandError):
    """Ends a command with ``code`` where the display has said everything already."""

    def __init__(self, code: int = CODE_FAILED) -> None:
        super().__init__("", code)


def stack_not_found(name: str) -> FailedCommandError:
    """The failure by which the Automation API tells that a stack does not exist."""
    return FailedCommandError(f"no stack named '{name}' found", CODE_STACK_NOT_FOUND)


def refused(what: str, remedy: str) -> FailedCommandError:
    """Something that the CLI can do and the embedded engine deliberately does not."""
    return FailedCommandError(f"the embedded engine does not do {what}; {remedy}")
