"""Undoes the steps of a way back, each journaled before and after.

Every undo may be repeated: adapters put back recorded values and look first, a stack is brought to
a state. A step that fails ends the rollback once its group has ended: what was done earlier may be
needed by what is still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from drstate.execution.errorinfo import error_info
from drstate.execution.knocking import acted_on, knock
from drstate.execution.rebinding import Lookup, rebind
from drstate.execution.stackstep import tell_rebound
from drstate.execution.stacktags import message_of, tags_of
from drstate.execution.wayback import Group, Trail, WayBack, returns_to
from drstate.execution.workbench import StoppedError, Workbench, working_for
from drstate.execution.worksource import site_context
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import UndoStep
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, ShardPlan, Stage


class Undoing:
    """One attempt at a rollback, under one lease."""

    def __init__(self, bench: Workbench, trail: Trail) -> None:
        self._bench = bench
        self._trail = trail

    def run(self, way: WayBack) -> bool:
        """Whether everything was undone. Failures are journaled, not raised.

        Raises StoppedError where the run is to stop, JournalError where nothing can be recorded.
        """
        return all(self._group(group) for group in way.groups)

    def _group(self, group: Group) -> bool:
        workers = max(1, min(len(group), self._bench.parallel))
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="undo") as pool:
            futures = [pool.submit(self._chain, chain) for chain in group]
        done = [future.result() for future in futures]
        return all(done)

    def _chain(self, chain: tuple[UndoStep, ...]) -> bool:
        return all(self._step(step) for step in chain)

    def _step(self, step: UndoStep) -> bool:
        bench = self._bench
        bench.stop.check()
        stage = next(row for row in bench.plan.stages if row.id == step.stage)
        shard = next(row for row in stage.shards if str(row.id) == step.shard)
        spec = next((row for row in shard.actions if row.id == step.step), None)
        key = (step.stage, step.shard, step.step)
        recorded: Mapping[str, Any] = self._trail.ran.get(key, {})
        named = step.model_dump(exclude={"title"})
        begun = bench.clock.monotonic()
        bench.recorder.append(e.UndoIntended(**named, title=step.title, recorded=dict(recorded)))
        try:
            with working_for(step.stage, step.shard):
                if spec is None:
                    result = self._stack(stage, shard)
                else:
                    result = self._action(stage, shard, spec, recorded)
        except StoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - journaled as the step's failure
            bench.stop.check()
            told = e.UndoFailed(
                **named,
                error=error_info(error, plan=bench.plan, again="drstate rollback"),
                duration_seconds=bench.clock.monotonic() - begun,
            )
            bench.recorder.append(told)
            return False
        bench.recorder.append(
            e.UndoFinished(
                **named, result=dict(result), duration_seconds=bench.clock.monotonic() - begun
            )
        )
        return True

    def _action(
        self, stage: Stage, shard: ShardPlan, spec: ActionSpec, recorded: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        from drstate.adapters.actions import RunContext  # noqa: PLC0415 loaded when it is needed

        bench = self._bench
        catalog = catalog_at(bench, stage.phase)
        entry = catalog.entry(spec.resource)
        adapter = bench.adapter(entry.resource.technology)
        site = site_context(
            bench.scope,
            catalog,
            entry,
            stage.region,
            shard.site_state,
            force=bench.plan.force,
            emergency=bench.plan.emergency,
            bindings=bench.bindings(shard),
        )
        action = adapter.action(stage.phase, entry, site, spec.id)
        context = RunContext(
            clock=bench.clock,
            facts=recorded,
            consents=bench.recorder.state.consents,
            cancelled=lambda: bool(bench.stop),
        )
        with bench.serial.held(spec.serial_key):
            return action.undo(bench.aws_for(adapter), context, recorded)

    def _stack(self, stage: Stage, shard: ShardPlan) -> Mapping[str, Any]:
        from drstate.engine.failures import failed_outcome  # noqa: PLC0415 loaded when needed
        from drstate.engine.recovery import recover  # noqa: PLC0415 loaded when it is needed
        from drstate.planning.safety import check, refuse  # noqa: PLC0415 loaded when needed

        bench = self._bench
        state = returns_to(stage, self._trail)
        wanted = shard.model_copy(update={"site_state": state})
        given = bench.shard_input(wanted, bench.bindings(shard))
        knock(bench.aws, given.account.id, acted_on(given))
        stacks = bench.stacks()
        lookup = Lookup(given, bench.adapter, bench.aws)
        recover(stacks, given.stack, identify=lookup.identify)
        tell = partial(tell_rebound, bench, stage.id, str(shard.id), given.stack)
        ready = rebind(stacks, lookup, tell)
        how: dict[str, Any] = {"refresh": ready.refresh, "exclude": ready.exclude}
        program = bench.program(given)
        seen = stacks.preview(given.stack, program, message="preview", **how)
        refuse(check(stage.phase, [seen]))
        bench.remember_shard(given)
        message = message_of(bench, stage, "rollback")
        outcome = stacks.up(given.stack, program, message=message, tags=tags_of(given), **how)
        if not outcome.ok:
            raise failed_outcome(outcome)
        return {"counts": outcome.counts}


def catalog_at(bench: Workbench, phase: Phase) -> Catalog:
    """The catalog with the roles that the sites had when the phase began."""
    from drstate.planning.roles import catalog_for  # noqa: PLC0415 loaded when it is needed

    plan = bench.plan
    roles = {"serving": plan.serving, "recovery": plan.recovery}
    return catalog_for(plan, phase, bench.catalog.catalog.model_copy(update=roles))
