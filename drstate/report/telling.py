"""Which events people are told of, and in which words. Pure.

One event makes none, one or two notifications (an emergency's start is also a start). What only a
picture of the whole execution knows (what failed, what comes next) is asked of ``view``, and only
where it is needed: most events are nobody's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from drstate.model import events as e
from drstate.model.base import Value
from drstate.model.events import Event, ExecutionStatus
from drstate.model.health import WaveHealth
from drstate.model.notify import Kind, Severity
from drstate.report.notification import Notification, Trouble
from drstate.report.view import ExecutionView

#: of what failed, this much is listed; the rest is counted
LISTED = 20


class About(Value):
    """What every notification of an execution says."""

    execution: str
    customer: str
    environment: str
    operator: str
    phases: tuple[str, ...]
    serving: str
    recovery: str
    sandbox: bool
    emergency: bool
    drill: str = ""

    @classmethod
    def of(cls, execution: str, created: e.ExecutionCreated) -> About:
        """From the first event of the execution."""
        return cls(
            execution=execution,
            customer=created.scope.customer,
            environment=str(created.scope.environment),
            operator=created.operator,
            phases=tuple(map(str, created.phases)),
            serving=created.plan.serving,
            recovery=created.plan.recovery,
            sandbox=created.sandbox,
            emergency=created.plan.emergency,
            drill=created.plan.drill,
        )

    def after(self, payload: e.Payload) -> About:
        """What it says from the event on: a plan came later, or roles have changed."""
        match payload:
            case e.ExecutionPlanned(plan=plan):
                found = {"serving": plan.serving, "recovery": plan.recovery}
                kind = {"emergency": plan.emergency, "drill": plan.drill}
                return self.model_copy(update={**found, **kind})
            case e.SiteChanged(serving=serving, recovery=recovery):
                return self.model_copy(update={"serving": serving, "recovery": recovery})
            case _:
                return self

    def tells(
        self, event: Event, kind: Kind, severity: Severity, what: str, **more: Any
    ) -> Notification:
        """One notification about the event."""
        return Notification(
            **self.model_dump(),
            kind=kind,
            severity=severity,
            about=event.seq,
            at=event.at,
            what=what,
            **more,
        )


#: makes the picture of the execution now
View = Callable[[], ExecutionView]
#: payload types that anybody may be told of
TOLD = frozenset(
    {
        "execution_created",
        "execution_planned",
        "stage_finished",
        "phase_finished",
        "gate_opened",
        "gate_reminded",
        "wave_overridden",
        "cleanup_owed",
        "rollback_started",
        "warned",
        "escalated",
        "execution_paused",
        "execution_finished",
    }
)


def notifications(event: Event, about: About, view: View) -> tuple[Notification, ...]:
    """What is told of the event: nothing, or one thing, or two."""
    if event.payload.type not in TOLD:
        return ()
    return tuple(_of(event, about, view))


def _of(event: Event, about: About, view: View) -> Iterator[Notification]:
    match event.payload:
        case e.ExecutionCreated(planned=True) | e.ExecutionPlanned():
            yield from _started(event, about)
        case e.StageFinished():
            yield _wave(event, event.payload, about, view())
        case e.PhaseFinished(phase=phase, ok=ok, duration_seconds=seconds):
            word = "completed" if ok else "ended with failures"
            yield about.tells(
                event,
                Kind.PHASE_COMPLETED,
                Severity.INFO if ok else Severity.ERROR,
                f"phase {phase} {word} after {_minutes(seconds)}",
                where=str(phase),
                next=view().next,
            )
        case e.GateOpened(stage=stage, reason=reason, impaired=impaired):
            yield about.tells(
                event,
                Kind.APPROVAL_REQUIRED,
                Severity.WARNING,
                reason,
                where=stage,
                troubles=tuple(
                    Trouble(
                        resource=row.resource, what=f"{row.status}: {row.detail}", hint=row.hint
                    )
                    for row in impaired[:LISTED]
                ),
                more=max(0, len(impaired) - LISTED),
                next=view().next,
            )
        case e.GateReminded(stage=stage, waited_seconds=waited):
            yield about.tells(
                event,
                Kind.APPROVAL_REQUIRED,
                Severity.ERROR,
                f"the gate before {stage} has waited for {_minutes(waited)}",
                where=stage,
                remedy="its token was replaced: the one before is refused",
                next=view().next,
            )
        case e.Escalated(stage=stage, resources=resources, contacts=contacts):
            troubles, more = _troubles(view(), stage)
            yield about.tells(
                event,
                Kind.EMERGENCY,
                Severity.CRITICAL,
                f"ESCALATED: {_names(resources)} did not come up in {stage}",
                where=stage,
                troubles=troubles,
                more=more,
                remedy=f"call {', '.join(contacts) or 'incident response'}",
                next=view().next,
            )
        case e.ExecutionPaused():
            yield from _paused(event, event.payload, about, view())
        case e.ExecutionFinished():
            yield _finished(event, event.payload, about, view())
        case _:
            yield from _warned(event, about, view)


def token_note(about: About, gate: Event, stage: str, token: str) -> Notification:
    """The one-time token of a gate, for those who may decide it. Nothing else ever holds one."""
    world = _world(about)
    ways = tuple(
        f"drstate {verb} {about.execution} --token {token}{world}" for verb in ("approve", "reject")
    )
    return deciding_note(
        about, gate, stage, ways, "it decides the gate once, for 30 minutes; then a newer one comes"
    )


def deciding_note(
    about: About, gate: Event, stage: str, ways: tuple[str, ...], holds: str
) -> Notification:
    """The commands that decide a gate, with its token in them; ``holds``: for how long."""
    return about.tells(
        gate,
        Kind.APPROVAL_REQUIRED,
        Severity.WARNING,
        f"the token of the gate before {stage}",
        where=stage,
        remedy=holds,
        next=ways,
    )


def _warned(event: Event, about: About, view: View) -> Iterator[Notification]:
    kind, severity = Kind.WARNING, Severity.WARNING
    match event.payload:
        case e.Warned(text=text, hint=hint):
            told, remedy = text, hint
            kind, severity = event.payload.kind, event.payload.severity
        case e.WaveOverridden(stage=stage, by=by, reason=reason):
            told, remedy = f"{by} goes on after {stage} although it is UNHEALTHY: {reason}", ""
        case e.CleanupOwed(region=region, resources=resources):
            told = f"{len(resources)} resources in {region} could not be cleaned up; that is owed"
            remedy = _names(resources)
        case e.RollbackStarted(by=by, reason=reason, steps=steps):
            told = f"{by} rolls back {len(steps)} steps" + (f": {reason}" if reason else "")
            remedy = ""
        case _:
            return
    yield about.tells(event, kind, severity, told, remedy=remedy, next=view().next)


def _started(event: Event, about: About) -> Iterator[Notification]:
    names = ", ".join(about.phases)
    follow = (f"drstate watch {about.execution}{_world(about)}",)
    if about.emergency:
        yield about.tells(
            event,
            Kind.EMERGENCY,
            Severity.CRITICAL,
            f"{about.operator} declared an emergency: {about.recovery} is to serve",
            why=f"actions only; nothing is asked of {about.serving}",
            next=follow,
        )
    what = f"{about.operator} started {names}"
    yield about.tells(event, Kind.STARTED, Severity.INFO, what, next=follow)


_SEVERITY = {
    WaveHealth.HEALTHY: Severity.INFO,
    WaveHealth.DEGRADED: Severity.WARNING,
    WaveHealth.UNHEALTHY: Severity.ERROR,
}


def _wave(event: Event, ended: e.StageFinished, about: About, view: ExecutionView) -> Notification:
    stage = view.stage_view(ended.stage)
    bad = [row for row in view.failed if row.stage == ended.stage]
    done = sum(row.state == "done" for row in stage.resources)
    troubles, more = _troubles(view, ended.stage)
    return about.tells(
        event,
        Kind.WAVE_COMPLETED,
        _SEVERITY.get(ended.health, Severity.ERROR),
        f"{ended.stage} in {stage.region} is {ended.health} after "
        f"{_minutes(ended.duration_seconds)}: {done} of {len(stage.resources)} resources done"
        + (f", {len(bad)} failed" if bad else ""),
        where=ended.stage,
        troubles=troubles,
        more=more,
        next=view.next if bad else (),
    )


def _paused(
    event: Event, paused: e.ExecutionPaused, about: About, view: ExecutionView
) -> Iterator[Notification]:
    waiting = any(stage.gate and stage.gate.state == "waiting" for stage in view.stages)
    if waiting:
        return  # the gate itself was told
    stopped = any(stage.health is WaveHealth.UNHEALTHY for stage in view.stages)
    troubles, more = _troubles(view) if stopped else ((), 0)
    yield about.tells(
        event,
        Kind.APPROVAL_REQUIRED if stopped else Kind.WARNING,
        Severity.ERROR if stopped else Severity.WARNING,
        f"paused: {paused.reason}",
        where=view.stage or "",
        troubles=troubles,
        more=more,
        remedy=paused.hint,
        next=view.next,
    )


_ENDED = {
    ExecutionStatus.COMPLETED: (Kind.COMPLETED, Severity.INFO),
    ExecutionStatus.CANCELLED: (Kind.CANCELLED, Severity.WARNING),
}


def _finished(
    event: Event, ended: e.ExecutionFinished, about: About, view: ExecutionView
) -> Notification:
    kind, severity = _ENDED.get(ended.status, (Kind.FAILED, Severity.CRITICAL))
    if kind is Kind.COMPLETED and (ended.failed or ended.skipped):
        severity = Severity.WARNING
    troubles, more = _troubles(view)
    left = f"; {len(ended.skipped)} left out" if ended.skipped else ""
    error = ended.error
    return about.tells(
        event,
        kind,
        severity,
        f"{', '.join(about.phases)} {ended.status.lower()} after "
        f"{_minutes(ended.duration_seconds)}, {ended.changes} changes{left}",
        why=": ".join(text for text in (error.what, error.why) if text) if error else "",
        troubles=troubles,
        more=more,
        remedy=error.hint if error else "",
        next=view.next,
    )


def _troubles(view: ExecutionView, stage: str = "") -> tuple[tuple[Trouble, ...], int]:
    rows = [row for row in view.failed if stage in ("", row.stage)]
    listed = tuple(
        Trouble(
            resource=row.resource,
            what=row.what + (f" ({row.why})" if row.why else ""),
            hint=row.hint,
        )
        for row in rows[:LISTED]
    )
    return listed, len(rows) - len(listed)


def _names(keys: Sequence[str]) -> str:
    more = len(keys) - LISTED
    return ", ".join(keys[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _world(about: About) -> str:
    return " --sandbox" if about.sandbox else ""
