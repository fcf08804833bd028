"""In an emergency: first without losing data, for so long and no longer, where that was asked for.

The planned way of an action may need the region that serves, so an emergency does not take it
unless its command says ``--graceful``. It is tried once, under its own time limit; whatever stands
in its way, the forced way follows, for which the consent was given at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from drstate.errors import CancelledError, DrstateError
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.plan import ActionSpec, ShardPlan, Stage

if TYPE_CHECKING:
    from drstate.adapters.actions import Action, RunContext
    from drstate.aws.caller import AwsCaller

DATA_LOSS = "data-loss"
#: unanswered calls that fit into its time, so that one lost answer is not the end of it
_ATTEMPTS = 4


@dataclass(frozen=True)
class Graceful:
    """One action's planned way, before its forced one."""

    bench: Workbench
    stage: Stage
    shard: ShardPlan
    spec: ActionSpec

    @property
    def wanted(self) -> bool:
        """Only what may lose data has a way that does not."""
        plan = self.bench.plan
        return plan.graceful_seconds > 0 and self.spec.needs_consent == DATA_LOSS

    def run(self, aws: AwsCaller, context: RunContext) -> Mapping[str, Any] | None:
        """What the planned way resulted in; None: the forced way has to follow. Told either way."""
        bench = self.bench
        limit = bench.clock.monotonic() + bench.plan.graceful_seconds
        aws = _hurried(aws, limit, bench.plan.graceful_seconds)
        try:
            action = self._action()
            seen = action.observe(aws)
            if seen.done:
                return {"way": "graceful"}
            if seen.blocked is None:
                given = replace(
                    context,
                    facts=seen.facts,
                    cancelled=lambda: bool(bench.stop) or bench.clock.monotonic() > limit,
                )
                return {**action.run(aws, given), "way": "graceful"}
            self._give_up(seen.blocked)
        except CancelledError as error:
            if bench.stop:
                raise
            self._give_up(f"{error.what}; its {bench.plan.graceful_seconds} s were over")
        except DrstateError as error:
            self._give_up(error.what)
        return None

    def _action(self) -> Action:
        entry = self.bench.entry(self.spec.resource)
        adapter = self.bench.adapter(entry.resource.technology)
        site = replace(self.bench.site(self.stage, self.shard, entry), force=False)
        return adapter.action(self.stage.phase, entry, site, self.spec.id)

    def _give_up(self, why: str) -> None:
        self.bench.recorder.append(
            e.Warned(
                text=f"{self.spec.title}: not without losing data, so it is forced: {why}",
                hint="what is lost is told with the action's result",
            )
        )


def _hurried(aws: AwsCaller, until: float, seconds: int) -> AwsCaller:
    """The caller for the planned way: the forced one follows instead of waiting.

    A region that swallows calls takes no longer than what was agreed to, ``seconds`` in all.
    """
    from drstate.aws.caller import READ_SECONDS  # noqa: PLC0415 loaded when it is needed
    from drstate.aws.ways import Way  # noqa: PLC0415 the same

    way = Way(read_seconds=max(1.0, min(READ_SECONDS, seconds / _ATTEMPTS)))
    return aws.derived(persists=lambda _: False, until=until, way=way)
