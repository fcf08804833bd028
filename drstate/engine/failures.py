"""Turns what the Automation API raises into drstate's errors, each with its remedy.

The SDK tells its errors apart by words; so does this module, in one table, for what the SDK
leaves as plain ``CommandError``. Words of commands never become part of a decision elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pulumi.automation import errors as sdk

from drstate.engine.outcome import plain, urn_name
from drstate.errors import (
    CredentialsError,
    DrstateError,
    EngineError,
    InternalError,
    Retry,
    StateError,
    UnknownNameError,
)
from drstate.model.stackops import StackOutcome

_HOLDER = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")


@dataclass(frozen=True)
class Holder:
    """Who holds a stack's lock."""

    user: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since}"


def holders_in(text: str) -> tuple[Holder, ...]:
    """The lock holders that an engine's refusal names."""
    return tuple(
        Holder(one["user"], one["host"], int(one["pid"]), one["at"])
        for one in _HOLDER.finditer(text)
    )


class LockedError(StateError):
    """Somebody else has locked the stack; ``holders`` as far as they are known."""

    retry = Retry.NEEDS_PERSON

    def __init__(self, stack: str, holders: tuple[Holder, ...]) -> None:
        who = ", ".join(str(holder) for holder in holders) or "another update"
        super().__init__(
            f"stack {stack} is locked by {who}",
            why="another update is running there, or one was killed and left its lock",
            hint="let it finish; if it is dead, `drstate resume` clears the lock and goes on "
            f"(by hand: `pulumi cancel --stack {stack}`)",
        )
        self.holders = holders


def engine_failure(error: Exception, stack: str) -> DrstateError:
    """The drstate error for anything that an Automation API call raised."""
    if isinstance(error, DrstateError):
        return error
    text = _words(error)
    if isinstance(error, sdk.ConcurrentUpdateError):
        return LockedError(stack, holders_in(text))
    if isinstance(error, sdk.StackNotFoundError):
        return UnknownNameError(
            f"there is no stack {stack}",
            why=text,
            hint="list the stacks: `pulumi stack ls`; a first `drstate up --phase replicate` "
            "creates them",
        )
    if isinstance(error, sdk.InvalidVersionError):
        return EngineError(
            "the Pulumi CLI does not fit the SDK", why=text, hint="upgrade the Pulumi CLI"
        )
    for pattern, build in _TABLE:
        if pattern.search(text):
            return build(stack, text)
    if isinstance(error, sdk.CommandError | OSError):
        return EngineError(
            f"the engine failed on stack {stack}",
            why=text or type(error).__name__,
            hint="check the engine and its backend: `drstate doctor`",
        )
    return InternalError(
        f"the engine broke on stack {stack}: {type(error).__name__}",
        why=text,
        hint="run again with --debug and report the traceback",
    )


def failed_outcome(outcome: StackOutcome) -> EngineError:
    """The error for an update that ran and failed, naming the resources that did."""
    named = {urn: text for urn, text in outcome.errors.items() if urn}
    lines = [f"{urn_name(urn)}: {text}" for urn, text in named.items()]
    if not named:
        lines = list(outcome.errors.values())
    count = f"{len(named)} resource{'s' if len(named) != 1 else ''} failed" if named else "failed"
    return EngineError(
        f"stack {outcome.stack}: {count}",
        why="\n".join(lines),
        hint="mend the cause and run `drstate resume`: what is done stays done",
    )


def _words(error: Exception) -> str:
    text = str(error)
    stderr = text.rpartition("\n stderr: ")[2] if "\n stderr: " in text else text
    if not stderr.strip():  # failures of resources are told on stdout only
        stderr = text.partition("\n stdout: ")[2].rpartition("\n stderr: ")[0]
    return plain(stderr).removeprefix("error: ").strip()


def _passphrase(stack: str, text: str) -> DrstateError:
    return CredentialsError(
        f"the passphrase does not open stack {stack}",
        why=text,
        hint="set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the stack's own",
    )


def _no_passphrase(stack: str, text: str) -> DrstateError:
    return CredentialsError(
        f"stack {stack} needs a passphrase",
        why=text,
        hint="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, or choose another "
        "secrets provider",
    )


def _plugin(stack: str, text: str) -> DrstateError:
    return EngineError(
        f"a provider plugin for stack {stack} is missing or does not start",
        why=text,
        hint="`drstate engine install`; what is there tells `drstate doctor`",
    )


def _broken_state(stack: str, text: str) -> DrstateError:
    return StateError(
        f"the state of stack {stack} cannot be read",
        why=text,
        hint="nothing was overwritten; restore the newest backup of the stack (`drstate doctor` "
        "names it), then run the command again",
    )


def _login(stack: str, text: str) -> DrstateError:
    return CredentialsError(
        f"the state backend of stack {stack} refuses the credentials",
        why=text,
        hint="`pulumi login`, or renew the credentials of the backend's account",
    )


def _backend(stack: str, text: str) -> DrstateError:
    return EngineError(
        f"the state backend of stack {stack} is out of reach",
        why=text,
        hint="check PULUMI_BACKEND_URL and the network; `drstate doctor` tests it",
        retry=Retry.TRANSIENT,
    )


def _malformed_lock(stack: str, text: str) -> DrstateError:
    return StateError(
        f"a lock or state file of stack {stack} is damaged",
        why=text,
        hint=f"if no update is running: `pulumi cancel --stack {stack}`, then run again",
    )


_Build = Callable[[str, str], DrstateError]
_TABLE: tuple[tuple[re.Pattern[str], _Build], ...] = tuple(
    (re.compile("|".join(words), re.IGNORECASE), build)
    for words, build in (
        (["incorrect passphrase"], _passphrase),
        (
            ["passphrase must be set", "PULUMI_CONFIG_PASSPHRASE.*(required|not set)"],
            _no_passphrase,
        ),
        (
            [
                "no resource plugin",
                "could not (load|find|start) (the )?(resource )?plugin",
                "plugin .*(not found|exited|failed to)",
                "failed to load plugin",
            ],
            _plugin,
        ),
        (
            [
                "could not deserialize deployment",
                r"unmarshal\w* (checkpoint|deployment|state)",
                "unexpected end of JSON",
                "snapshot integrity",
                "checkpoint .*(damaged|broken|cannot)",
                "state file .*(damaged|broken|cannot|not readable)",
            ],
            _broken_state,
        ),
        (["invalid character"], _malformed_lock),
        (
            [
                "not logged in",
                "PULUMI_ACCESS_TOKEN must be set",
                "invalid access token",
                r"\b(AccessDenied|ExpiredToken|InvalidAccessKeyId|SignatureDoesNotMatch)\b",
            ],
            _login,
        ),
        (
            [
                "connection refused",
                "no such host",
                "i/o timeout",
                "unable to (open|check|connect)",
                "could not reach",
                "NoSuchBucket",
                "backend folder .* does not exist",
                "backend .* is not served",
                "no backend is configured",
                "read-only file system",
                "permission denied",
            ],
            _backend,
        ),
    )
)
