"""What hooks on the machine that runs drstate have in common: requests and programs of the owner's.

They touch nothing of AWS by themselves and keep no record that could be asked, so that after a
crash in the very moment one may run again: it gets the id of its run, the same in every attempt of
an execution and stage, and has to bear that. What is secret comes from the environment, by name,
and is shown nowhere.
"""

from __future__ import annotations

import hashlib
import json
import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.findings import Health
from drstate.adapters.hooks import (
    AGAIN,
    HookAdapter,
    fresh_run,
    guards,
    hook_of,
    not_run,
    parameters,
    phase_of,
    tolerated,
    when_of,
)
from drstate.adapters.outputs import HIDDEN, kept
from drstate.adapters.site import SiteContext
from drstate.errors import CancelledError, DrstateError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.named import Hook
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.hooks import LocalSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

SCHEMA = "drstate.hook/1"
_SPARE_SECONDS = 15


class OutsideAdapter(HookAdapter):
    """A kind of hook that runs here."""

    services = ()
    grants: ClassVar[tuple[Grant, ...]] = ()
    spec_type = LocalSpec
    #: hooks carry no tags: the scope file names them
    claims = ()
    deviations = {"again-changes-nothing": AGAIN}

    @abstractmethod
    def wrong(self, hook: Hook) -> tuple[str, str] | None:
        """Why it cannot run on this machine, and what helps; None where it can."""

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:  # noqa: ARG002 - the contract
        """That there is such a hook; what it runs is in the scope file and nowhere else."""
        digest = hashlib.sha256(resource.arn.encode()).hexdigest()
        return LocalSpec(region=resource.region, captured_at=self.clock.now(), digest=digest)

    def prerequisites(
        self,
        phase: Phase,
        entry: CatalogEntry,
        site: SiteContext,
        aws: AwsCaller,  # noqa: ARG002 - the contract
    ) -> tuple[Health, ...]:
        """What it needs is on this machine."""
        hook = hook_of(entry.resource, site.scope)
        if hook is None or not_run(hook, phase, site) is not None:
            return ()
        found = self.wrong(hook)
        if found is None:
            return (Health(ResourceStatus.HEALTHY, f"{hook.runs} can be run"),)
        status = ResourceStatus.DEGRADED if tolerated(hook) else ResourceStatus.UNHEALTHY
        return (Health(status, f"hook {hook.name}: {found[0]}", found[1]),)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:  # noqa: ARG002
        """What is remembered of the last run."""
        hook = hook_of(entry.resource, site.scope)
        phase = phase_of(site.state)
        skipped = not_run(hook, phase, site)
        if hook is None or phase is None or skipped is not None:
            return Health(ResourceStatus.HEALTHY, f"nothing to run: {skipped}")
        last = entry.memory.get(site.region, {}).get(memory_of(phase))
        if not last:
            return Health(ResourceStatus.HEALTHY, "no run is remembered")
        if last.get("ok"):
            return Health(ResourceStatus.HEALTHY, f"it ended well at {last['at']}", facts=last)
        return Health(
            ResourceStatus.DEGRADED,
            f"its last run failed: {last.get('what')}",
            f"mend it, then drstate up --phase {phase} runs it again",
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """As ``health``, for the phase that leads to the site's state."""
        return self.health(entry, site, aws)


class OutsideAction(Action):
    """One run of such a hook. ``undoable`` is nothing of it: only its author knows how."""

    #: in a process that rehearses: the answer, in place of running anything outside AWS
    stand_in: ClassVar[str | None] = None

    def __init__(
        self,
        entry: CatalogEntry,
        site: SiteContext,
        hook: Hook,
        phase: Phase,
        clock: Clock,
        *,
        technology: str,
        title: str,
        wrong: Callable[[Hook], tuple[str, str] | None],
    ) -> None:
        self.entry = entry
        self.hook = hook
        self.phase = phase
        self.region = site.region
        self.clock = clock
        self._wrong = wrong
        #: what the hook is told
        self.told: dict[str, Any] = {
            "schema": SCHEMA,
            "hook": hook.name,
            "customer": site.scope.customer,
            "environment": str(site.scope.environment),
            "phase": str(phase),
            "wave": hook.wave,
            "region": site.region,
            "force": site.force,
            "parameters": parameters(hook, site),
        }
        self.spec = ActionSpec(
            id=f"{entry.key}#run",
            resource=entry.key,
            technology=technology,
            title=title,
            when=when_of(hook),
            outermost=True,
            guards=guards(hook),
            calls=(),
            estimate_seconds=min(30, hook.timeout_seconds),
            deadline_seconds=hook.timeout_seconds + _SPARE_SECONDS,
            undoable=False,
        )

    @abstractmethod
    def perform(self, run: RunContext, told: Mapping[str, Any], secrets: Secrets) -> str:
        """Run it to its end; what it said. Raises DrstateError where it failed."""

    def observe(self, aws: AwsCaller) -> Observation:  # noqa: ARG002 - the contract
        """Never done before it ran; the id of the run is made here, and journaled."""
        made = {"run": fresh_run(self.entry, self.phase, self.region, self.clock)}
        spared = tolerated(self.hook) or self.stand_in is not None
        wrong = None if spared else self._wrong(self.hook)
        if wrong is not None:
            return Observation(False, made, *wrong)
        return Observation(False, made)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Run it, and keep the end of what it said."""
        name = str(
            run.facts.get("run") or fresh_run(self.entry, self.phase, self.region, run.clock)
        )
        at = run.clock.now().isoformat()
        try:
            said = self.stand_in or self.perform(
                run, {**self.told, "run": name}, Secrets(self._secret_names())
            )
        except CancelledError:
            raise
        except DrstateError as error:
            if not tolerated(self.hook):
                raise
            remembered = {"ok": False, "at": at, "what": kept(error.what, 200)}
            return {
                "run": name,
                "failed": error.as_dict(),
                "memory": {memory_of(self.phase): remembered},
            }
        return {
            "run": name,
            "answer": said,
            "memory": {memory_of(self.phase): {"ok": True, "at": at}},
        }

    def _secret_names(self) -> Iterable[str]:
        return (*self.hook.headers_from.values(), *self.hook.environment_from)


class Secrets:
    """Values of environment variables that a hook is given, and that nobody is shown."""

    def __init__(self, names: Iterable[str]) -> None:
        self._values = {name: os.environ[name] for name in names if os.environ.get(name)}

    def value(self, name: str) -> str:
        """The variable's value. Raises OperationError where it is not set."""
        if name not in self._values:
            raise OperationError(
                f"environment variable {name} is not set",
                why="a hook of the scope file takes a value from it",
                hint=f"set {name} where drstate runs, then drstate resume",
            )
        return self._values[name]

    def hidden(self, text: str) -> str:
        """The end of ``text`` as the journal may keep it, without these values."""
        for value in sorted(self._values.values(), key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return kept(text)


def unset(names: Iterable[str]) -> tuple[str, str] | None:
    """The first of these environment variables that is not set, as a reason and a remedy."""
    for name in names:
        if not os.environ.get(name):
            return f"environment variable {name} is not set", f"set {name} where drstate runs"
    return None


def memory_of(phase: Phase) -> str:
    """Name under which the last run of a phase is remembered."""
    return f"hook.{phase}"


def body_of(told: Mapping[str, Any]) -> bytes:
    """What a hook is told, as it is sent."""
    return json.dumps(told, sort_keys=True).encode()
