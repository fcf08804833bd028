"""Use case: both halves of what a plan would do. Stacks are previewed in parallel, actions look.

Nothing is changed. What cannot be previewed (an account out of reach) is told in its place and does
not hide the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from drstate.errors import (
    CredentialsError,
    DrstateError,
    EngineError,
    PlanRefusedError,
    StateError,
)
from drstate.execution.assembly import program_of
from drstate.execution.bubbles import with_networks, with_removals
from drstate.execution.errorinfo import error_info
from drstate.execution.headroom import Headroom, exceeded, near
from drstate.execution.knocking import acted_on, knock
from drstate.execution.making_plan import PlannedRun
from drstate.execution.policing import pack_for, police, without_declared
from drstate.execution.pool import WORKERS, Admission, estimate, stated_bytes
from drstate.execution.prerequisites import unmet
from drstate.execution.rebinding import Lookup, look
from drstate.execution.services import Services
from drstate.execution.worksource import site_context
from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, ShardPlan, Stage, When
from drstate.model.shard import Binding
from drstate.model.stackops import Op, StackOutcome
from drstate.model.tags import Severity
from drstate.report.preview import (
    ActionPreview,
    PlanPreview,
    PrerequisiteView,
    RefusalView,
    ShardPreview,
    StagePreview,
)
from drstate.report.tally import owns

if TYPE_CHECKING:
    from drstate.adapters.base import SiteContext
    from drstate.engine.stacks import Deployment

#: told when a shard has been previewed: stage, shard
OnShard = Callable[[str, str], None]


def preview(
    services: Services,
    planned: PlannedRun,
    *,
    parallel: int | None = None,
    on_shard: OnShard | None = None,
) -> PlanPreview:
    """What the plan would do now, its refusals and warnings included.

    Raises EngineError, CredentialsError where no stack can be previewed at all.
    """
    (found,) = previews(services, [planned], parallel=parallel, on_shard=on_shard)
    if isinstance(found, DrstateError):
        raise found
    return found


def previews(
    services: Services,
    plans: Sequence[PlannedRun],
    *,
    parallel: int | None = None,
    on_shard: OnShard | None = None,
) -> list[PlanPreview | DrstateError]:
    """Several plans at once, in their order; what fails for one of them stands in its place.

    ``parallel`` shards are looked at at the same time, of whatever plan they are. To be called in
    the main thread. Raises as ``preview`` what concerns all.
    """
    begun = services.clock.monotonic()
    lookers = [_looker(services, planned) for planned in plans]
    name = services.engine().name if any(one.plan.with_stacks for one in plans) else ""
    at_once = max([1, *(parallel or planned.scope.policies.parallel for planned in plans)])
    jobs = [
        (looker, stage, shard)
        for looker, planned in zip(lookers, plans, strict=True)
        if isinstance(looker, _Looker)
        for stage in planned.plan.stages
        for shard in stage.shards
    ]
    for planned in plans:
        services.load_classes(planned.plan)

    admission = Admission(services.memory, services.clock)
    stated = stated_bytes(os.environ)
    tickets = [admission.ticket() for _ in jobs]

    def look(job: tuple[_Looker, Stage, ShardPlan], ticket: int) -> ShardPreview:
        looker, stage, shard = job
        with admission.admitted(ticket, estimate(shard, name, stated)):
            seen = looker.shard(stage, shard)
        if on_shard is not None:
            on_shard(stage.id, str(shard.id))
        return seen

    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix=WORKERS)
    try:
        looked = list(pool.map(look, jobs, tickets))
    except KeyboardInterrupt:
        services.stopping.force()  # a preview changes nothing that could be left in the middle
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    took = services.clock.monotonic() - begun
    told = iter(looked)
    return [
        _whole(services, planned, looker, told, took) if isinstance(looker, _Looker) else looker
        for looker, planned in zip(lookers, plans, strict=True)
    ]


def _looker(services: Services, planned: PlannedRun) -> _Looker | DrstateError:
    try:
        return _Looker(services, planned)
    except DrstateError as error:
        return error


def _whole(
    services: Services,
    planned: PlannedRun,
    looker: _Looker,
    looked: Iterator[ShardPreview],
    seconds: float,
) -> PlanPreview:
    """The preview of one plan, from the next shards that were looked at."""
    stages = tuple(
        StagePreview(
            stage=stage.id,
            phase=stage.phase,
            wave=stage.wave,
            region=stage.region,
            estimate_seconds=stage.estimate_seconds,
            shards=tuple(next(looked) for _ in stage.shards),
        )
        for stage in planned.plan.stages
    )
    if planned.plan.drill:
        stages = with_removals(stages)
    refusals, warnings = _judged(stages, drill=bool(planned.plan.drill))
    needs = looker.headroom.needs()
    policed = police(planned, stages, services.clock.now().date())
    return PlanPreview(
        plan=planned.plan,
        plan_digest=planned.plan.digest(),
        engine=services.carrier(planned.plan),
        stages=without_declared(stages),
        moves=planned.plan.moves,
        refusals=(*refusals, *exceeded(needs), *policed.refusals),
        warnings=(
            *planned.plan.warnings,
            *warnings,
            *(f"{what}; {hint}" for what, hint in near(needs)),
            *policed.warnings,
        ),
        capacity=needs,
        policy=policed.findings,
        duration_seconds=seconds,
    )


def refuse(seen: PlanPreview) -> None:
    """Raise PlanRefusedError where the preview holds refusals; nothing was done."""
    if not seen.refusals:
        return
    count = len(seen.refusals)
    raise PlanRefusedError(
        f"{count} change{'s' if count > 1 else ''} refused, nothing was done",
        why="\n".join(f"{row.what}: {row.why}" for row in seen.refusals),
        hint="\n".join(dict.fromkeys(row.hint for row in seen.refusals)),
    )


def refuse_damage(seen: PlanPreview) -> None:
    """Raise where a stack cannot be worked on at all; nothing was done.

    An account out of reach fails its own shards only. A damaged state, a wrong passphrase, a plugin
    or a backend that is not there are another matter: the actions of the shard would run, and its
    stack could then not follow them. Raises StateError, CredentialsError, EngineError.
    """
    from drstate.engine.failures import STANDSTILL, PassphraseError  # noqa: PLC0415 loaded late

    found = [error for _, _, error in seen.errors if error.code in STANDSTILL]
    if not found:
        return
    first = found[0]
    kind: type[DrstateError] = StateError if first.code == StateError("").code else EngineError
    if first.code == PassphraseError("").code:
        kind = CredentialsError
    raise kind(
        f"{first.what}; nothing was done",
        why="\n".join(dict.fromkeys(error.why for error in found if error.why)),
        hint="\n".join(dict.fromkeys(error.hint for error in found if error.hint)),
    )


class _Looker:
    """Looks at one shard at a time, from many threads."""

    def __init__(self, services: Services, planned: PlannedRun) -> None:
        from drstate.planning.roles import catalog_for  # noqa: PLC0415 loaded when it is needed

        self._services = services
        self._planned = planned
        self._caller = services.caller(planned.scope, session="drstate-preview")
        self._pack = pack_for(planned, services.clock.now().date())
        self.headroom = Headroom(services, planned.scope, self._caller, forced=planned.plan.force)
        self._catalogs = {
            phase: catalog_for(planned.plan, phase, planned.catalog)
            for phase in planned.plan.phases
        }
        #: states of stacks once the moves are made: moves are shown as moves, not as two changes
        self._after_moves = _states_after_moves(services, planned)

    def shard(self, stage: Stage, shard: ShardPlan) -> ShardPreview:
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


def _judged(
    stages: tuple[StagePreview, ...], *, drill: bool
) -> tuple[tuple[RefusalView, ...], tuple[str, ...]]:
    from drstate.planning.safety import check  # noqa: PLC0415 loaded when it is needed

    refusals: list[RefusalView] = []
    warnings: list[str] = []
    for stage in stages:
        outcomes = [shard.stack for shard in stage.shards if shard.stack is not None]
        for lacking in (row for shard in stage.shards for row in shard.unmet):
            if lacking.stops:
                refusals.append(
                    RefusalView(
                        stack="",
                        what=f"{lacking.resource} is not ready for {stage.phase}",
                        why=lacking.what,
                        hint=lacking.hint,
                        passes=True,
                    )
                )
            else:
                warnings.append(f"{lacking.resource}: {lacking.what}; {lacking.hint}")
        # a drill creates what it deletes again; nothing of a live stack is in its outcomes
        for found in () if drill else check(stage.phase, outcomes):
            if found.severity is Severity.ERROR:
                refusals.append(
                    RefusalView(stack=found.stack, what=found.what, why=found.why, hint=found.hint)
                )
            else:
                warnings.append(f"{found.what}: {found.why}")
    return tuple(refusals), tuple(warnings)
