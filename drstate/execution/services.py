"""The composition root: from a project folder to everything that use cases work with.

``Services`` knows where things are (journal, scope files, engine, state) and makes them when they
are first needed, so that a command that only reads the journal starts without Pulumi and boto3. It
makes no decisions: use cases do. The sandbox is handed in by the caller; nothing here imports it.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from drstate.aws.clock import Clock, SystemClock
from drstate.engine.stopping import Stopping
from drstate.errors import ConfigError, StateError, UnknownNameError
from drstate.execution.lease import Runner, identity
from drstate.execution.memory import available_bytes
from drstate.execution.readers import STATE_FOLDER, Readers, home_of
from drstate.journal.address import VARIABLE as JOURNAL_VARIABLE
from drstate.journal.port import Journal
from drstate.model.scope import Scope, ScopeKey

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.aws.caller import AwsCaller, OnRetry
    from drstate.engine.choice import EngineChoice
    from drstate.engine.settings import EngineSettings
    from drstate.engine.stacks import Stacks
    from drstate.model.actor import Actor
    from drstate.model.plan import Plan

#: the sandbox's stacks hold nothing secret; their passphrase is known to everybody
SANDBOX_PASSPHRASE = "sandbox"  # noqa: S105
_PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105


#: makes the embedded engine's command; its type is the engine room's business
EngineFactory = Callable[[], Any]


#: told instead of an engine where no stack is updated
ACTIONS_ONLY = "no engine (actions only)"


class Services:
    """Everything that use cases work with. Close it, or use it as a context."""

    def __init__(
        self,
        project_dir: Path,
        *,
        sandbox: bool,
        readers: Readers,
        clock: Clock,
        operator: str,
        embedded: EngineFactory | None,
        engine: str | None,
        env: Mapping[str, str],
        home: Path,
        plugins: Mapping[str, Path],
        stopping: Stopping | None = None,
    ) -> None:
        self.project_dir = project_dir
        #: folder of the journal and, in the sandbox, of the stacks' state
        self.home = home
        self._plugins = dict(plugins)
        self.sandbox = sandbox
        self.readers = readers
        self.clock = clock
        self.operator = operator
        self._embedded = embedded
        self._engine_wanted = engine
        self._env = dict(env)
        self._actor: Actor | None = None
        self._engine: EngineChoice | None = None
        self._stacks: Stacks | None = None
        #: ends engine commands early
        self.stopping = stopping if stopping is not None else Stopping()
        #: how long an answer of AWS is waited for, seconds; None: as long as usual
        self.read_seconds: float | None = None
        #: bytes that are left on this machine; None: it does not tell
        self.memory: Callable[[], int | None] = available_bytes

    @classmethod
    def open(
        cls,
        project_dir: Path,
        *,
        sandbox: bool = False,
        sandbox_env: Mapping[str, str] | None = None,
        embedded: EngineFactory | None = None,
        engine: str | None = None,
        operator: str | None = None,
        clock: Clock | None = None,
        journal: Journal | None = None,
        journal_at: str | None = None,
        home: Path | None = None,
        plugins: Mapping[str, Path] | None = None,
        stopping: Stopping | None = None,
    ) -> Services:
        """Services of the project in ``project_dir``; ``home`` is ``.drstate`` in it by default.

        ``journal_at`` is the journal's address, where the command line gives one.
        ``plugins`` (provider package -> folder) serve the sandbox's own Pulumi project.
        In the sandbox, ``sandbox_env`` (where AWS is emulated, with which keys) becomes part of
        this process's environment: boto3 and the provider plugins read it there, and one process
        works in one world only. Raises ConfigError for a sandbox without an environment, StateError
        for a damaged journal.
        """
        folder = project_dir.resolve()
        env = dict(sandbox_env or {})
        if sandbox and not env.get("AWS_ENDPOINT_URL"):
            raise ConfigError(
                "the sandbox is not running",
                why="no endpoint of an emulated AWS is known",
                hint="start it: drstate sandbox start",
            )
        if sandbox:
            env.setdefault(_PASSPHRASE, SANDBOX_PASSPHRASE)
            os.environ.update(env)
            os.environ.pop("AWS_PROFILE", None)
        used = clock or SystemClock()
        if journal_at:
            # processes that this one starts work with the same journal
            os.environ[JOURNAL_VARIABLE] = journal_at
        if journal is None:
            readers = Readers.open(
                folder, sandbox=sandbox, home=home, clock=used, journal=journal_at
            )
        else:
            readers = Readers(journal, used)
        return cls(
            folder,
            sandbox=sandbox,
            readers=readers,
            clock=used,
            operator=operator or f"{getpass.getuser()}@{socket.gethostname()}",
            embedded=embedded,
            engine=engine,
            env=env,
            home=home_of(folder, home, sandbox=sandbox),
            plugins=plugins or {},
            stopping=stopping,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the journal. Closing twice is fine."""
        self.readers.close()

    @property
    def journal(self) -> Journal:
        """The journal."""
        return self.readers.journal

    # scopes

    def scopes(self) -> list[ScopeKey]:
        """Every scope that the project describes."""
        from drstate.inventory.scopes import known_scopes  # noqa: PLC0415 loaded when it is needed

        return known_scopes(self.project_dir)

    def scope(self, customer: str, environment: str) -> Scope:
        """The scope as its file describes it. Raises UnknownNameError, ConfigError."""
        from drstate.inventory.scopes import load_scope  # noqa: PLC0415 loaded when it is needed

        return load_scope(self.project_dir, customer, environment)

    # rooms that are heavy to import

    def technologies(self) -> tuple[Adapter, ...]:
        """Every adapter, by technology's name."""
        from drstate.adapters.registry import load_adapters  # noqa: PLC0415 loaded when it is needed

        return load_adapters()

    def adapter(self, technology: str) -> Adapter:
        """The adapter of a technology. Raises ConfigError."""
        from drstate.adapters.registry import adapter_for  # noqa: PLC0415 loaded when it is needed

        return adapter_for(technology)

    def caller(
        self,
        scope: Scope,
        *,
        session: str = "drstate",
        on_retry: OnRetry | None = None,
        runs: bool = False,
        near: str | None = None,
    ) -> AwsCaller:
        """A caller into the scope's accounts; no call is made yet.

        ``near``: the region to which a plan goes, where one is to be run; sessions come from there.
        ``runs``: for the steps of a run, which are always tried; else for questions before it.
        """
        from drstate.aws.caller import READ_SECONDS, open_caller  # noqa: PLC0415 loaded when needed

        return open_caller(
            scope.accounts,
            session_name=session,
            clock=self.clock,
            on_retry=on_retry,
            scope_file=scope.key.file,
            gives_up_early=not runs,
            near=near,
            read_seconds=self.read_seconds or READ_SECONDS,
        )

    def engine(self) -> EngineChoice:
        """The engine that carries stack updates. Raises EngineError, ConfigError."""
        from drstate.engine.choice import choose_engine  # noqa: PLC0415 loaded when it is needed
        from drstate.engine.cliprocess import StoppableCommand  # noqa: PLC0415 the same

        if self._engine is None:
            if not self.sandbox:
                self.engine_settings()  # a wrong address is told before anything is asked or run
            self._engine = choose_engine(
                sandbox=self.sandbox, requested=self._engine_wanted, embedded=self._embedded
            )
            if isinstance(self._engine.command, StoppableCommand):
                self._engine.command.stopping = self.stopping
        return self._engine

    def carrier(self, plan: Plan) -> str:
        """What carries the plan's stack updates; a plan of actions alone needs nothing."""
        return str(self.engine()) if plan.with_stacks else ACTIONS_ONLY

    def carrier_line(self, plan: Plan) -> str:
        """``carrier`` as header lines show it."""
        return f"{self.carrier(plan)}{' in the sandbox' if self.sandbox else ''}"

    def engine_settings(self) -> EngineSettings:
        """Where stacks are kept. Raises ConfigError for a backend or secrets provider of no kind.

        The sandbox has its own state and passphrase, whatever the project asks for.
        """
        from drstate.engine.places import chosen  # noqa: PLC0415 loaded when it is needed
        from drstate.engine.settings import EngineSettings  # noqa: PLC0415 loaded when it is needed
        from drstate.engine.workdir import sandbox_project  # noqa: PLC0415 loaded when it is needed

        if self.sandbox:
            state = self.home / STATE_FOLDER
            try:
                state.mkdir(parents=True, exist_ok=True)
                work_dir = sandbox_project(self.home, self._plugins)
            except OSError as error:
                raise StateError(
                    f"the folder of the sandbox's stacks cannot be made: {error.filename}",
                    why=error.strerror or str(error),
                    hint="make room, or move away what stands there; nothing was changed",
                ) from error
            return EngineSettings(
                work_dir=work_dir,
                backend_url=state.as_uri(),
                env=dict(self._env),
            )
        plain = EngineSettings(work_dir=self.project_dir, env=dict(self._env))
        backend, secrets_provider = chosen(plain, os.environ)
        return replace(plain, backend_url=backend, secrets_provider=secrets_provider)

    def stacks(self) -> Stacks:
        """The project's stacks. Before threads declare anything: ``load_classes``."""
        from drstate.engine.stacks import Stacks  # noqa: PLC0415 loaded when it is needed

        if self._stacks is None:
            settings = self.engine_settings()
            self._stacks = Stacks(
                self.engine(), settings, monotonic=self.clock.monotonic, stopping=self.stopping
            )
        return self._stacks

    def load_classes(self, plan: Plan) -> None:
        """Load what the plan's programs use, so that they may run in threads.

        Call it in the main thread: pulumi_aws's lazy modules are not safe to import from several.
        """
        from drstate.programs.site import preload  # noqa: PLC0415 loaded when it is needed

        if plan.with_stacks:
            self.stacks()
            preload(plan.declared_technologies)

    # identities

    def actor(self, region: str) -> Actor:
        """Who works here. Asked once of STS in ``region``, for two seconds at most."""
        from drstate.execution.identity import actor_of  # noqa: PLC0415 loaded when it is needed

        if self._actor is None or self._actor.name != self.operator:
            self._actor = actor_of(self.operator, region, sandbox=self.sandbox, env=os.environ)
        return self._actor

    def runner(self) -> Runner:
        """A new runner identity for this process."""
        return identity()

    def new_execution(self) -> str:
        """A new execution id: sortable by time, unique, short enough to be typed."""
        while True:
            name = f"{self.clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
            try:
                self.journal.header(name)
            except UnknownNameError:
                return name  # of many that begin in one second, two may draw the same
