"""The stack that a drill has of its own: brought up before its copies are made, destroyed after.

The same step as of every stack, with other programs and another end: nothing is kept for a plain
preview, ids are never rebound, and what it exports goes to the drill's debt in the catalog, not to
the endpoints of live resources. Once destroyed it is removed, and what a cut-off update may have
made without writing it down is looked for by its tags.
"""

from __future__ import annotations

from drstate.errors import UnknownNameError
from drstate.execution.bubbles import with_networks
from drstate.execution.stackstep import StackStep, endpoints_in
from drstate.execution.stacktags import STATE, message_of, tags_of
from drstate.execution.workbench import Workbench
from drstate.model.names import DRILL_TAG
from drstate.model.phases import Phase
from drstate.model.plan import ShardPlan, Stage
from drstate.model.shard import ShardInput
from drstate.model.stackops import StackOutcome


class BubbleStep(StackStep):
    """One stack of a drill in its place."""

    def __init__(self, bench: Workbench, stage: Stage, shard: ShardPlan, given: ShardInput) -> None:
        super().__init__(bench, stage, shard, given)
        self._shard = shard
        self._removing = stage.phase is Phase.CLEANUP

    def _up(self) -> StackOutcome:
        return self._destroy() if self._removing else self._make()

    def _make(self) -> StackOutcome:
        bench = self._bench
        given = with_networks(
            self._input,
            [bench.entry(key) for key in self._shard.declared],
            adapter=bench.adapter,
            site=lambda entry: bench.site(self._stage, self._shard, entry),
            aws=bench.aws,
        )
        return bench.stacks().up(
            self._stack,
            bench.program(given),
            message=message_of(bench, self._stage, f"drill {given.drill}"),
            tags=bubble_tags(given),
            on_progress=self._progress,
        )

    def _destroy(self) -> StackOutcome:
        from drstate.adapters.at import At  # noqa: PLC0415 loaded when it is needed
        from drstate.adapters.confining import sweep  # noqa: PLC0415 the same

        bench, given = self._bench, self._input
        stacks = bench.stacks()
        try:
            outcome = stacks.destroy(
                self._stack,
                message=message_of(bench, self._stage, f"end of drill {given.drill}"),
                on_progress=self._progress,
            )
        except UnknownNameError:
            # it was never made, or is removed already
            outcome = StackOutcome(stack=self._stack, ok=True, ops=(), counts={})
        else:
            if outcome.ok:
                stacks.remove(self._stack)
        if outcome.ok:
            sweep(At(bench.aws, given.account.id, given.id.region), given.drill, self._stack)
        return outcome

    def _record_endpoints(self, outcome: StackOutcome) -> None:
        from drstate.programs.bubble import GROUP_ID  # noqa: PLC0415 loaded when it is needed

        told = dict(endpoints_in(outcome.outputs))
        groups = {key: named[GROUP_ID] for key, named in told.items() if GROUP_ID in named}
        drill = self._input.drill
        self._bench.catalog.update(lambda catalog: catalog.with_drill_groups(drill, groups))


def bubble_tags(shard: ShardInput) -> dict[str, str]:
    """What the stack tells about itself in any list of stacks; a drill has no site state."""
    told = {name: value for name, value in tags_of(shard).items() if name != STATE and value}
    return {**told, DRILL_TAG: shard.drill}
