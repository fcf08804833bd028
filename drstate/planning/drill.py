"""The plan of a drill: copies made wave by wave as in a failover, checked, and removed backwards.

No live stack is touched, no site changes its state, no role passes. The stages have the phases
ACTIVATE (copies are made) and CLEANUP (they go); what either means for a resource, its adapter
says. A shard whose copies take security groups has a stack of the drill's own, made before them and
destroyed after them. A drill needs data at the recovery site and nothing of the serving one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from drstate.errors import ConfigError, PlanRefusedError
from drstate.model.catalog import Catalog, CatalogEntry, OwedStack
from drstate.model.names import drill_stack_name
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan, ShardPlan, Skip, Stage
from drstate.model.scope import Approval, DrillEgress, Scope
from drstate.model.shard import ShardId, ShardInput
from drstate.planning import dependencies as deps
from drstate.planning import estimate, waves
from drstate.planning.requests import PlanRequest
from drstate.planning.selection import select
from drstate.planning.shards import PhaseContext, regional_shard
from drstate.planning.work import WorkSource

#: restoring copies takes longer than promoting what is there, and nobody waits for it
STAGE_SECONDS = 4 * 3600
_NAMES = {Phase.ACTIVATE: "drill", Phase.CLEANUP: "removal"}
#: of what the copies reach, by the scope file's policy
_REACH = {
    DrillEgress.NONE: "each other",
    DrillEgress.VPC: "the address ranges of their VPC, and so what lets those in there; what is "
    "fetched from outside it (an image, by a NAT gateway or a gateway endpoint) they cannot fetch",
    DrillEgress.ALL: "everything, as production does",
}
_REHEARSABLE = (SiteState.STANDBY, SiteState.WARM)


def compile_drill(
    catalog: Catalog,
    scope: Scope,
    work: WorkSource,
    drill: str,
    *,
    chosen_waves: Sequence[int] = (),
    targets: Sequence[str] = (),
    approval: Approval | None = None,
    hold: bool = False,
) -> Plan:
    """Make copies, check them, remove them. ``hold``: a gate stands before the removal.

    Raises PlanRefusedError (no standby, another drill is not cleaned up, nothing to rehearse),
    ConfigError and UnknownNameError (a wave or target that is not there).
    """
    _refuse_second(catalog, scope)
    _refuse_without_standby(catalog, scope)
    request = PlanRequest(
        operation=Operation.TEST,
        phases=(Phase.ACTIVATE, Phase.CLEANUP),
        waves=tuple(chosen_waves),
        targets=tuple(targets),
    )
    selection = select(request, catalog.entries)
    making = _own_stacks(_stages(Phase.ACTIVATE, catalog, scope, work, selection.keys), drill)
    removing = _stages(Phase.CLEANUP, catalog, scope, work, selection.keys)
    removing = _own_stacks(removing, drill)[::-1]
    if not any(shard.actions for stage in making for shard in stage.shards):
        raise PlanRefusedError(
            f"a drill of {scope.key} has nothing to rehearse",
            why="\n".join(
                f"{row.resource}: {row.reason}"
                for stage in making
                for shard in stage.shards
                for row in shard.no_ops
            ),
            hint="choose more: leave out --wave and --target",
        )
    asked = (approval or scope.policies.approval) is Approval.REQUIRED
    making = [one.model_copy(update={"gate": asked}) if one is making[0] else one for one in making]
    if hold and removing:
        removing[0] = removing[0].model_copy(update={"gate": True})
    return _plan(
        catalog,
        drill,
        (Phase.ACTIVATE, Phase.CLEANUP),
        [*making, *removing],
        approval=Approval.REQUIRED if asked else Approval.AUTOMATIC,
        skips=selection.skips,
        warnings=(*selection.warnings, *_confined(making, scope), *_late(making, catalog)),
    )


def owed_stacks(plan: Plan) -> tuple[OwedStack, ...]:
    """The stacks that carrying out a drill's plan makes."""
    return tuple(
        OwedStack(
            stack=shard.stack, account=shard.id.account, group=shard.id.group, wave=stage.wave
        )
        for stage in plan.stages
        if stage.phase is Phase.ACTIVATE
        for shard in stage.shards
        if shard.stack is not None
    )


def bubble_input(shard: ShardPlan, scope: Scope, drill: str) -> ShardInput:
    """What the program of a drill's own stack gets, but for the networks, which AWS is asked for.

    Raises ValueError for a shard without a stack, KeyError for an account that the scope lacks.
    """
    if shard.stack is None:
        raise ValueError(f"shard {shard.id} has no stack")
    return ShardInput(
        id=shard.id,
        stack=shard.stack,
        site_state=shard.site_state,
        regions=scope.regions,
        provider_region=shard.id.region,
        account=scope.account(shard.id.account),
        site_map={},
        policies=scope.policies,
        resources=(),
        drill=drill,
    )


def compile_removal(
    catalog: Catalog,
    scope: Scope,
    work: WorkSource,
    drill: str,
    keys: Collection[str],
    stacks: Sequence[OwedStack] = (),
) -> Plan:
    """Remove what a drill made of the resources, then its own stacks.

    What is not known any more is among the plan's skips.
    """
    known = {entry.key for entry in catalog.entries} & set(keys)
    lost = tuple(
        Skip(
            resource=key,
            reason="it is not in the catalog any more, so that the names of its copies are unknown",
            mend=f"look for what carries the tag drstate:drill={drill} and delete it",
        )
        for key in sorted(set(keys) - known)
    )
    stages = _stages(Phase.CLEANUP, catalog, scope, work, known)[::-1]
    stages = _with_owed(stages, catalog, stacks)
    return _plan(
        catalog,
        drill,
        (Phase.CLEANUP,),
        stages,
        approval=Approval.AUTOMATIC,
        skips=lost,
        warnings=(),
    )


def _plan(
    catalog: Catalog,
    drill: str,
    phases: tuple[Phase, ...],
    stages: Sequence[Stage],
    *,
    approval: Approval,
    skips: Sequence[Skip],
    warnings: Sequence[str],
) -> Plan:
    told = [
        *warnings,
        *(
            f"{action.resource}: {action.warning}"
            for stage in stages
            for shard in stage.shards
            for action in shard.actions
            if action.warning is not None
        ),
        *_together([text for stage in stages for shard in stage.shards for text in shard.warnings]),
    ]
    return Plan(
        scope=catalog.scope,
        operation=Operation.TEST,
        phases=phases,
        serving=catalog.serving,
        recovery=catalog.recovery,
        approval=approval,
        drill=drill,
        partial=bool(skips),
        catalog_version=catalog.version,
        stages=tuple(stages),
        skips=tuple(skips),
        warnings=tuple(dict.fromkeys(told)),
        estimate_seconds=sum(stage.estimate_seconds for stage in stages),
    )


def _stages(
    phase: Phase, catalog: Catalog, scope: Scope, work: WorkSource, keys: Collection[str]
) -> list[Stage]:
    context = PhaseContext(
        phase=phase,
        catalog=catalog,
        scope=scope,
        work=work,
        dependencies=deps.resolve(catalog.entries).of,
        force=False,
        emergency=False,
    )
    by_wave: dict[int, dict[tuple[str, str], list[CatalogEntry]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for entry in catalog.entries:
        if entry.key in keys:
            place = entry.resource.account, waves.effective_group(entry)
            by_wave[waves.effective_wave(entry)][place].append(entry)
    return [_stage(context, wave, shards) for wave, shards in sorted(by_wave.items())]


def _stage(
    context: PhaseContext, wave: int, places: dict[tuple[str, str], list[CatalogEntry]]
) -> Stage:
    shards: list[ShardPlan] = [
        regional_shard(context, account, group, entries)
        for (account, group), entries in sorted(places.items())
    ]
    return Stage(
        id=f"{_NAMES[context.phase]}.w{wave}",
        phase=context.phase,
        wave=wave,
        region=context.region,
        shards=tuple(shards),
        gate=False,
        budget_seconds=STAGE_SECONDS,
        estimate_seconds=estimate.stage_seconds(shard.estimate_seconds for shard in shards),
    )


def _own_stacks(stages: Sequence[Stage], drill: str) -> list[Stage]:
    """The stages with the drill's own stacks in the place of the live ones' names."""

    def own(shard: ShardPlan) -> ShardPlan:
        if shard.stack is None:
            return shard
        return shard.model_copy(update={"stack": drill_stack_name(shard.stack, drill)})

    return [
        stage.model_copy(update={"shards": tuple(own(shard) for shard in stage.shards)})
        for stage in stages
    ]


def _with_owed(
    stages: Sequence[Stage], catalog: Catalog, stacks: Sequence[OwedStack]
) -> list[Stage]:
    """The stages of a removal with just those stacks that the drill had.

    One that no shard stands for any more (its resources left the catalog, or went to another wave)
    goes last, when every copy is gone.
    """
    left = {(one.account, one.group, one.wave): one for one in stacks}

    def own(stage: Stage, shard: ShardPlan) -> ShardPlan:
        found = left.pop((shard.id.account, shard.id.group, stage.wave), None)
        if found is None:
            return shard.model_copy(update={"stack": None, "declared": ()})
        return shard.model_copy(update={"stack": found.stack})

    told = [
        stage.model_copy(update={"shards": tuple(own(stage, shard) for shard in stage.shards)})
        for stage in stages
    ]
    if not left:
        return told
    return [*told, _orphans(catalog, tuple(left.values()))]


def _orphans(catalog: Catalog, stacks: Sequence[OwedStack]) -> Stage:
    region = catalog.target(Phase.CLEANUP)

    def shard(one: OwedStack) -> ShardPlan:
        return ShardPlan(
            id=ShardId(
                scope=catalog.scope,
                region=region,
                account=one.account,
                # two waves of a group that was moved may both have left one
                group=f"{one.group}-w{one.wave}",
            ),
            stack=one.stack,
            site_state=Phase.CLEANUP.leaves,
            resources=(),
            declared=(),
            actions=(),
            estimate_seconds=estimate.shard_seconds((), (), has_stack=True),
        )

    shards = tuple(shard(one) for one in stacks)
    return Stage(
        id=f"{_NAMES[Phase.CLEANUP]}.stacks",
        phase=Phase.CLEANUP,
        wave=0,
        region=region,
        shards=shards,
        gate=False,
        budget_seconds=STAGE_SECONDS,
        estimate_seconds=estimate.stage_seconds(one.estimate_seconds for one in shards),
    )


def _confined(stages: Sequence[Stage], scope: Scope) -> Iterator[str]:
    if any(shard.stack for stage in stages for shard in stage.shards):
        egress = scope.policies.drill_egress
        yield (
            "copies stand in security groups of the drill's own stacks: only each other reaches "
            f"them, and they reach {_REACH[egress]} (policies.drill_egress: {egress})"
        )


def _together(texts: Sequence[str]) -> list[str]:
    """``<resource>: <what>``, each ``what`` once with all its resources, by first mention."""
    named: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        key, _, what = text.partition(": ")
        named[what].append(key)
    return [f"{', '.join(dict.fromkeys(keys))}: {what}" for what, keys in named.items()]


def _late(stages: Sequence[Stage], catalog: Catalog) -> Iterator[str]:
    entries = {entry.key: entry for entry in catalog.entries}
    yield from estimate.rto_warnings(stages, entries)


def _refuse_second(catalog: Catalog, scope: Scope) -> None:
    if not catalog.drills:
        return
    owed = catalog.drills[0]
    raise PlanRefusedError(
        f"drill {owed.id} of {scope.key} is not cleaned up",
        why=f"it began at {owed.since:%Y-%m-%d %H:%M} UTC; what it made in {owed.region} may still "
        "be there, and two drills never mix",
        hint=f"drstate test --cleanup -c {scope.customer} -e {scope.environment}",
    )


def _refuse_without_standby(catalog: Catalog, scope: Scope) -> None:
    where = f"-c {scope.customer} -e {scope.environment}"
    if not catalog.entries:
        raise ConfigError(
            f"{scope.key} has no protected resources",
            why="the catalog is empty",
            hint=f"drstate up --phase replicate {where}",
        )
    state = catalog.sites[catalog.recovery]
    if catalog.recovery == catalog.serving or state not in _REHEARSABLE:
        raise PlanRefusedError(
            f"a drill of {scope.key} cannot run: {catalog.recovery} is {state}",
            why="a drill rehearses at a standby, from the data that is there",
            hint=f"drstate status {where} shows where it stands; "
            f"drstate up --phase replicate {where} makes the standby",
        )
