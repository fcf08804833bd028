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


class PassphraseError(CredentialsError):
    """The passphrase of a stack's secrets is missing or is not the stack's own."""


class BackendError(EngineError):
    """The backend that keeps the state is out of reach."""

    retry = Retry.TRANSIENT


class PluginError(EngineError):
    """A provider plugin is missing, or does not start, answer or last."""


class DiskError(EngineError):
    """The state cannot be written: the disk is full or read-only."""

    retry = Retry.NEEDS_PERSON


#: an engine says that it could not keep what was done; without this, words like "connection
#: refused" are a cloud's about one resource
_RECORDING = re.compile("failed to save snapshot|could not be recorded|could not write")
_POINT = re.compile("^error: ", re.MULTILINE)
#: codes of what no stack operation gets past: nothing should be begun that a stack has to follow
STANDSTILL = frozenset(
    kind("").code for kind in (StateError, PassphraseError, BackendError, PluginError, DiskError)
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


def engine_failure(error: Exception, stack: str = "") -> DrstateError:
    """The drstate error for anything that an Automation API call raised.

    Without ``stack`` it was about no stack in particular.
    """
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
    known = _known(_named(stack), text)
    if known is not None:
        return known
    if isinstance(error, sdk.CommandError | OSError):
        return EngineError(
            f"the engine failed on {_named(stack)}",
            why=text or type(error).__name__,
            hint="check the engine and its backend: `drstate doctor`",
        )
    return InternalError(
        f"the engine broke on {_named(stack)}: {type(error).__name__}",
        why=text,
        hint="run again with --debug and report the traceback",
    )


def failed_outcome(outcome: StackOutcome) -> EngineError:
    """The error for an update that ran and failed, naming the resources that did.

    Where the engine's surroundings were the cause (a plugin, the disk), theirs is the error.
    """
    for text in outcome.errors.values():
        known = _known(_named(outcome.stack), text)
        kept = not _RECORDING.search(text)
        if isinstance(known, PluginError) or (isinstance(known, EngineError) and not kept):
            return known
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


def _named(stack: str) -> str:
    return f"stack {stack}" if stack else "the stacks"


def _known(named: str, text: str) -> DrstateError | None:
    return next((build(named, text) for pattern, build in _TABLE if pattern.search(text)), None)


def _words(error: Exception) -> str:
    text = str(error)
    stderr = text.rpartition("\n stderr: ")[2] if "\n stderr: " in text else text
    if not stderr.strip():  # failures of resources are told on stdout only
        stderr = text.partition("\n stdout: ")[2].rpartition("\n stderr: ")[0]
    said = plain(stderr)
    # libraries of the CLI talk before it comes to the point
    point = _POINT.search(said)
    return (said[point.end() :] if point else said).strip()


def _passphrase(named: str, text: str) -> DrstateError:
    return PassphraseError(
        f"the passphrase does not open {named}",
        why=text,
        hint="set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the stack's own",
    )


def _no_passphrase(named: str, text: str) -> DrstateError:
    return PassphraseError(
        f"there is no passphrase for {named}",
        why=text,
        hint="set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that can be "
        "read, or choose another secrets provider",
    )


def _plugin(named: str, text: str) -> DrstateError:
    return PluginError(
        f"a provider plugin for {named} is missing or does not work",
        why=text,
        hint="`drstate engine install`; `drstate doctor` tells what is there",
    )


def _broken_state(named: str, text: str) -> DrstateError:
    return StateError(
        f"the state of {named} cannot be read",
        why=text,
        hint="nothing was overwritten; restore the newest backup of the stack (`drstate doctor` "
        "names it), then run the command again",
    )


def _login(named: str, text: str) -> DrstateError:
    return CredentialsError(
        f"the state backend of {named} refuses the credentials",
        why=text,
        hint="`pulumi login`, or renew the credentials of the backend's account",
    )


def _backend(named: str, text: str) -> DrstateError:
    return BackendError(
        f"the state backend of {named} is out of reach",
        why=text,
        hint="check the backend's address (DRSTATE_BACKEND, PULUMI_BACKEND_URL), the network, and "
        "for a folder that it is mounted; `drstate doctor` tests it",
    )


def _disk(named: str, text: str) -> DrstateError:
    return DiskError(
        f"the state of {named} cannot be written",
        why=text,
        hint="make room, or make the folder writable; then `drstate resume`, or the same command "
        "again: what is done stays done",
    )


def _malformed_lock(named: str, text: str) -> DrstateError:
    stack = named.removeprefix("stack ")
    return StateError(
        f"a lock or state file of {named} is damaged",
        why=text,
        hint=f"if no update is running: `pulumi cancel --stack {stack}`, then run again",
    )


_Build = Callable[[str, str], DrstateError]
_TABLE: tuple[tuple[re.Pattern[str], _Build], ...] = tuple(
    (re.compile("|".join(words), re.IGNORECASE), build)
    for words, build in (
        (["incorrect passphrase"], _passphrase),
        (
            [
                "passphrase must be set",
                "PULUMI_CONFIG_PASSPHRASE.*(required|not set)",
                "unable to read PULUMI_CONFIG_PASSPHRASE_FILE",
            ],
            _no_passphrase,
        ),
        (
            [
                "no resource plugin",
                "could not (load|find|start) (the )?(resource )?plugin",
                "plugin .*(not found|exited|failed to)",
                "failed to load plugin",
                "no plugin for package",
                "the plugin for package '.*' (could|did|ended)",
                r"could not read plugin \[",
                r"plugin \[.*\] (did not begin|wrote an invalid port)",
                "parsing plugin options for",
            ],
            _plugin,
        ),
        (
            [
                "no space left on device",
                "disk is full",
                "disk quota",
                "quota is used up",
                "file too large",
                "(file system is read-only|read-only file system)",
                "could not write .*permission is denied",
                r"(open|mkdir|write|rename) \S+: permission denied",
            ],
            _disk,
        ),
        ([r"^unexpected end of JSON input$"], _malformed_lock),
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
                "get credentials: failed to refresh",
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
                "could not (list|read) .*(backend|bucket)",
                "permission denied",
            ],
            _backend,
        ),
    )
)
