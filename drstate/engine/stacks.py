"""Operations on stacks: the Automation API, told neutrally.

``Stacks`` may be used from many threads at once, one operation per stack at a time. Creation and
selection of stacks go one after another, because they write the workspace file that all stacks of a
project share. The working folder's Pulumi.yaml is read by the engine and never written: project and
stack settings are not handed to the SDK. Times are seconds.

A resource that fails makes an outcome with ``ok=False``; an engine that cannot work raises.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pulumi import automation as auto
from pulumi.automation.events import EngineEvent

from drstate.engine.choice import CLI, EngineChoice
from drstate.engine.failures import engine_failure
from drstate.engine.outcome import ROOT_TYPE, OnProgress, OutcomeFold, plain, public
from drstate.engine.packs import Pack, pack_arguments, python_first
from drstate.engine.permalinks import permalink
from drstate.engine.pump import EventPump, GuardedProgram, Program
from drstate.engine.scratch import scratch_settings
from drstate.engine.settings import EngineSettings
from drstate.engine.statefile import check_state_file
from drstate.engine.statefile import holders as check_holders
from drstate.engine.stopping import Stopping
from drstate.engine.unfinished import Creations
from drstate.errors import UnknownNameError
from drstate.model.stackops import StackOutcome

T = TypeVar("T")
#: the inner ``deployment`` of ``stack export``, version 3
Deployment = dict[str, Any]


class Stacks:
    """Every stack of one project in one backend."""

    def __init__(
        self,
        engine: EngineChoice,
        settings: EngineSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        stopping: Stopping | None = None,
    ) -> None:
        self._stopping = stopping if stopping is not None else Stopping()
        self.engine = engine
        self.settings = settings
        self._monotonic = monotonic
        self._opening = threading.Lock()
        self._open: dict[str, auto.Stack] = {}
        self._tags: dict[str, dict[str, str]] = {}

    # -- updates

    def preview(
        self,
        stack: str,
        program: Program,
        *,
        message: str = "",
        on_progress: OnProgress | None = None,
        parallel: int | None = None,
        base: Deployment | None = None,
        refresh: bool = False,
        exclude: Sequence[str] = (),
        pack: Pack | None = None,
    ) -> StackOutcome:
        """What ``up`` would do. Nothing is changed, and the stack need not exist.

        With ``base`` the answer is for a stack that has this state instead of its own; with
        ``refresh`` what is there is looked at first. ``pack``: policies to be run beside it, where
        the engine can.
        """
        if base is not None or not self.exists(stack):
            with scratch_settings(self.settings) as settings:
                copy = Stacks(self.engine, settings, monotonic=self._monotonic)
                if base:
                    copy.import_state(stack, base)
                else:
                    copy.create(stack)
                return copy.preview(
                    stack,
                    program,
                    message=message,
                    on_progress=on_progress,
                    parallel=parallel,
                    refresh=refresh and bool(base),
                    exclude=exclude if base else (),
                    pack=pack,
                )
        handle = self._handle(stack)
        with pack_arguments(self.engine, pack) as (packs, configs):
            return self._run(
                stack,
                lambda guarded, on_event: handle.preview(
                    program=guarded,
                    message=message or None,
                    parallel=parallel or self.settings.parallel,
                    on_event=on_event,
                    refresh=refresh or None,
                    exclude=list(exclude) or None,
                    policy_packs=packs,
                    policy_pack_configs=configs,
                ),
                program=program,
                on_progress=on_progress,
                values=True,
            )

    def up(
        self,
        stack: str,
        program: Program,
        *,
        message: str,
        tags: Mapping[str, str] | None = None,
        on_progress: OnProgress | None = None,
        parallel: int | None = None,
        refresh: bool = False,
        exclude: Sequence[str] = (),
    ) -> StackOutcome:
        """Bring the stack to what ``program`` declares. A stack that does not exist is created.

        ``tags`` are written where they differ; resources in ``exclude`` (URNs) stay as they are,
        whatever the program says of them. Raises StateError (locked, damaged), EngineError,
        CredentialsError, and whatever DrstateError the program itself raises.
        """
        handle = self._handle(stack, create=True)
        if tags:
            self.set_tags(stack, tags)
        return self._run(
            stack,
            lambda guarded, on_event: handle.up(
                program=guarded,
                message=message,
                parallel=parallel or self.settings.parallel,
                on_event=on_event,
                show_secrets=False,
                refresh=refresh or None,
                exclude=list(exclude) or None,
            ),
            program=program,
            on_progress=on_progress,
        )

    def refresh(
        self,
        stack: str,
        *,
        message: str = "",
        targets: Sequence[str] = (),
        on_progress: OnProgress | None = None,
        parallel: int | None = None,
    ) -> StackOutcome:
        """Read resources (URNs in ``targets``, or all) and correct the state.

        Raises UnknownNameError for a stack that does not exist.
        """
        handle = self._handle(stack)
        return self._run(
            stack,
            lambda _, on_event: handle.refresh(
                message=message or None,
                parallel=parallel or self.settings.parallel,
                on_event=on_event,
                show_secrets=False,
                target=list(targets) or None,
            ),
            on_progress=on_progress,
        )

    def destroy(
        self,
        stack: str,
        *,
        message: str = "",
        on_progress: OnProgress | None = None,
        parallel: int | None = None,
    ) -> StackOutcome:
        """Delete every resource of the stack; protected ones make it fail."""
        handle = self._handle(stack)
        return self._run(
            stack,
            lambda _, on_event: handle.destroy(
                message=message or None,
                parallel=parallel or self.settings.parallel,
                on_event=on_event,
                show_secrets=False,
            ),
            on_progress=on_progress,
        )

    # -- state

    def exists(self, stack: str) -> bool:
        """Whether the backend knows the stack."""
        try:
            self._handle(stack)
        except UnknownNameError:
            return False
        return True

    def create(self, stack: str) -> None:
        """Make the stack, empty, unless it exists."""
        self._handle(stack, create=True)

    def names(self) -> tuple[str, ...]:
        """Names of the project's stacks, sorted."""
        listed = self._guard("", lambda: self.workspace().list_stacks())
        return tuple(sorted(one.name for one in listed))

    def outputs(self, stack: str) -> dict[str, Any]:
        """Outputs of the last update, secrets left out at any depth."""
        for resource in self.export(stack).get("resources") or []:
            if resource.get("type") == ROOT_TYPE:
                return public(resource.get("outputs") or {})
        return {}

    def export(self, stack: str) -> Deployment:
        """The stack's state: ``resources``, ``pending_operations``, … with secrets in the clear."""
        handle = self._handle(stack)
        exported = self._guard(stack, handle.export_stack)
        return dict(exported.deployment or {})

    def import_state(self, stack: str, deployment: Deployment) -> None:
        """Put ``deployment`` in the place of the stack's state. The stack is created if need be."""
        handle = self._handle(stack, create=True)
        state = auto.Deployment(version=3, deployment=deployment)
        self._guard(stack, lambda: handle.import_stack(state))

    def remove(self, stack: str) -> None:
        """Remove an empty stack and its settings file."""
        workspace = self.workspace()
        with self._opening:
            self._guard(stack, lambda: workspace.remove_stack(stack))
            self._open.pop(stack, None)
            self._tags.pop(stack, None)

    def cancel(self, stack: str) -> None:
        """Remove the stack's locks, whoever holds them. See ``recovery`` for when that is right."""
        handle = self._handle(stack)
        self._guard(stack, handle.cancel)

    def tags(self, stack: str) -> dict[str, str]:
        """The stack's tags."""
        handle = self._handle(stack)
        return dict(self._guard(stack, handle.list_tags))

    def set_tags(self, stack: str, tags: Mapping[str, str]) -> tuple[str, ...]:
        """Write those tags that differ; the names of those written."""
        handle = self._handle(stack, create=True)
        if stack not in self._tags:
            self._tags[stack] = self.tags(stack)
        known = self._tags[stack]
        changed = tuple(key for key, value in sorted(tags.items()) if known.get(key) != value)
        for key in changed:
            self._guard(stack, partial(handle.set_tag, key, tags[key]))
            known[key] = tags[key]
        return changed

    # -- inside

    def workspace(self) -> auto.LocalWorkspace:
        """A way to the backend for commands that are about no stack of their own."""
        settings = self.settings
        packs = self.engine.name == CLI
        return auto.LocalWorkspace(
            work_dir=str(settings.work_dir),
            pulumi_home=str(settings.pulumi_home) if settings.pulumi_home else None,
            env_vars={**(python_first(settings.env) if packs else {}), **settings.command_env()},
            secrets_provider=settings.secrets_provider,
            pulumi_command=self.engine.command,
        )

    def _handle(self, stack: str, *, create: bool = False) -> auto.Stack:
        with self._opening:
            if stack not in self._open:
                self.settings.project()  # a missing project is told before the engine trips over it
                check_state_file(self.settings, stack, os.environ)
                workspace = self.workspace()
                opener = auto.Stack.create_or_select if create else auto.Stack.select
                self._open[stack] = self._guard(stack, lambda: opener(stack, workspace))
            return self._open[stack]

    def _run(
        self,
        stack: str,
        operation: Callable[[Program | None, Callable[[EngineEvent], None]], object],
        *,
        program: Program | None = None,
        on_progress: OnProgress | None = None,
        values: bool = False,
    ) -> StackOutcome:
        check_state_file(self.settings, stack, os.environ)
        guarded = GuardedProgram(program) if program else None
        pump = EventPump(OutcomeFold(stack, values=values), on_progress)
        begun = self._monotonic()
        failure: Exception | None = None
        printed = ""
        try:
            printed = str(getattr(operation(guarded, pump.take), "stdout", ""))
        except Exception as error:  # noqa: BLE001 - told apart below; nothing is swallowed
            failure = error
        finally:
            pump.close()
        duration = self._monotonic() - begun
        if guarded and guarded.raised:
            raise guarded.raised
        if pump.raised:
            raise pump.raised
        link = permalink(plain(printed or str(failure or "")))
        if failure is None:
            return pump.fold.outcome(ok=True, duration_seconds=duration, permalink=link)
        if not pump.ran or not isinstance(failure, auto.CommandError):
            raise engine_failure(failure, stack) from failure
        if self._stopping.asked():
            self._keep(stack, pump.creations)
        told = engine_failure(failure, stack)
        return pump.fold.outcome(
            ok=False, error=told.why or told.what, duration_seconds=duration, permalink=link
        )

    def _keep(self, stack: str, creations: Creations) -> None:
        """Leave creations that were cut off among the state's unfinished operations."""
        if check_holders(self.settings, stack, os.environ):
            return  # killed in the middle: the engine left its own list, under its lock
        kept = creations.kept(self.export(stack))
        if kept is not None:
            self.import_state(stack, kept)

    def _guard(self, stack: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:
            raise engine_failure(error, stack) from error
