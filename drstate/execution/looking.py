"""What one shard of a plan would do: its stack previewed, its actions observed, what it lacks.

Nothing is changed, and nothing is raised: an account out of reach is told in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.execution.assembly import program_of
from drstate.execution.bubbles import with_networks
from drstate.execution.errorinfo import error_info
from drstate.execution.headroom import Headroom
from drstate.execution.knocking import acted_on, knock
from drstate.execution.making_plan import PlannedRun
from drstate.execution.policing import pack_for
from drstate.execution.prerequisites import unmet
from drstate.execution.rebinding import Lookup, look
from drstate.execution.services import Services
from drstate.execution.worksource import site_context
from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, ShardPlan, Stage, When
from drstate.model.shard import Binding
from drstate.model.stackops import Op, StackOutcome
from drstate.report.preview import ActionPreview, PrerequisiteView, ShardPreview
from drstate.report.tally import owns

if TYPE_CHECKING:
    from drstate.adapters.site import SiteContext
    from drstate.aws.caller import AwsCaller
    from drstate.engine.stacks import Deployment

#: in an emergency: how long the preview tries again, and waits for one answer
_URGENT_SECONDS = 10.0
_URGENT_READ_SECONDS = 5.0


class Looker:
    """Looks at one shard at a time, from many threads."""

    def __init__(self, services: Services, planned: PlannedRun) -> None:
        from drstate.planning.roles import catalog_for  # noqa: PLC0415 loaded when it is needed

        self._services = services
        self._planned = planned
        self._caller = services.caller(
            planned.scope, session="drstate-preview", near=planned.plan.recovery
        )
        if planned.plan.emergency:
            self._caller = _hurried(self._caller)
        self._pack = pack_for(planned, services.clock.now().date())
        self.headroom = Headroom(services, planned.scope, self._caller, forced=planned.plan.force)
        self._catalogs = {
            phase: catalog_for(planned.plan, phase, planned.catalog)
            for phase in planned.plan.phases
        }
        #: states of stacks once the moves are made: moves are shown as moves, not as two changes
        self._after_moves = _states_after_moves(services, planned)

    def shard(self, stage: Stage, shard: ShardPlan) -> ShardPreview:
        """What the shard would do; what goes wrong while looking is in it."""
        from drstate.engine.failures import failed_outcome  # noqa: PLC0415 loaded when it is needed
        from drstate.planning.bindings import bindings_for  # noqa: PLC0415 loaded when it is needed

        catalog = self._catalogs[stage.phase]
        outcome: StackOutcome | None = None
        error = None
        bindings: tuple[Binding, ...] = ()
        try:
            bindings = bindings_for(shard, catalog)
            outcome = self._stack(stage, shard, catalog, bindings)
        except Exception as raised:  # noqa: BLE001 - told in its place in the preview
            error = error_info(raised)
        if outcome is not None and not outcome.ok:
            error = error_info(failed_outcome(outcome))
        actions = tuple(
            self._action(stage, shard, spec, catalog, bindings) for spec in shard.actions
        )
        untold = self.headroom.collect(self._planned.plan, stage, shard, catalog)
        return ShardPreview(
            shard=str(shard.id),
            account=shard.id.account,
            region=shard.id.region,
            stack=outcome,
            actions=tuple(_told_with(outcome, action) for action in actions),
            no_ops=shard.no_ops,
            unmet=(*untold, *self._unmet(stage, shard, catalog)),
            error=error,
        )

    def _unmet(
        self, stage: Stage, shard: ShardPlan, catalog: Catalog
    ) -> tuple[PrerequisiteView, ...]:
        if shard.id.region == GLOBAL:
            return ()
        return unmet(self._services, self._planned, stage, shard, catalog, self._caller)

    def _stack(
        self, stage: Stage, shard: ShardPlan, catalog: Catalog, bindings: tuple[Binding, ...]
    ) -> StackOutcome | None:
        from drstate.planning.shards import shard_input  # noqa: PLC0415 loaded when it is needed

        if shard.stack is None:
            return None
        if self._planned.plan.drill:
            return self._bubble(stage, shard, catalog)
        given = shard_input(shard, catalog, self._planned.scope, bindings)
        knock(self._caller, given.account.id, acted_on(given))
        stacks = self._services.stacks()
        base = self._after_moves.get(shard.stack)
        found = look(stacks, Lookup(given, self._services.adapter, self._caller), base)
        ready = found.ready(refresh=given.id.region in catalog.unreconciled)
        return stacks.preview(
            shard.stack,
            program_of(given),
            message="preview",
            base=found.state if found else base,
            refresh=ready.refresh,
            exclude=ready.exclude,
            pack=self._pack,
        )

    def _bubble(self, stage: Stage, shard: ShardPlan, catalog: Catalog) -> StackOutcome:
        """The drill's own stack: what it would make, or what of it would go."""
        from drstate.planning.drill import bubble_input  # noqa: PLC0415 loaded when it is needed

        planned = self._planned
        given = bubble_input(shard, planned.scope, planned.plan.drill)
        knock(self._caller, given.account.id, acted_on(given))
        stacks = self._services.stacks()
        if stage.phase is not Phase.CLEANUP:
            given = with_networks(
                given,
                [catalog.entry(key) for key in shard.declared],
                adapter=self._services.adapter,
                site=lambda entry: self._site(stage, shard, catalog, entry),
                aws=self._caller,
            )
        elif not stacks.exists(given.stack):
            return StackOutcome(stack=given.stack, ok=True, ops=(), counts={})
        # without networks nothing is declared: all that is there goes
        return stacks.preview(given.stack, program_of(given), message="preview")

    def _site(
        self,
        stage: Stage,
        shard: ShardPlan,
        catalog: Catalog,
        entry: CatalogEntry,
        bindings: tuple[Binding, ...] = (),
    ) -> SiteContext:
        return site_context(
            self._planned.scope,
            catalog,
            entry,
            stage.region,
            shard.site_state,
            force=self._planned.plan.force,
            emergency=self._planned.plan.emergency,
            bindings=bindings,
            drill=self._planned.plan.drill,
        )

    def _action(
        self,
        stage: Stage,
        shard: ShardPlan,
        spec: ActionSpec,
        catalog: Catalog,
        bindings: tuple[Binding, ...],
    ) -> ActionPreview:
        plan = self._planned.plan
        if plan.drill and stage.phase is Phase.CLEANUP and Phase.ACTIVATE in plan.phases:
            # it removes what the stages before it have yet to make
            return ActionPreview(spec=spec, done=False, after_create=True)
        try:
            entry = catalog.entry(spec.resource)
            adapter = self._services.adapter(entry.resource.technology)
            site = self._site(stage, shard, catalog, entry, bindings)
            action = adapter.action(stage.phase, entry, site, spec.id)
            seen = action.observe(self._caller.derived(transient_codes=adapter.transient_codes))
        except Exception as raised:  # noqa: BLE001 - told in its place in the preview
            return ActionPreview(spec=spec, done=False, error=error_info(raised))
        return ActionPreview(spec=spec, done=seen.done, facts=seen.facts, blocked=seen.blocked)


def _hurried(caller: AwsCaller) -> AwsCaller:
    """A recovery waits for no preview: what a lost region swallows is told as not known."""
    from drstate.aws.ways import Way  # noqa: PLC0415 loaded when it is needed

    return caller.derived(
        until=caller.clock.monotonic() + _URGENT_SECONDS, way=Way(read_seconds=_URGENT_READ_SECONDS)
    )


def _told_with(outcome: StackOutcome | None, action: ActionPreview) -> ActionPreview:
    """The action; one that looks at what its stack has yet to create is decided once it is there.

    What a stack creates is created in the state that is wanted, so such an action usually finds
    nothing to do.
    """
    if outcome is None or action.done or action.spec.when is not When.AFTER:
        return action
    made = any(op.op is Op.CREATE and owns(action.spec.resource, op.urn) for op in outcome.ops)
    return action.model_copy(update={"after_create": True, "blocked": None}) if made else action


def _states_after_moves(services: Services, planned: PlannedRun) -> dict[str, Deployment]:
    if not planned.plan.moves:
        return {}
    from drstate.engine.moves import StackMove, states_after  # noqa: PLC0415 loaded when it is needed

    moves = [StackMove(row.resource, row.from_stack, row.to_stack) for row in planned.plan.moves]
    return states_after(services.stacks(), moves)
