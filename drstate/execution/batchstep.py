"""Actions of one shard that a service takes many of at once: one call for all of them.

Each is looked at, intended and ended on its own, as if it had been run alone: one that is done is
left out, one that fails does not stop the others, and each is told when it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from drstate.errors import InternalError
from drstate.execution.actionstep import ActionStep, Started
from drstate.execution.slots import FIRST, Turn
from drstate.execution.workbench import StoppedError, Workbench, working_for
from drstate.model.plan import ActionSpec, ShardPlan, Stage

if TYPE_CHECKING:
    from drstate.adapters.actions import Action


class BatchStep:
    """Actions with one ``batch_key``, in their place."""

    def __init__(
        self,
        bench: Workbench,
        stage: Stage,
        shard: ShardPlan,
        specs: tuple[ActionSpec, ...],
        turn: Turn = FIRST,
    ) -> None:
        self._bench = bench
        self._turn = turn
        self._where = (stage.id, str(shard.id))
        self._steps = {spec.id: ActionStep(bench, stage, shard, spec) for spec in specs}
        self._resources = {spec.id: spec.resource for spec in specs}
        self._failed: set[str] = set()

    def run(self) -> set[str]:
        """Resources whose action failed. Failures are journaled, not raised.

        Raises StoppedError where the run is to stop, JournalError where nothing can be recorded.
        """
        started = self._begin()
        if started:
            with self._bench.slots.held(self._turn):
                self._do(started)
        return {self._resources[name] for name in self._failed}

    def _begin(self) -> dict[str, Started]:
        workers = min(len(self._steps), self._bench.parallel)
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="action") as pool:
            looked = {name: pool.submit(self._look, name) for name in self._steps}
        found = {name: future.result() for name, future in looked.items()}
        return {name: one for name, one in found.items() if one is not None}

    def _look(self, name: str) -> Started | None:
        begun = self._bench.clock.monotonic()
        try:
            with working_for(*self._where), self._bench.slots.held():
                started = self._steps[name].begin()
        except StoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - journaled as the action's failure
            self._fail(name, error, begun)
            return None
        if isinstance(started, bool):
            self._failed |= set() if started else {name}
            return None
        return started

    def _do(self, started: dict[str, Started]) -> None:
        from drstate.adapters.actions import Batched  # noqa: PLC0415 loaded when it is needed

        left = dict(started)

        def told(action: Action, outcome: Mapping[str, Any] | Exception) -> None:
            one = left.pop(action.spec.id)
            if isinstance(outcome, Exception):
                self._fail(action.spec.id, outcome, one.begun)
            else:
                self._steps[action.spec.id].succeed(one, outcome)

        first = next(iter(started.values()))
        batch = [Batched(one.action, one.context) for one in started.values()]
        error: Exception = InternalError(
            f"a batch of {first.action.spec.technology} did not tell how this ended",
            why="its adapter broke the contract of run_batch",
            hint="report it with drstate logs; drstate resume looks at it again",
        )
        try:
            first.action.run_batch(batch, first.aws, told)
        except StoppedError:
            raise
        except Exception as raised:  # noqa: BLE001 - journaled as the failure of what is left
            error = raised
        for name, one in left.items():
            self._fail(name, error, one.begun)

    def _fail(self, name: str, error: Exception, begun: float) -> None:
        self._failed.add(name)
        self._steps[name].fail(error, begun)
