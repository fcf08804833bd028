"""Every error that reaches a person, with its remedy and its exit code.

::

    DrstateError                 1    what happened, why, and the command that helps
    ├── UsageError               2    the command line is wrong (or lacks --yes)
    │   └── ConfigError          2    a file, tag or setting is wrong: field, value, mend
    ├── CredentialsError         3    no credentials, expired, or a role could not be assumed
    ├── UnknownNameError         6    no such scope, stack or execution; lists the known ones
    ├── UnexpectedChangesError   7    drift, or changes under --expect-no-changes
    ├── CancelledError           8    a person cancelled
    ├── TimedOutError            9    a budget or deadline ran out
    ├── RunInterruptedError    130    Ctrl-C or SIGTERM ended a run; carries the resume command
    ├── OperationError           1    something in AWS, the engine or the journal failed
    │   ├── AwsCallError         1    one AWS call failed (service, operation, code)
    │   ├── EngineError          1    a stack operation failed
    │   ├── PlanRefusedError     1    a safety rule refuses the plan; nothing was changed
    │   ├── StateError           1    a state file or lock is not usable; nothing was changed
    │   └── JournalError         1    the journal refuses (lease held, conflict, broken chain)
    └── InternalError          255    a bug in drstate

Retryability is part of the error, not a guess of the caller: ``transient`` may be tried again by
the program, ``permanent`` may not, ``needs_person`` waits for one.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """The documented exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CREDENTIALS = 3
    UNKNOWN_NAME = 6
    UNEXPECTED_CHANGES = 7
    CANCELLED = 8
    TIMED_OUT = 9
    WAITING = 10
    SKIPS = 11
    INTERRUPTED = 130
    BUG = 255


class Retry(StrEnum):
    """Who may try again."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    NEEDS_PERSON = "needs_person"


class DrstateError(Exception):
    """Base of all errors that are shown to a person.

    ``what`` is one sentence; ``why`` the cause as far as known; ``hint`` the command or edit that
    helps. ``str(error)`` is ``what`` alone, so that it reads well inside other messages.
    """

    exit_code: ExitCode = ExitCode.FAILED
    retry: Retry = Retry.PERMANENT

    def __init__(
        self, what: str, *, why: str = "", hint: str = "", retry: Retry | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        if retry is not None:
            self.retry = retry

    @property
    def code(self) -> str:
        """Stable machine name of the kind of error: the class name without ``Error``."""
        return type(self).__name__.removesuffix("Error")

    def as_dict(self) -> dict[str, str]:
        """What JSON output and the journal record of this error."""
        return {
            "code": self.code,
            "what": self.what,
            "why": self.why,
            "hint": self.hint,
            "retry": str(self.retry),
        }


class UsageError(DrstateError):
    """The command line is wrong."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A file, tag or setting is wrong. Name the field, the value and the mend."""


class CredentialsError(DrstateError):
    """No usable credentials, or a role that could not be assumed."""

    exit_code = ExitCode.CREDENTIALS
    retry = Retry.NEEDS_PERSON


class UnknownNameError(DrstateError):
    """No such scope, stack or execution."""

    exit_code = ExitCode.UNKNOWN_NAME


class UnexpectedChangesError(DrstateError):
    """Changes where none were expected."""

    exit_code = ExitCode.UNEXPECTED_CHANGES


class CancelledError(DrstateError):
    """A person cancelled."""

    exit_code = ExitCode.CANCELLED


class TimedOutError(DrstateError):
    """A budget or a deadline ran out."""

    exit_code = ExitCode.TIMED_OUT


class RunInterruptedError(DrstateError):
    """A run was interrupted. It is paused, and can be resumed."""

    exit_code = ExitCode.INTERRUPTED
    retry = Retry.NEEDS_PERSON


class OperationError(DrstateError):
    """Something in AWS, the engine or the journal failed."""


class AwsCallError(OperationError):
    """One AWS call failed for good, after the retries that its error allows."""

    def __init__(
        self,
        what: str,
        *,
        service: str,
        operation: str,
        aws_code: str,
        account: str = "",
        region: str = "",
        why: str = "",
        hint: str = "",
        retry: Retry | None = None,
    ) -> None:
        super().__init__(what, why=why, hint=hint, retry=retry)
        self.service = service
        self.operation = operation
        self.aws_code = aws_code
        self.account = account
        self.region = region


class EngineError(OperationError):
    """A stack operation failed."""


class PlanRefusedError(OperationError):
    """A safety rule refuses the plan. Nothing was changed."""


class StateError(OperationError):
    """A state file or a lock is not usable. Nothing was changed."""


class JournalError(OperationError):
    """The journal refuses: lease held, version conflict, broken chain."""


class LeaseLostError(JournalError):
    """Another runner holds the scope now. Nothing more may be written, or begun, by this one."""


class TakenOnError(JournalError):
    """Another worker has taken on what this one was at. Nothing more may be written for it."""


class TaskGoneError(JournalError):
    """Step Functions no longer waits for a worker's task. Nothing more may be written for it."""


class InternalError(DrstateError):
    """A bug in drstate."""

    exit_code = ExitCode.BUG
