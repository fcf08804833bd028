"""One action of a shard: look, tell the intent, run, tell the result.

Looking comes first, always: what is done already is not done again, which is also all that a resume
needs. An action that an earlier runner had begun and that is found done was done by this execution,
and is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.errors import CancelledError, OperationError, TimedOutError
from drstate.execution.advice import RESUME
from drstate.execution.errorinfo import error_info
from drstate.execution.graceful import Graceful
from drstate.execution.states import StepState
from drstate.execution.workbench import StoppedError, Workbench
from drstate.model import events as e
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, ShardPlan, Stage

if TYPE_CHECKING:
    from drstate.adapters.actions import Action, Observation, RunContext
    from drstate.aws.caller import AwsCaller
    from drstate.aws.records import CallRecord


@dataclass(frozen=True)
class Started:
    """An action whose intent is told: it is to be run now, with this caller and context."""

    action: Action
    aws: AwsCaller
    context: RunContext
    #: the clock's monotonic time
    begun: float


class ActionStep:
    """One action in its place."""

    def __init__(self, bench: Workbench, stage: Stage, shard: ShardPlan, spec: ActionSpec) -> None:
        self._bench = bench
        self._stage = stage
        self._shard = shard
        self._spec = spec
        self._shard_id = str(shard.id)

    def run(self) -> bool:
        """Whether the action is done. Its failure is journaled, not raised.

        Raises StoppedError where the run is to stop, JournalError where nothing can be recorded.
        """
        begun = self._bench.clock.monotonic()
        try:
            with self._bench.serial.held(self._spec.serial_key):
                started = self.begin()
                if isinstance(started, bool):
                    return started
                self.succeed(started, self._result(started))
        except StoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - journaled as the action's failure
            self.fail(error, begun)
            return False
        return True

    def _result(self, started: Started) -> Mapping[str, Any]:
        graceful = Graceful(self._bench, self._stage, self._shard, self._spec)
        if graceful.wanted:
            found = graceful.run(started.aws, started.context)
            if found is not None:
                return found
        return started.action.run(started.aws, started.context)

    def begin(self) -> Started | bool:
        """Look, and tell the intent. What is to be run now; or whether it ended well already.

        Raises StoppedError where the run is to stop, and what looking fails with.
        """
        bench, spec = self._bench, self._spec
        bench.stop.check()
        progress = bench.recorder.state.shard(self._stage.id, self._shard_id)
        state = progress.actions.get(spec.id, StepState.PENDING)
        if state in (StepState.DONE, StepState.FAILED):
            return state is StepState.DONE
        begun = bench.clock.monotonic()
        entry = bench.entry(spec.resource)
        adapter = bench.adapter(entry.resource.technology)
        aws = bench.aws_for(adapter, self._persists(begun))
        site = bench.site(self._stage, self._shard, entry)
        action = adapter.action(self._stage.phase, entry, site, spec.id)
        seen = action.observe(aws)
        if state is StepState.UNKNOWN:
            self._tell_unknown(seen)
        # begun here, whatever was heard of its end: a call may have failed that had its effect
        mine = state is StepState.UNKNOWN or spec.id in progress.observed
        if seen.done and (mine or not self._awaits_stack()):
            self._finish(already_done=not mine, result={}, begun=begun)
            return True
        if seen.blocked is not None:
            raise OperationError(f"{spec.title} cannot run now", why=seen.blocked, hint=seen.hint)
        self._require_consent()
        bench.recorder.append(
            e.ActionIntended(
                stage=self._stage.id,
                shard=self._shard_id,
                action=spec.id,
                resource=spec.resource,
                # as it is now: the scope file may have been mended since the plan was made
                title=action.spec.title,
                observed=seen.facts,
            )
        )
        first_seen = progress.observed.get(spec.id)
        facts = seen.facts if first_seen is None else first_seen
        return Started(action, aws, self._context(facts, begun), begun)

    def succeed(self, started: Started, result: Mapping[str, Any]) -> None:
        """Journal the result of what was begun."""
        self._keep(result)
        self._finish(already_done=False, result=result, begun=started.begun)

    def fail(self, error: Exception, begun: float) -> None:
        """Journal a failure. ``begun`` is the clock's monotonic time.

        Raises StoppedError where it failed because the run is to stop.
        """
        told = self._told(error)
        self._bench.recorder.append(
            e.ActionFailed(
                stage=self._stage.id,
                shard=self._shard_id,
                action=self._spec.id,
                resource=self._spec.resource,
                error=error_info(told, plan=self._bench.plan, again=RESUME),
                duration_seconds=self._bench.clock.monotonic() - begun,
            )
        )

    def _awaits_stack(self) -> bool:
        """Whether it waits for what the stack has just changed: then it runs, however soon it ends.

        The preview said that it would; whether AWS was quicker is a matter of luck.
        """
        spec = self._spec
        return spec.waits and self._bench.recorder.fold.changed_by_stack(
            self._stage.id, str(self._shard.id), spec.resource
        )

    def _context(self, facts: Mapping[str, Any], begun: float) -> RunContext:
        from drstate.adapters.actions import RunContext  # noqa: PLC0415 loaded when it is needed

        return RunContext(
            clock=self._bench.clock,
            facts=facts,
            consents=self._bench.recorder.state.consents,
            cancelled=self._cancelled(begun),
        )

    def _cancelled(self, begun: float) -> Callable[[], bool]:
        bench, deadline = self._bench, begun + self._spec.deadline_seconds
        return lambda: bool(bench.stop) or bench.clock.monotonic() > deadline

    def _persists(self, begun: float) -> Callable[[CallRecord], bool]:
        """Which calls are waited for beyond the usual attempts: those to the recovering region.

        An overloaded control plane there has to come back for anybody to recover. The other region
        may stay away for good, and nobody waits for it.
        """
        cancelled, region = self._cancelled(begun), self._stage.region
        recovers = self._stage.phase in (Phase.INSTANTIATE, Phase.ACTIVATE)
        return lambda call: recovers and call.region == region and not cancelled()

    def _require_consent(self) -> None:
        wanted = self._spec.needs_consent
        if wanted is not None and wanted not in self._bench.recorder.state.consents:
            raise OperationError(
                f"{self._spec.title} needs the consent {wanted!r}, which nobody gave",
                why="it cannot be taken back and may lose data",
                hint="run the command again with --force and confirm the consent",
            )

    def _told(self, error: Exception) -> Exception:
        """A wait that ended because of the deadline is a time-out; one that was stopped, a stop."""
        if not isinstance(error, CancelledError):
            return error
        if self._bench.stop:
            raise StoppedError(self._bench.stop.reason) from error
        limit = self._spec.deadline_seconds
        return TimedOutError(
            f"{self._spec.title} took more than {limit} s",
            why=f"{error.what}; its deadline ran out",
            hint="look at the resource in AWS; drstate resume observes it and goes on",
        )

    def _keep(self, result: Mapping[str, Any]) -> None:
        """Record told endpoints for later shards, and what is to be kept for later runs."""
        if self._bench.plan.drill:
            return  # a copy's endpoint is nobody's endpoint, and nothing is to be found again
        key, region = self._spec.resource, self._stage.region
        endpoints = result.get("endpoints")
        if isinstance(endpoints, Mapping) and endpoints:
            named = {str(name): str(host) for name, host in endpoints.items()}
            self._bench.catalog.record_endpoints(region, {key: named})
            self._bench.recorder.append(
                e.EndpointsRecorded(resource=key, region=region, endpoints=named)
            )
        memory = result.get("memory")
        if isinstance(memory, Mapping) and memory:
            self._bench.catalog.remember(key, region, memory)

    def _tell_unknown(self, seen: Observation) -> None:
        finding = "observed as done" if seen.done else "observed as not done; it runs again"
        self._bench.recorder.append(
            e.StepUnknown(
                stage=self._stage.id, shard=self._shard_id, step=self._spec.id, finding=finding
            )
        )

    def _finish(self, *, already_done: bool, result: Mapping[str, Any], begun: float) -> None:
        self._bench.recorder.append(
            e.ActionFinished(
                stage=self._stage.id,
                shard=self._shard_id,
                action=self._spec.id,
                resource=self._spec.resource,
                already_done=already_done,
                result=dict(result),
                duration_seconds=self._bench.clock.monotonic() - begun,
            )
        )
