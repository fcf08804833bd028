"""Registrations, from the program's call to its answer.

Finds the old resource (by URN or alias), the provider (declared or default), builds the new state,
has it planned and carried out. One call is one thread; calls of independent resources run side by
side within the parallel limit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from drstate.sandbox.engine.failure import FailedCommandError

from .aliases import old_names
from .context import Context
from .errors import BailError, EngineError, TerminatedError, unrecorded
from .executor import Executor
from .goal import Goal
from .planner import Planner
from .provider import Failures
from .reading import read_steps
from .refreshing import Refresh
from .reserved import with_package
from .state import State
from .steps import IMPORT, IMPORT_REPLACEMENT, SAME, Step
from .urns import (
    PROVIDER_TYPE_PREFIX,
    ROOT_STACK_TYPE,
    default_provider_name,
    is_provider_type,
    package_of,
)
from .values import UNKNOWN, Properties, secret

IMPORTS = (IMPORT, IMPORT_REPLACEMENT)


@dataclass(frozen=True)
class Registered:
    """The answer to a registration. ``failed``: the program may go on without the resource."""

    state: State
    failed: bool = False
    skipped: bool = False


class Registrar:
    """Takes registrations. Safe for use from several threads."""

    def __init__(self, context: Context, executor: Executor, planner: Planner) -> None:
        self._context = context
        self._executor = executor
        self._planner = planner
        self._defaults: dict[tuple[str, str, str], str] = {}
        self._gates: dict[tuple[str, str, str], threading.Lock] = {}
        #: steps of components, for the event of their outputs
        self.components: dict[str, Step] = {}

    def register(self, goal: Goal) -> Registered:
        """Carry out one registration of the program.

        Raises TerminatedError when the update is over, by this registration or before it.
        """
        with self._call():
            return self._register(goal)

    @contextmanager
    def _call(self) -> Iterator[None]:
        """One call of the program, within the parallel limit; its failure ends the update."""
        context = self._context
        with context.slots:
            context.check_running()
            try:
                yield
            except BailError as bail:
                context.end()
                raise TerminatedError from bail
            except EngineError as failure:
                self._give_up(failure, failure)
            except (OSError, FailedCommandError) as error:
                self._give_up(unrecorded(error), error)

    def _give_up(self, failure: EngineError, cause: Exception) -> NoReturn:
        self._context.say(failure)
        self._context.end()
        raise TerminatedError from cause

    def provider_for(self, token: str, provider: str, version: str, url: str) -> str:
        """The provider reference for a resource type or function: the given or the default one."""
        if provider:
            return provider
        return self._default((package_of(token), version, url))

    def _register(self, goal: Goal) -> Registered:
        context = self._context
        urn = context.urn(goal.parent, goal.type, goal.name)
        with context.lock:
            if urn in context.did.registered:
                message = f"Duplicate resource URN '{urn}'; try giving it a unique name"
                context.events.error(message, urn)
                raise BailError
            context.did.registered.add(urn)
        self._complete(goal)
        old = self._old(goal, urn)
        new = _new_state(goal, urn)
        if context.request.kind == "refresh":
            return self._refresh(goal, urn, old)
        if goal.read_id:
            planned = read_steps(context, goal, old, new)
        else:
            planned = self._planner.steps(goal, old, new)
        state = planned[-1].state
        if not state.custom:
            self.components[urn] = planned[-1]
        well = self._executor.chain(planned)
        if well and planned[0].op in IMPORTS:
            planned = self._planner.after_import(goal, planned[0], _new_state(goal, urn))
            well = self._executor.chain(planned)
            state = planned[-1].state if planned else state
        if not well:
            if not context.request.options.continue_on_error:
                raise TerminatedError
            return Registered(state, failed=True)
        return Registered(state, skipped=bool(planned) and planned[-1].skipped)

    def _refresh(self, goal: Goal, urn: str, old: State | None) -> Registered:
        """In a refresh the program only says what belongs to it; nothing is made or changed."""
        context = self._context
        new = _new_state(goal, urn)
        if old is None and not (is_provider_type(goal.type) or goal.type == ROOT_STACK_TYPE):
            step = Step(SAME, new.copy(), new, skipped=True)
            self._executor.chain([step])
            if not goal.custom:
                self.components[urn] = step
            return Registered(new, skipped=True)
        if old is not None:
            new.inputs = goal.inputs
            job = Refresh(context, old, new)
            job.run()
            if job.failed:
                context.end()
                raise TerminatedError
            if goal.custom and not is_provider_type(goal.type):
                return Registered(job.found or new, skipped=job.found is None)
        new = _new_state(goal, urn)
        planned = self._planner.steps(goal, old, new)
        if not goal.custom:
            self.components[urn] = planned[-1]
        if not self._executor.chain(planned):
            raise TerminatedError
        return Registered(planned[-1].state)

    def _complete(self, goal: Goal) -> None:
        """Fill in what the engine decides: the provider, and a provider's version."""
        if is_provider_type(goal.type):
            goal.inputs = with_package(goal.inputs, goal.version, goal.download_url)
        elif goal.custom:
            goal.provider = self.provider_for(
                goal.type, goal.provider, goal.version, goal.download_url
            )

    def _old(self, goal: Goal, urn: str) -> State | None:
        context = self._context
        with context.lock:
            for candidate in old_names(context, goal, urn):
                old = context.olds.get(candidate)
                if old is None or candidate in context.did.aliased:
                    continue
                if candidate != urn:
                    if candidate in context.did.registered:
                        continue
                    context.did.aliased[candidate] = urn
                return old
        return None

    def invoke(
        self, token: str, args: Properties, provider: str, version: str, url: str
    ) -> tuple[Properties, Failures]:
        """Call a provider's function."""
        with self._call():
            reference = self.provider_for(token, provider, version, url)
            return self._context.registry.get(reference).invoke(token, args, self._context.preview)

    # -- default providers -----------------------------------------------------------------------
    def _default(self, key: tuple[str, str, str]) -> str:
        with self._context.lock:
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            if key not in self._defaults:
                self._context.check_running()
                try:
                    self._defaults[key] = self._make_default(*key)
                except BaseException:
                    # the others that wait for it must not try again
                    self._context.end()
                    raise
            return self._defaults[key]

    def _make_default(self, package: str, version: str, url: str) -> str:
        inputs = with_package(self._package_config(package), version, url)
        goal = Goal(
            type=PROVIDER_TYPE_PREFIX + package,
            name=default_provider_name(version, url),
            custom=True,
            inputs=inputs,
        )
        done = self._register(goal)
        if done.failed:
            raise BailError
        return f"{done.state.urn}::{done.state.id or UNKNOWN}"

    def _package_config(self, package: str) -> Properties:
        """Stack config whose namespace is the package."""
        request = self._context.request
        out: Properties = {}
        for key, value in request.config.items():
            namespace, _, name = key.partition(":")
            if namespace == package:
                out[name] = secret(value) if key in request.secret_keys else value
        return out


def _new_state(goal: Goal, urn: str) -> State:
    dependencies = sorted(set(goal.dependencies))
    return State(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        parent=goal.parent if goal.type != ROOT_STACK_TYPE else "",
        protect=goal.protect,
        dependencies=dependencies,
        property_dependencies=goal.property_dependencies,
        provider=goal.provider,
        additional_secret_outputs=goal.additional_secret_outputs,
        custom_timeouts=goal.custom_timeouts,
        import_id=goal.import_id,
        retain_on_delete=goal.retain_on_delete,
        deleted_with=goal.deleted_with,
        source_position=goal.source_position,
        stack_trace=goal.stack_trace,
        ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes,
    )
