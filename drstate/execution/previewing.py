"""Use case: both halves of what a plan would do. Stacks are previewed in parallel, actions look.

Nothing is changed. What cannot be previewed (an account out of reach) is told in its place and does
not hide the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from drstate.errors import (
    CredentialsError,
    DrstateError,
    EngineError,
    PlanRefusedError,
    StateError,
)
from drstate.execution.advice import addressed
from drstate.execution.bubbles import with_removals
from drstate.execution.headroom import exceeded, near
from drstate.execution.looking import Looker
from drstate.execution.making_plan import PlannedRun
from drstate.execution.origin import unready
from drstate.execution.policing import police, without_declared
from drstate.execution.pool import WORKERS, Admission, estimate, stated_bytes
from drstate.execution.services import Services
from drstate.execution.verifying import verification_or_none
from drstate.model.plan import Plan, ShardPlan, Stage
from drstate.model.tags import Severity
from drstate.model.words import counted
from drstate.report.preview import (
    PlanPreview,
    RefusalView,
    ShardPreview,
    StagePreview,
)

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
        if isinstance(looker, Looker)
        for stage in planned.plan.stages
        for shard in stage.shards
    ]
    for planned in plans:
        services.load_classes(planned.plan)

    admission = Admission(services.memory, services.clock)
    stated = stated_bytes(os.environ)
    tickets = [admission.ticket() for _ in jobs]

    def look(job: tuple[Looker, Stage, ShardPlan], ticket: int) -> ShardPreview:
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
        _whole(services, planned, looker, told, took) if isinstance(looker, Looker) else looker
        for looker, planned in zip(lookers, plans, strict=True)
    ]


def _looker(services: Services, planned: PlannedRun) -> Looker | DrstateError:
    try:
        return Looker(services, planned)
    except DrstateError as error:
        return error


def _whole(
    services: Services,
    planned: PlannedRun,
    looker: Looker,
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
    refusals, warnings = _judged(stages, planned.plan)
    needs = looker.headroom.needs()
    policed = police(planned, stages, services.clock.now().date())
    return PlanPreview(
        plan=planned.plan,
        plan_digest=planned.plan.digest(),
        engine=services.carrier(planned.plan),
        stages=without_declared(stages),
        moves=planned.plan.moves,
        refusals=(
            *refusals,
            *unready(planned.scope, planned.plan, stages),
            *exceeded(needs),
            *policed.refusals,
        ),
        warnings=(
            *planned.plan.warnings,
            *warnings,
            *(f"{what}; {hint}" for what, hint in near(needs)),
            *policed.warnings,
        ),
        capacity=needs,
        policy=policed.findings,
        verification=verification_or_none(services, planned),
        duration_seconds=seconds,
    )


def refuse(seen: PlanPreview) -> None:
    """Raise PlanRefusedError where the preview holds refusals; nothing was done."""
    if not seen.refusals:
        return
    count = len(seen.refusals)
    if all(row.stack for row in seen.refusals):
        what = f"{counted(count, 'change')} refused"
    else:
        # a window, a quota or another execution is no change
        what = f"it cannot begin, for {counted(count, 'reason')}"
    raise PlanRefusedError(
        f"{what}; nothing was done",
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


def _judged(
    stages: tuple[StagePreview, ...], plan: Plan
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
                        hint=addressed(lacking.hint, plan.scope),
                        passes=True,
                    )
                )
            else:
                hint = addressed(lacking.hint, plan.scope)
                warnings.append(f"{lacking.resource}: {lacking.what}; {hint}")
        # a drill creates what it deletes again; nothing of a live stack is in its outcomes
        for found in () if plan.drill else check(stage.phase, outcomes):
            if found.severity is Severity.ERROR:
                refusals.append(
                    RefusalView(stack=found.stack, what=found.what, why=found.why, hint=found.hint)
                )
            else:
                warnings.append(f"{found.what}: {found.why}")
    return tuple(refusals), tuple(warnings)
