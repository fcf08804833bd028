"""One shard: actions before, stack, actions after; each resource on its own.

A resource whose step failed gets no further steps, and never stops another one. Resources that
depend on each other inside the shard follow each other, all others are worked on at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import TypeVar

from drstate.errors import DrstateError, OperationError
from drstate.execution.actionstep import ActionStep
from drstate.execution.advice import RESUME
from drstate.execution.batchstep import BatchStep
from drstate.execution.bubblestep import BubbleStep
from drstate.execution.errorinfo import as_drstate, error_info
from drstate.execution.knocking import acted_on, knock
from drstate.execution.slots import FIRST, Turn
from drstate.execution.stackstep import StackStep
from drstate.execution.states import StepState
from drstate.execution.workbench import StoppedError, Workbench, working_for
from drstate.model import events as e
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, ShardPlan, Stage, When
from drstate.model.shard import Binding
from drstate.report.tally import owns

T = TypeVar("T")


class ShardStep:
    """One shard in its stage."""

    def __init__(
        self,
        bench: Workbench,
        stage: Stage,
        shard: ShardPlan,
        *,
        levels: Callable[[tuple[str, ...]], list[list[str]]],
        turn: Callable[[str], Turn] = lambda _: FIRST,
    ) -> None:
        self._bench = bench
        self._stage = stage
        self._shard = shard
        self._shard_id = str(shard.id)
        #: resources of the shard in levels: those of a level depend on earlier levels only
        self._levels = levels
        #: whose turn it is where resources of several shards wait for a slot
        self._turn = turn
        self._failed: set[str] = set()
        self._asked = False

    def run(self) -> None:
        """Do the shard. Failures are journaled. Raises StoppedError and JournalError only."""
        with working_for(self._stage.id, self._shard_id):
            error: DrstateError | None = None
            try:
                self._steps()
            except StoppedError:
                raise
            except Exception as raised:  # noqa: BLE001 - journaled as the shard's failure
                self._bench.stop.check()
                error = as_drstate(raised)
                self._failed |= set(self._shard.resources)
            finally:
                self._asking(0)
            self._finish(error)

    def _steps(self) -> None:
        bindings = self._bench.bindings(self._shard)
        self._bench.recorder.append(
            e.ShardStarted(stage=self._stage.id, shard=self._shard_id, bindings=bindings)
        )
        self._actions(When.BEFORE)
        self._asking(0)
        self._update(bindings)
        self._actions(When.AFTER)

    def _update(self, bindings: tuple[Binding, ...]) -> None:
        if self._shard.stack is None:
            return
        given = self._bench.shard_input(self._shard, bindings)
        # the provider's own words for a role that cannot be assumed hold no remedy; ours do
        knock(self._bench.aws, given.account.id, acted_on(given))
        kept = self._failed & set(self._shard.declared)
        if given.drill and self._stage.phase is Phase.CLEANUP and kept:
            self._bench.recorder.warn(
                f"stack {given.stack} stays as long as copies stand in its security group: "
                f"{', '.join(sorted(kept))}",
                "drstate test --cleanup removes them, and then the stack",
            )
            return
        step = BubbleStep if given.drill else StackStep
        errors = step(self._bench, self._stage, self._shard, given).run()
        self._failed |= failed_resources(errors, self._shard.declared)
        if errors and not self._shard.declared:
            raise OperationError(
                f"stack {given.stack} could not be brought to its state",
                why="; ".join(sorted(set(errors.values()))),
                hint=f"mend the cause; `pulumi stack -s {given.stack}` shows what is left of it",
            )

    def _actions(self, when: When) -> None:
        here = [spec for spec in self._shard.actions if spec.when is when]
        outer = [spec for spec in here if spec.outermost]
        inner = [spec for spec in here if not spec.outermost]
        for part in (outer, inner) if when is When.BEFORE else (inner, outer):
            chains: dict[str, list[ActionSpec]] = {}
            for spec in part:
                chains.setdefault(spec.resource, []).append(spec)
            for level in self._levels(tuple(chains)):
                self._together({key: chains[key] for key in level if key not in self._failed})
            self._refuse_unguarded(part)

    def _refuse_unguarded(self, done: Iterable[ActionSpec]) -> None:
        """Raise OperationError where one failed that nothing else may begin without."""
        failed = next((one for one in done if one.guards and one.resource in self._failed), None)
        if failed is not None:
            raise OperationError(
                f"{failed.title}: failed, so nothing else of this account and wave was begun",
                why=f"{failed.resource} stands before everything else there, and stops it",
                hint="mend what its own error names, then drstate resume",
            )

    def _together(self, chains: dict[str, list[ActionSpec]]) -> None:
        """Resources that do not depend on each other: each chain on its own, but for batches.

        A batch begins with all its members, beside what else there is to do; it waits only for
        members that still have an action of their own before it.
        """
        while chains:
            alone = {key: alone_first(chain) for key, chain in chains.items()}
            coming = {
                chain[len(alone[key])].batch_key
                for key, chain in chains.items()
                if alone[key] and len(chain) > len(alone[key])
            }
            heads = [chain[0] for key, chain in chains.items() if not alone[key]]
            ready = [spec for spec in heads if spec.batch_key not in coming]
            self._at_once([chain for chain in alone.values() if chain], ready)
            done = {key: len(alone[key]) for key in chains}
            done |= {spec.resource: 1 for spec in ready}
            chains = {
                key: chain[done[key] :]
                for key, chain in chains.items()
                if key not in self._failed and len(chain) > done[key]
            }

    def _batch(self, members: tuple[ActionSpec, ...]) -> None:
        turn = min(self._turn(spec.resource) for spec in members)
        self._failed |= BatchStep(self._bench, self._stage, self._shard, members, turn).run()

    def _asking(self, pieces: int) -> None:
        """Tell once what is asked for first: others that begin now wait for that (``Slots``)."""
        if not self._asked:
            self._asked = True
            self._bench.slots.asking(pieces)

    def _at_once(self, chains: list[list[ActionSpec]], batched: list[ActionSpec]) -> None:
        # a batch asks once it has looked at its members
        self._asking(min(len(chains), max(1, self._bench.parallel)))
        batches = [
            tuple(spec for spec in batched if spec.batch_key == key)
            for key in sorted({spec.batch_key for spec in batched if spec.batch_key is not None})
        ]
        if len(chains) + len(batches) == 1:
            for chain in chains:
                self._chain(chain)
            for members in batches:
                self._batch(members)
            return
        workers = max(1, min(len(chains), self._bench.parallel)) + len(batches)
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="action") as pool:
            # batches first: they take the longest
            futures = [pool.submit(self._in_thread, self._batch, one) for one in batches]
            futures += [pool.submit(self._in_thread, self._chain, chain) for chain in chains]
        for future in futures:
            future.result()

    def _in_thread(self, work: Callable[[T], None], what: T) -> None:
        with working_for(self._stage.id, self._shard_id):
            work(what)

    def _chain(self, chain: list[ActionSpec]) -> None:
        with self._bench.slots.held(self._turn(chain[0].resource)):
            for spec in chain:
                if not ActionStep(self._bench, self._stage, self._shard, spec).run():
                    self._failed.add(spec.resource)
                    return

    def _finish(self, error: DrstateError | None) -> None:
        bench = self._bench
        progress = bench.recorder.state.shard(self._stage.id, self._shard_id)
        if progress.state is not StepState.RUNNING:
            # it failed before it could begin: say that it was tried
            bench.recorder.append(e.ShardStarted(stage=self._stage.id, shard=self._shard_id))
        bench.recorder.append(
            e.ShardFinished(
                stage=self._stage.id,
                shard=self._shard_id,
                ok=error is None and not self._failed,
                failed=tuple(sorted(self._failed)),
                error=None if error is None else error_info(error, plan=bench.plan, again=RESUME),
                duration_seconds=bench.recorder.seconds_since(f"{self._stage.id}/{self._shard_id}"),
            )
        )


def alone_first(chain: list[ActionSpec]) -> list[ActionSpec]:
    """The actions of a chain before its first one that is run in a batch."""
    return list(takewhile(lambda spec: spec.batch_key is None, chain))


def failed_resources(errors: Mapping[str, str], declared: Iterable[str]) -> set[str]:
    """Keys of the declared resources that the errors of a stack belong to.

    An error that belongs to no resource (a provider, the stack itself) counts for all of them.
    """
    keys = sorted(declared, key=len, reverse=True)
    failed: set[str] = set()
    for urn in errors:
        owner = next((key for key in keys if owns(key, urn)), None)
        failed |= {owner} if owner is not None else set(keys)
    return failed
