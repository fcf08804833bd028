"""Sums over the parts of an execution: counts, percent, time left, failures, standbys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from drstate.model.catalog import GLOBAL
from drstate.model.events import ExecutionStatus
from drstate.model.health import FAILING, Impaired, ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Plan
from drstate.model.schedule import schedule
from drstate.report.parts import ShardPart, StagePart
from drstate.report.readiness import StandbyView
from drstate.report.view import Counts, FailedView, Progress, ResourceView

_OVER = (Progress.DONE, Progress.FAILED, Progress.SKIPPED)
#: the part of a stage's estimate that its health check stands for
_HEALTH_SHARE = 0.1
#: the "stage" of what failed before there was a plan
DISCOVERY = "discovery"
_STATUS_HINT = "drstate logs shows every step"
_STACK_HINT = "mend the cause and run drstate resume: what is done stays done"


def changes(stages: Iterable[StagePart]) -> int:
    """Stack operations that were not ``same`` and actions that ran."""
    total = 0
    for stage in stages:
        for shard in stage.shards.values():
            total += len(shard.stack.ops) if shard.stack else 0
            total += sum(
                1
                for action in shard.actions.values()
                if action.state is Progress.DONE and not action.already_done
            )
    return total


def counts(resources: Iterable[tuple[ResourceView, ...]]) -> Counts:
    """Resources over all stages: how far they are and how healthy."""
    tally: dict[str, int] = {}
    for row in (row for rows in resources for row in rows):
        names = ["total", str(row.state)]
        if row.status in (
            ResourceStatus.HEALTHY,
            ResourceStatus.DEGRADED,
            ResourceStatus.UNHEALTHY,
        ):
            names.append(row.status.lower())
        for name in names:
            tally[name] = tally.get(name, 0) + 1
    known = {name: count for name, count in tally.items() if name in Counts.model_fields}
    return Counts(**known)


def percent(stages: list[StagePart], status: ExecutionStatus) -> int:
    """How much of the estimated work is over, 0 to 100. 100 only once it is completed."""
    if status is ExecutionStatus.COMPLETED:
        return 100
    weights = [(_weight(stage), _part_done(stage)) for stage in stages]
    total = sum(weight for weight, _ in weights)
    if not total:
        return 0
    return min(99, int(100 * sum(weight * done for weight, done in weights) / total))


def eta(stages: list[StagePart], status: ExecutionStatus) -> float | None:
    """Seconds until the end, from estimates corrected by how long finished stages took."""
    if status is not ExecutionStatus.RUNNING:
        return None
    finished = [stage for stage in stages if stage.state is Progress.DONE and stage.seconds]
    expected = sum(_weight(stage) for stage in finished)
    actual = sum(stage.seconds or 0.0 for stage in finished)
    ratio = actual / expected if expected else 1.0
    rest = {stage.plan.id: _weight(stage) * (1 - _part_done(stage)) for stage in stages}
    left = schedule([stage.plan for stage in stages], rest).seconds
    return round(left * ratio, 1)


def failed(stages: Iterable[StagePart]) -> tuple[FailedView, ...]:
    """Every resource that failed, with its cause and remedy; one row a resource and stage."""
    rows: list[FailedView] = []
    for stage in stages:
        for key, part in stage.resources.items():
            unhealthy = part.health is not None and part.health.status in FAILING
            if key in stage.failed or unhealthy:
                rows.append(_failure(stage, stage.shards[part.shard], key))
    return tuple(rows)


def impaired(stages: Iterable[StagePart], following: str) -> tuple[Impaired, ...]:
    """What is not healthy in the stage before ``following``, once that has ended; by key."""
    before = None
    for stage in stages:
        if stage.plan.id == following:
            break
        before = stage
    if before is None or before.health in (None, WaveHealth.HEALTHY):
        return ()
    return tuple(
        Impaired(
            stage=before.plan.id,
            wave=before.plan.wave,
            verdict=before.health,
            resource=key,
            status=found.status,
            detail=found.detail,
            hint=found.hint,
        )
        for key, part in sorted(before.resources.items())
        for found in [part.health]
        if found is not None and found.status is not ResourceStatus.HEALTHY
    )


def standbys(
    stages: Iterable[StagePart], resources: Mapping[str, tuple[ResourceView, ...]]
) -> list[StandbyView]:
    """What REPLICATE left, one row a resource; what was not checked is not known to stand by."""
    rows: dict[str, StandbyView] = {}
    for stage in stages:
        if stage.phase is not Phase.REPLICATE:
            continue
        for row in resources[stage.plan.id]:
            # the part of it that spans both sites says nothing of the standby
            if stage.plan.region == GLOBAL and row.key in rows:
                continue
            if row.status is None and row.no_op is not None:
                continue
            rows[row.key] = StandbyView(
                key=row.key,
                wave=stage.plan.wave,
                status=row.status or ResourceStatus.UNKNOWN,
                detail=row.detail,
                hint=row.hint,
                lag_seconds=row.lag_seconds,
                lag_limit_seconds=row.lag_limit_seconds,
            )
    return list(rows.values())


def unreached(plan: Plan | None) -> Iterator[FailedView]:
    """Accounts that could not be asked before the plan was made."""
    for row in plan.unreached if plan is not None else ():
        yield FailedView(resource=row.subject, stage=DISCOVERY, what=row.what, hint=row.hint)


def _failure(stage: StagePart, shard: ShardPart, key: str) -> FailedView:
    """The most exact cause that is known: the action's, the shard's, the stack's, health's."""
    for action in shard.actions.values():
        if action.spec.resource == key and action.error is not None:
            found = action.error
            title = action.spec.title
            what = found.what if found.what.startswith(title) else f"{title}: {found.what}"
            return _row(stage, key, what, found.why, found.hint)
    if shard.error is not None:
        return _row(stage, key, shard.error.what, shard.error.why, shard.error.hint)
    told = _stack_error(shard, key)
    if told:
        return _row(stage, key, told, "", _STACK_HINT)
    health = stage.resources[key].health
    if health is not None and health.status is not ResourceStatus.HEALTHY:
        return _row(stage, key, f"{health.status}: {health.detail}", "", health.hint)
    return _row(stage, key, "a step of its shard failed", "", _STATUS_HINT)


def _stack_error(shard: ShardPart, key: str) -> str:
    """What the stack said of the resource's own parts, or else of itself as a whole."""
    if shard.stack is None:
        return ""
    errors = shard.stack.errors
    mine = [text for urn, text in sorted(errors.items()) if owns(key, urn)]
    others = set(shard.plan.declared) - {key}
    whole = [
        text
        for urn, text in sorted(errors.items())
        if not any(owns(other, urn) for other in others)
    ]
    return "; ".join(mine or whole)


def owns(key: str, urn: str) -> bool:
    """Whether the URN's resource belongs to the catalog's key: programs name it after the key."""
    name = urn.split("::", 3)[-1]
    return name == key or name.startswith(f"{key}/")


def _row(stage: StagePart, key: str, what: str, why: str, hint: str) -> FailedView:
    return FailedView(
        resource=key, stage=stage.plan.id, what=what, why=why, hint=hint or _STATUS_HINT
    )


def _weight(stage: StagePart) -> float:
    return float(max(1, stage.plan.estimate_seconds))


def _part_done(stage: StagePart) -> float:
    if stage.state in _OVER:
        return 1.0
    shards = list(stage.shards.values())
    total = sum(max(1, shard.plan.estimate_seconds) for shard in shards)
    over = sum(max(1, shard.plan.estimate_seconds) for shard in shards if shard.state in _OVER)
    return (1 - _HEALTH_SHARE) * over / total if total else 0.0
