"""Request + catalog -> plan. The one entrance of this room.

Every phase is compiled from the catalog as the phases before it leave it. What cannot be planned is
refused with everything that is wrong at once, before anything is changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from drstate.errors import ConfigError, PlanRefusedError
from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry
from drstate.model.phases import Phase
from drstate.model.plan import Move, Place, Plan, ShardPlan, Stage
from drstate.model.scope import Approval, Scope
from drstate.planning import dependencies as deps
from drstate.planning import estimate, owed, preconditions, roles, traffic, waves
from drstate.planning.conditional import conditional, unused
from drstate.planning.groups import launched
from drstate.planning.overlap import overlapping
from drstate.planning.requests import PlanRequest
from drstate.planning.savings import savings
from drstate.planning.selection import Selection, select
from drstate.planning.shards import (
    LARGE_STACK,
    PhaseContext,
    global_shard,
    make_input,
    regional_shard,
)
from drstate.planning.stability import stability
from drstate.planning.work import Problem, WorkSource

#: phases that create; the stacks of what spans both sites are brought up in these
_CREATING = (Phase.REPLICATE, Phase.INSTANTIATE)


def compile_plan(request: PlanRequest, catalog: Catalog, scope: Scope, work: WorkSource) -> Plan:
    """The plan for the request.

    Raises PlanRefusedError (a precondition, a cycle, a dependency on a later wave), ConfigError (a
    missing site map entry, an unknown wave), UnknownNameError (an unknown target).
    """
    catalog = _sorted(catalog)
    _refuse_nothing(catalog)
    selection = select(request, catalog.entries)
    warnings = [*request.warnings, *selection.warnings, *_vanished(catalog)]
    moves, move_warnings = _moves(request, catalog, selection)
    warnings += move_warnings
    moving = {move.resource for move in moves}

    stages: list[Stage] = []
    problems: list[Problem] = []
    current = catalog
    for phase in request.phases:
        current = roles.before(phase, current, moving)
        told = preconditions.check(phase, current, emergency=request.emergency)
        warnings += [told] if told else []
        understood = deps.resolve(current.entries)
        warnings += understood.warnings
        warnings += owed.told(phase, current, selection.keys)
        warnings += deps.check_waves(current.entries, understood)
        context = PhaseContext(
            phase=phase,
            catalog=current,
            scope=scope,
            work=work,
            dependencies=understood.of,
            force=request.force,
            emergency=request.emergency,
        )
        compiled = list(_phase_stages(context, selection))
        if scope.waves.overlap and not request.emergency:
            compiled = overlapping(compiled, current, understood.of)
        compiled, unasked = conditional(compiled, current, scope)
        warnings += unasked
        problems += _problems(context, compiled)
        stages += _with_budgets(phase, compiled)
        current = current.after(phase)
    if problems:
        _refuse_problems(problems, scope)

    approval = request.approval or scope.policies.approval
    stages = _with_gates(stages, approval, emergency=request.emergency)
    entries = {entry.key: entry for entry in catalog.entries}
    predicted = estimate.predicted(stages)
    if scope.waves.overlap and stages and all(stage.gate for stage in stages):
        warnings.append(
            "waves.overlap has no effect: a gate stands before every wave, and waits for all "
            "before it (--approval automatic, or policies.approval)"
        )
    warnings += unused(scope, {waves.effective_wave(entry) for entry in catalog.entries})
    warnings += estimate.budget_warnings(stages, predicted)
    warnings += estimate.rto_warnings(stages, entries, predicted)
    warnings += _large_stacks(stages)
    warnings += _of_actions(stages)
    if request.graceful_seconds:
        warnings.append(
            "what may lose data is tried without losing any first: that asks "
            f"{catalog.serving}, and takes {request.graceful_seconds} s where it does not answer"
        )
    if selection.partial:
        warnings.append(
            "waves or resources were chosen: the site keeps its state until the phase has run "
            "for all of them"
        )
    return Plan(
        scope=catalog.scope,
        operation=request.operation,
        phases=request.phases,
        serving=catalog.serving,
        recovery=catalog.recovery,
        approval=approval,
        force=request.force,
        emergency=request.emergency,
        graceful_seconds=request.graceful_seconds,
        partial=selection.partial or bool(request.unreached),
        catalog_version=catalog.version,
        stages=tuple(stages),
        moves=moves,
        skips=tuple(sorted((*request.skips, *selection.skips), key=lambda one: one.resource)),
        unreached=request.unreached,
        warnings=tuple(dict.fromkeys(warnings)),
        estimate_seconds=round(predicted.seconds),
        generated=waves.generated(catalog.entries, selection.keys),
        critical_path=predicted.critical_path if scope.waves.overlap else (),
        savings=savings(stages, catalog, scope),
        stability=stability(stages, catalog.recovery) if request.emergency else None,
        launch=launched(scope, catalog.entries, selection.keys),
    )


def _sorted(catalog: Catalog) -> Catalog:
    entries = tuple(sorted(catalog.entries, key=lambda entry: entry.key))
    return catalog.model_copy(update={"entries": entries})


def _refuse_nothing(catalog: Catalog) -> None:
    if not catalog.entries:
        scope = catalog.scope
        raise PlanRefusedError(
            f"{scope} has no protected resources",
            why="nothing was found with its Customer and Environment tags and dr:enabled=true, and "
            "nothing was protected before",
            hint=f"see what is there: drstate discover -c {scope.customer} "
            f"-e {scope.environment} --refresh",
        )


def _vanished(catalog: Catalog) -> Iterator[str]:
    for entry in catalog.entries:
        if entry.missing_since is not None:
            yield (
                f"{entry.key} has not been found since {entry.missing_since.isoformat()}; it stays "
                "protected and declared; if that is not meant, tag it again"
            )


def _moves(
    request: PlanRequest, catalog: Catalog, selection: Selection
) -> tuple[tuple[Move, ...], list[str]]:
    pending = [entry for entry in catalog.entries if waves.is_pending_move(entry)]
    if Phase.REPLICATE not in request.phases or request.emergency:
        return (), [waves.pending_move_warning(entry) for entry in pending]
    chosen = [entry for entry in pending if entry.key in selection.keys]
    left = [entry for entry in pending if entry.key not in selection.keys]
    moves = tuple(waves.moves_of(catalog, chosen))
    return moves, [waves.pending_move_warning(entry) for entry in left]


def _phase_stages(context: PhaseContext, selection: Selection) -> Iterator[Stage]:
    spanning = _spanning(context, selection)
    if spanning:
        yield _stage(context, 0, spanning)
    by_wave: dict[int, list[CatalogEntry]] = defaultdict(list)
    chosen = owed.only_owed(context.phase, context.catalog, selection.keys)
    for entry in context.catalog.entries:
        if entry.key in chosen:
            by_wave[waves.effective_wave(entry)].append(entry)
    for wave, held in sorted(by_wave.items()):
        for part, entries in traffic.parted(context.phase, held, context.dependencies):
            yield _stage(context, wave, _regional_shards(context, entries), part)


def _regional_shards(context: PhaseContext, entries: Iterable[CatalogEntry]) -> list[ShardPlan]:
    """By place, account and group, in that order."""
    places = waves.places(context.scope)
    shards: dict[tuple[Place, str, str], list[CatalogEntry]] = defaultdict(list)
    for entry in entries:
        place = places.get((entry.resource.name, entry.resource.account), Place.WORK)
        shards[place, entry.resource.account, waves.effective_group(entry)].append(entry)
    return [
        regional_shard(context, account, group, held, place)
        for (place, account, group), held in sorted(
            shards.items(), key=lambda one: (list(Place).index(one[0][0]), one[0][1:])
        )
    ]


def _spanning(context: PhaseContext, selection: Selection) -> list[ShardPlan]:
    if context.phase not in _CREATING or context.emergency:
        return []
    by_account: dict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in context.catalog.entries:
        if context.work.declares(entry, GLOBAL):
            by_account[entry.resource.account].append(entry)
    return [
        global_shard(context, account, entries)
        for account, entries in sorted(by_account.items())
        if any(entry.key in selection.keys for entry in entries)
    ]


def _stage(context: PhaseContext, wave: int, shards: Sequence[ShardPlan], part: str = "") -> Stage:
    name = f"w{wave}{part}" if wave else GLOBAL
    return Stage(
        id=f"{context.phase}.{name}",
        phase=context.phase,
        wave=wave,
        region=context.region,
        shards=tuple(shards),
        gate=False,
        budget_seconds=0,
        estimate_seconds=estimate.stage_seconds(shard.estimate_seconds for shard in shards),
    )


def _with_budgets(phase: Phase, stages: Sequence[Stage]) -> list[Stage]:
    shares = estimate.budgets(phase, [stage.estimate_seconds for stage in stages])
    return [
        stage.model_copy(update={"budget_seconds": share})
        for stage, share in zip(stages, shares, strict=True)
    ]


def _with_gates(stages: Sequence[Stage], approval: Approval, *, emergency: bool) -> list[Stage]:
    def gated(index: int) -> bool:
        # the second part of a wave goes on from the first without asking again
        begins = index == 0 or not stages[index].id.endswith(traffic.SUFFIX)
        return approval is Approval.REQUIRED and begins and (index == 0 or not emergency)

    return [stage.model_copy(update={"gate": gated(index)}) for index, stage in enumerate(stages)]


def _problems(context: PhaseContext, stages: Sequence[Stage]) -> Iterator[Problem]:
    entries = {entry.key: entry for entry in context.catalog.entries}
    for stage in stages:
        for shard in stage.shards:
            if shard.stack is not None:
                yield from context.work.problems(make_input(shard, entries, context.scope))


def _refuse_problems(problems: Iterable[Problem], scope: Scope) -> None:
    rows = sorted(dict.fromkeys(problems), key=lambda one: (one.file, one.field, one.resource))
    lacking = f"{len(rows)} thing{'s' if len(rows) > 1 else ''}"
    raise ConfigError(
        f"{scope.key} lacks {lacking} that its stacks need",
        why="\n".join(f"{row.resource}: {row.what} ({row.file}: {row.field})" for row in rows),
        hint="\n".join(dict.fromkeys(row.hint for row in rows)),
    )


def _of_actions(stages: Sequence[Stage]) -> Iterator[str]:
    for stage in stages:
        for shard in stage.shards:
            yield from shard.warnings
            for action in shard.actions:
                if action.warning is not None:
                    yield f"{action.resource}: {action.warning}"


def _large_stacks(stages: Sequence[Stage]) -> Iterator[str]:
    sizes = {
        shard.stack: len(shard.declared)
        for stage in stages
        for shard in stage.shards
        if shard.stack is not None
    }
    for stack, size in sizes.items():
        if size > LARGE_STACK:
            yield (
                f"stack {stack} declares {size} resources; above {LARGE_STACK} each update is "
                "slow on a file or S3 backend: spread them over more waves or accounts"
            )
