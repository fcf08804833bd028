"""The plan of a drill: copies made wave by wave as in a failover, checked, and removed backwards.

By actions alone: no stack is touched, no site changes its state, no role passes. The stages have
the phases ACTIVATE (copies are made) and CLEANUP (they go); what either means for a resource, its
adapter says. A drill needs data at the recovery site and nothing of the serving one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from drstate.errors import ConfigError, PlanRefusedError
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan, ShardPlan, Skip, Stage
from drstate.model.scope import Approval, Scope
from drstate.planning import dependencies as deps
from drstate.planning import estimate, waves
from drstate.planning.requests import PlanRequest
from drstate.planning.selection import select
from drstate.planning.shards import PhaseContext, regional_shard
from drstate.planning.work import WorkSource

#: restoring copies takes longer than promoting what is there, and nobody waits for it
STAGE_SECONDS = 4 * 3600
_NAMES = {Phase.ACTIVATE: "drill", Phase.CLEANUP: "removal"}
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
    making = _stages(Phase.ACTIVATE, catalog, scope, work, selection.keys)
    removing = _stages(Phase.CLEANUP, catalog, scope, work, selection.keys)[::-1]
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
        warnings=(*selection.warnings, *_late(making, catalog)),
    )


def compile_removal(
    catalog: Catalog, scope: Scope, work: WorkSource, drill: str, keys: Collection[str]
) -> Plan:
    """Remove what a drill made of the resources. Raises PlanRefusedError where nothing is known."""
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
        *(text for stage in stages for shard in stage.shards for text in shard.warnings),
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
        # by actions alone: no stack is brought to a state
        emergency=True,
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
