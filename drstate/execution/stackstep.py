"""The stack update of a shard: remember what was there, bring it up, record where things answer.

An update that an earlier runner had begun is repaired first (dead lock, pending operations) and
then simply done again: what is done already is "same". The outcome is told over all attempts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from drstate.errors import UnknownNameError
from drstate.execution.errorinfo import as_drstate
from drstate.execution.fingerprints import counted, fingerprints, over_all_attempts
from drstate.execution.policing import advice_on
from drstate.execution.rebinding import Lookup, rebind
from drstate.execution.stacktags import STATE, message_of, tags_of
from drstate.execution.states import StepState
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.plan import ShardPlan, Stage
from drstate.model.shard import ShardInput
from drstate.model.stackops import ResourceOp, StackOutcome

if TYPE_CHECKING:
    from drstate.engine.outcome import Progress
    from drstate.engine.stacks import Deployment


class StackStep:
    """One stack update in its place."""

    def __init__(self, bench: Workbench, stage: Stage, shard: ShardPlan, given: ShardInput) -> None:
        self._bench = bench
        self._stage = stage
        self._shard_id = str(shard.id)
        self._lookup = Lookup(given, bench.adapter, bench.aws)
        self._stack = given.stack
        self._input = given

    def run(self) -> Mapping[str, str]:
        """Bring the stack up; URN (or "") -> message of what failed, empty where all is well.

        Raises StoppedError where the run is to stop, JournalError where nothing can be recorded,
        and DrstateError where the engine cannot work at all (its result is journaled all the same).
        """
        bench = self._bench
        bench.stop.check()
        progress = bench.recorder.state.shard(self._stage.id, self._shard_id)
        if progress.stack in (StepState.DONE, StepState.FAILED):
            return progress.stack_errors
        with bench.slots.held():
            bench.stop.check()
            if progress.stack is StepState.UNKNOWN:
                self._repair()
            again = progress.before is not None
            before = dict(progress.before) if progress.before is not None else self._prints()
            bench.recorder.append(
                e.StackStarted(
                    stage=self._stage.id, shard=self._shard_id, stack=self._stack, before=before
                )
            )
            begun = bench.clock.monotonic()
            try:
                outcome = self._up_unlocked()
            except Exception as error:
                bench.stop.check()  # cut off, not broken: it stays without an end
                self._tell_broken(error, begun)
                raise
            if not outcome.ok:
                bench.stop.check()
            self._record_endpoints(outcome)
            self._tell_advice(outcome)
            ops = outcome.ops
            if again:
                ops = over_all_attempts(ops, before, self._prints())
            self._tell(outcome, ops)
        return outcome.errors

    def _up(self) -> StackOutcome:
        bench = self._bench
        bench.remember_shard(self._input)
        behind = self._input.id.region in bench.catalog.catalog.unreconciled
        ready = rebind(bench.stacks(), self._lookup, self._tell_rebound, refresh=behind)
        tags = tags_of(self._input)
        state = tags.pop(STATE)
        outcome = bench.stacks().up(
            self._stack,
            bench.program(self._input),
            message=message_of(bench, self._stage),
            tags=tags,
            on_progress=self._progress,
            refresh=ready.refresh,
            exclude=ready.exclude,
        )
        if outcome.ok:
            # not before: the tag says what the stack is, not what somebody wants it to be
            bench.stacks().set_tags(self._stack, {STATE: state})
        return outcome

    def _up_unlocked(self) -> StackOutcome:
        from drstate.engine.failures import LockedError  # noqa: PLC0415 loaded when it is needed

        try:
            return self._up()
        except LockedError:
            # not ours: raises again where its holder may live, and tells what it cleared
            self._repair()
        return self._up()

    def _repair(self) -> None:
        from drstate.engine.recovery import recover  # noqa: PLC0415 loaded when it is needed

        finding = recover(
            self._bench.stacks(),
            self._stack,
            identify=self._lookup.identify,
            refresh=True,
            rebind=self._rebind,
        )
        self._bench.recorder.append(
            e.StepUnknown(
                stage=self._stage.id, shard=self._shard_id, step=self._stack, finding=str(finding)
            )
        )

    def _rebind(self, state: Deployment) -> tuple[Deployment | None, frozenset[str]]:
        found = self._lookup.of(state)
        if found:
            self._tell_rebound(found.changed)
        return (found.state if found else None), found.away

    def _tell_rebound(self, changed: Mapping[str, tuple[str, str]]) -> None:
        tell_rebound(self._bench, self._stage.id, self._shard_id, self._stack, changed)

    def _prints(self) -> dict[str, str]:
        try:
            return fingerprints(self._bench.stacks().export(self._stack))
        except UnknownNameError:
            return {}

    def _progress(self, progress: Progress) -> None:
        if not progress.done:
            return
        self._bench.recorder.append(
            e.StackProgress(
                stage=self._stage.id,
                shard=self._shard_id,
                stack=self._stack,
                urn=progress.urn,
                name=progress.name,
                op=progress.op,
                ok=progress.ok,
            )
        )

    def _record_endpoints(self, outcome: StackOutcome) -> None:
        # before StackFinished: a runner that dies in between repeats the update and gets here again
        region = self._input.id.region
        told = dict(endpoints_in(outcome.outputs))
        self._bench.catalog.record_endpoints(region, told)
        for key, named in told.items():
            self._bench.recorder.append(
                e.EndpointsRecorded(resource=key, region=region, endpoints=named)
            )

    def _tell(self, outcome: StackOutcome, ops: tuple[ResourceOp, ...]) -> None:
        self._bench.recorder.append(
            e.StackFinished(
                stage=self._stage.id,
                shard=self._shard_id,
                stack=self._stack,
                ok=outcome.ok,
                ops=ops,
                counts=counted(ops),
                errors=outcome.errors,
                duration_seconds=outcome.duration_seconds,
                permalink=outcome.permalink,
            )
        )

    def _tell_advice(self, outcome: StackOutcome) -> None:
        recorder = self._bench.recorder
        advice = advice_on(outcome, self._bench.scope, self._bench.clock.now().date())
        told = {row.text for row in recorder.view().warnings} if advice else set()
        for warned in advice:
            if warned.text not in told:
                recorder.append(warned)

    def _tell_broken(self, error: Exception, begun: float) -> None:
        known = as_drstate(error)
        self._bench.recorder.append(
            e.StackFinished(
                stage=self._stage.id,
                shard=self._shard_id,
                stack=self._stack,
                ok=False,
                ops=(),
                counts={},
                errors={"": known.what},
                duration_seconds=self._bench.clock.monotonic() - begun,
            )
        )


def tell_rebound(
    bench: Workbench, stage: str, shard: str, stack: str, changed: Mapping[str, tuple[str, str]]
) -> None:
    """Journal that a state is about to get other ids."""
    bench.recorder.append(
        e.StackRebound(
            stage=stage,
            shard=shard,
            stack=stack,
            was={urn: held for urn, (held, _) in changed.items()},
            now={urn: found for urn, (_, found) in changed.items()},
        )
    )


def endpoints_in(outputs: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Resource key and its named endpoints, from a stack's outputs, in key order."""
    exported = outputs.get("endpoints")
    if not isinstance(exported, Mapping):
        return
    for key in sorted(exported):
        named = exported[key]
        if isinstance(named, Mapping):
            hosts = {str(name): str(host) for name, host in sorted(named.items()) if host}
            if hosts:
                yield str(key), hosts
