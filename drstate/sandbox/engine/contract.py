"""What the two halves of the embedded engine say to each other.

The *front* (command line, backend files, secrets, locks, history, display) owns everything that is
on disk. The *deployment* half (monitor, steps, providers, events) owns everything that happens
during one update. They meet here, in plain data.

Property values travel everywhere in the wire form of the plugin protocol as plain JSON: a secret is
``{SIG_KEY: SIG_SECRET, "value": <plain>}``, an asset/archive/reference/output is the dict with its
own signature, an unknown is the well-known UUID string. Only the front turns ``value`` into
``ciphertext`` (and back) when it writes (reads) a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

SIG_KEY = "4dabf18193072939515e22adb298388d"
SIG_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, not a secret

#: A deployment as in ``stack export`` (the inner ``deployment`` object, schema version 3):
#: ``manifest``, ``secrets_providers``, ``resources``, ``pending_operations``, ``metadata``;
#: secrets in the clear (wire form).
Deployment = dict[str, Any]
#: An engine event exactly as the CLI's JSON event log writes it (without ``sequence`` and
#: ``timestamp``, which the front adds).
Event = dict[str, Any]
#: One durable record of the step log, opaque to the front; made and folded by the deployment half.
StepRecord = dict[str, Any]


@dataclass(frozen=True)
class UpdateOptions:
    """The flags of preview, up, refresh and destroy. Lists hold URNs (wildcards allowed)."""

    parallel: int = 16
    targets: tuple[str, ...] = ()
    target_dependents: bool = False
    excludes: tuple[str, ...] = ()
    exclude_dependents: bool = False
    replaces: tuple[str, ...] = ()
    refresh: bool = False
    expect_no_changes: bool = False
    continue_on_error: bool = False
    exclude_protected: bool = False
    run_program: bool = False
    remove_stack: bool = False
    clear_pending_creates: bool = False
    diff: bool = False
    show_secrets: bool = False


@dataclass(frozen=True)
class ImportSpec:
    """One resource that ``pulumi import`` brings into the state. References are URNs."""

    type: str
    name: str
    id: str
    parent: str = ""
    #: provider reference ``urn::id``; empty: the default provider of the type's package
    provider: str = ""
    protect: bool = True


@dataclass(frozen=True)
class ProgramAddress:
    """Where the language runtime of the program listens (``--client=host:port``)."""

    address: str
    work_dir: str
    program: str = "."


@dataclass(frozen=True)
class UpdateRequest:
    """One update to carry out."""

    kind: Literal["preview", "update", "refresh", "destroy", "import"]
    dry_run: bool
    organization: str
    project: str
    stack: str
    #: full keys ``ns:key`` -> decrypted value as the program receives it
    config: Mapping[str, str]
    secret_keys: tuple[str, ...]
    #: the same config as events show it (``[secret]`` for secrets)
    shown_config: Mapping[str, str]
    options: UpdateOptions
    #: None where the program is not run (destroy, refresh)
    program: ProgramAddress | None
    #: provider package name -> folder or executable of its plugin (Pulumi.yaml plugins.providers)
    plugins: Mapping[str, str]
    #: the state before (None: never updated)
    base: Deployment | None
    #: environment for plugins and the program's run request
    env: Mapping[str, str] = field(default_factory=dict)
    #: (host, port) etc. of the runner may set it to end the update early
    cancelled: Callable[[], bool] = field(default=lambda: False)
    #: … or at once: operations under way are given up, and stay pending
    terminated: Callable[[], bool] = field(default=lambda: False)
    #: how long plugins may take to give up after a cancellation, seconds
    grace: float = 30.0
    #: keep plugins out of the terminal's reach: an interrupt is the engine's to pass on
    detached: bool = False
    #: every plain text that is a secret of the configuration, those inside objects too
    secret_texts: tuple[str, ...] = ()
    #: what to bring in (kind "import"; no program is run, everything else stays as it is)
    imports: tuple[ImportSpec, ...] = ()


@dataclass
class UpdateResult:
    """How it ended. ``code``: 0 ok, 1 failed, 7 changes where none were expected."""

    code: int
    #: resourceChanges of the summary event (op -> count)
    changes: dict[str, int]
    #: the message of the final ``error:`` line, if any
    error: str | None = None


class StepLog(Protocol):
    """Where completed steps go. ``append`` returns only when the record is durable (fsync)."""

    def append(self, record: StepRecord) -> None:
        """Keep a record. Returns when it is durable."""
        ...


class Deployer(Protocol):
    """The deployment half: ``drstate.sandbox.engine.deploy.deployer`` provides it."""

    def run(
        self, request: UpdateRequest, log: StepLog, emit: Callable[[Event], None]
    ) -> UpdateResult:
        """Carry out one update: events to ``emit``, durable records to ``log``."""
        ...

    def fold(self, base: Deployment | None, records: Iterable[StepRecord]) -> Deployment:
        """The state after the records. Pure; used at the end of an update and after a kill."""
        ...
