"""The status fold: events in, ``ExecutionView`` out.

``feed`` takes one event in constant time, so that watching costs as much as reading; ``view`` makes
the picture at a moment. An execution that was killed and resumed folds to the same picture as one
that was not: repeated events change nothing, and what earlier attempts did is in the events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from drstate.errors import JournalError
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus, Payload
from drstate.model.health import Impaired, ResourceStatus, WaveHealth
from drstate.model.phases import Phase, SiteState
from drstate.model.words import counted
from drstate.report import tally
from drstate.report.facts import Facts
from drstate.report.parts import StagePart
from drstate.report.readiness import Readiness, statement
from drstate.report.reversal import Reversal, taken_back
from drstate.report.savings import reached
from drstate.report.shards import take_in_shard
from drstate.report.view import (
    ExecutionView,
    FailedView,
    PhaseView,
    Progress,
    ResourceView,
    WarningView,
)
from drstate.report.waiting import Waiting, gate_after


def view_of(story: Iterable[Event], now: datetime) -> ExecutionView:
    """The picture after all ``story`` events. Raises JournalError where there are none."""
    fold = StatusFold()
    for event in story:
        fold.feed(event)
    return fold.view(now)


@dataclass
class _Phase:
    region: str
    state: Progress = Progress.PENDING
    seconds: float | None = None


@dataclass
class _Totals:
    """What is told of the execution as a whole."""

    status: ExecutionStatus = ExecutionStatus.PENDING
    serving: str = ""
    recovery: str = ""
    sites: dict[str, SiteState] = field(default_factory=dict)
    endpoints: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    warnings: dict[str, WarningView] = field(default_factory=dict)
    #: topic -> what it was not told of
    untold: dict[str, list[str]] = field(default_factory=dict)
    consents: dict[str, None] = field(default_factory=dict)
    moved: dict[str, None] = field(default_factory=dict)
    reversal: Reversal = field(default_factory=Reversal)
    waiting: Waiting = field(default_factory=Waiting)
    retries: int = 0
    resumed: int = 0
    paused_hint: str = ""
    finished: e.ExecutionFinished | None = None
    ended_at: datetime | None = None

    def told(self, found: e.NotificationDelivered | e.NotificationFailed) -> None:
        """One warning for a topic, however much it missed."""
        if isinstance(found, e.NotificationDelivered):
            return
        kinds = self.untold.setdefault(found.topic, [])
        kinds.append(str(found.kind))
        said = ", ".join(dict.fromkeys(kinds))
        text = f"{counted(len(kinds), 'notification')} ({said}) did not reach {found.topic}"
        self.warnings[found.topic] = WarningView(
            text=f"{text}: {found.error.what}", hint=found.error.hint
        )


class StatusFold:
    """Feed events in order; ask for a view at any time."""

    def __init__(self) -> None:
        self._created: Event | None = None
        self._plan: e.ExecutionCreated | None = None
        self._last: datetime | None = None
        self._stages: dict[str, StagePart] = {}
        self._phases: dict[Phase, _Phase] = {}
        self._totals = _Totals()
        #: what it has learnt so far, by resource
        self.facts = Facts()

    @property
    def status(self) -> ExecutionStatus:
        """The execution's status so far."""
        return self._totals.status

    @property
    def changes(self) -> int:
        """Stack operations other than ``same``, actions that ran, and moves, so far."""
        return tally.changes(self._stages.values()) + len(self._totals.moved)

    def failed_resources(self) -> tuple[str, ...]:
        """Keys of resources with a failed step or an unhealthy end, sorted."""
        return tuple(sorted({row.resource for row in self._failed()}))

    def ended_badly(self) -> e.ErrorInfo:
        """Why the execution as a whole counts as failed, and what helps."""
        created, plan = self._begun()
        failed = self.failed_resources()
        unreached = plan.plan.unreached
        if len(unreached) < len(failed):
            return e.ErrorInfo(
                code="Operation",
                what=f"{counted(len(failed), 'resource')} failed",
                why=", ".join(failed),
                hint=f"mend the causes, then: drstate test; if something is left: drstate test "
                f"--cleanup {created.execution}"
                if plan.plan.drill
                else f"mend the causes, then: drstate resume {created.execution}",
            )
        return e.ErrorInfo(
            code="Operation",
            what=f"{counted(len(unreached), 'account')} could not be asked: nothing there is "
            "protected; the rest is done",
            why="; ".join(f"{row.subject} {row.what}" for row in unreached),
            hint="\n".join(row.hint for row in unreached)
            + f"\nthen run: {self._ways(created, plan).anew}",
        )

    def not_cleaned_up(self, left: tuple[str, ...]) -> e.ErrorInfo:
        """What CLEANUP left, in an execution that is otherwise done; it is owed."""
        created, plan = self._begun()
        return e.ErrorInfo(
            code="NotCleanedUp",
            what=f"{counted(len(left), 'resource')} could not be cleaned up, and is owed"
            if len(left) == 1
            else f"{counted(len(left), 'resource')} could not be cleaned up, and are owed",
            why=", ".join(left),
            hint="mend the causes, then run it for these alone: "
            + self._ways(created, plan).up(Phase.CLEANUP),
        )

    def _failed(self) -> tuple[FailedView, ...]:
        """Resources that failed, and accounts of which nothing is known."""
        plan = self._plan.plan if self._plan else None
        return (*tally.unreached(plan), *tally.failed(self._stages.values()))

    def skipped_resources(self) -> tuple[str, ...]:
        """Keys of resources that were left out while running, sorted."""
        return tuple(
            sorted(
                {
                    part.key
                    for stage in self._stages.values()
                    for part in stage.resources.values()
                    if part.skipped is not None
                }
            )
        )

    def impaired_before(self, stage: str) -> tuple[Impaired, ...]:
        """What is not healthy in the stage before this one, once that has ended; by key."""
        return tally.impaired(self._stages.values(), stage)

    def changed_by_stack(self, stage: str, shard: str, resource: str) -> bool:
        """Whether the shard's stack has changed something of the resource in this execution."""
        stack = self._stages[stage].shards[shard].stack
        return stack is not None and any(tally.owns(resource, urn) for urn in stack.ops)

    def feed(self, event: Event) -> None:
        """Take the next event."""
        payload = event.payload
        if isinstance(payload, (e.NotificationDelivered, e.NotificationFailed)):
            # whether people were told may be known after the end, and is no part of the run
            self._totals.told(payload)
            return
        if isinstance(payload, e.ExecutionHidden):
            return  # it says nothing of how the execution stands
        self._last = event.at
        self.facts.feed(payload)
        if isinstance(payload, e.ExecutionCreated):
            self._created = event
            self._take_plan(payload)
            return
        if isinstance(payload, e.ExecutionPlanned) and self._plan is not None:
            found = {"plan": payload.plan, "plan_digest": payload.plan_digest}
            found |= {"actor": self._plan.actor or payload.actor}
            self._take_plan(self._plan.model_copy(update={**found, "engine": payload.engine}))
            return
        self._totals.waiting.feed(payload, event.at)
        self._totals.reversal.feed(payload, event.at)
        self._whole(payload, event.at)

    def _take_plan(self, created: e.ExecutionCreated) -> None:
        self._plan = created
        self._stages = {stage.id: StagePart.of(stage) for stage in created.plan.stages}
        self._totals.serving = created.plan.serving
        self._totals.recovery = created.plan.recovery
        for stage in reversed(created.plan.stages):
            self._phases[stage.phase] = _Phase(region=stage.region)

    def _whole(self, payload: Payload, at: datetime) -> None:  # noqa: C901, PLR0912 - one case a kind
        totals = self._totals
        match payload:
            case e.RunnerAttached(resumed=resumed):
                totals.status = ExecutionStatus.RUNNING
                totals.finished, totals.ended_at = None, None
                totals.resumed += int(resumed)
            case e.ExecutionPaused(hint=hint):
                totals.status, totals.paused_hint = ExecutionStatus.PAUSED, hint
            case e.ExecutionFinished(status=status):
                totals.status, totals.finished, totals.ended_at = status, payload, at
                if status is ExecutionStatus.CANCELLED:
                    for stage in self._stages.values():
                        stage.cut_off()
            case e.SiteChanged(sites=sites, serving=serving, recovery=recovery):
                totals.sites, totals.serving, totals.recovery = dict(sites), serving, recovery
            case e.EndpointsRecorded(resource=resource, region=region, endpoints=endpoints):
                totals.endpoints.setdefault(resource, {})[region] = dict(endpoints)
            case e.MoveFinished(resource=resource):
                totals.moved[resource] = None
            case e.ConsentRecorded(kind=kind):
                totals.consents[kind] = None
            case e.Escalated(stage=at_stage, resources=resources, contacts=contacts):
                text = f"ESCALATED: {', '.join(resources)} did not come up in {at_stage}"
                whom = f"call {', '.join(contacts)}" if contacts else "call incident response"
                totals.warnings[text] = WarningView(text=text, hint=whom)
            case e.Warned(text=text, hint=hint):
                totals.warnings[text] = WarningView(text=text, hint=hint)
            case e.CallRetried():
                totals.retries += 1
            case e.PhaseStarted(phase=phase, region=region):
                self._phases[phase] = _Phase(region=region, state=Progress.RUNNING)
            case e.PhaseFinished(phase=phase, ok=ok, duration_seconds=seconds):
                row = self._phases[phase]
                row.state, row.seconds = Progress.DONE if ok else Progress.FAILED, seconds
            case _:
                self._in_stage(payload, at)

    def _in_stage(self, payload: Payload, at: datetime) -> None:  # noqa: C901, PLR0912 - the same
        stage = self._stages.get(getattr(payload, "stage", ""))
        if stage is None:
            return
        match payload:
            case e.StageStarted():
                stage.state = Progress.RUNNING
                stage.started_at = stage.started_at or at
            case e.StageFinished(health=health, duration_seconds=seconds):
                stage.ended_at = at
                bad = health is WaveHealth.UNHEALTHY
                stage.state = Progress.FAILED if bad else Progress.DONE
                stage.health, stage.seconds = health, seconds
                found = self.facts.condition(stage.plan.id)
                if found is not None and not found.met:
                    stage.state, stage.health = Progress.SKIPPED, None
            case e.WaveRevalidated(health=health):
                bad = health is WaveHealth.UNHEALTHY
                stage.state = Progress.FAILED if bad else Progress.DONE
                stage.health = health
            case e.GateOpened() | e.GateReminded() | e.GateDecided():
                stage.gate = gate_after(stage.gate, payload)
                if isinstance(payload, e.GateOpened):
                    self._totals.status = ExecutionStatus.PAUSED
                elif self._totals.status is ExecutionStatus.PAUSED and stage.gate is not None:
                    approved = stage.gate.state is Progress.DONE
                    self._totals.status = (
                        ExecutionStatus.RUNNING if approved else ExecutionStatus.PAUSED
                    )
            case e.ConditionChecked(reason=reason):
                stage.judged = reason
            case e.HealthChecked(resource=resource, status=status):
                part = stage.resources.get(resource)
                if part is None:
                    return
                part.health = payload
                first = stage.phase is Phase.ACTIVATE and part.recovered_seconds is None
                if status is ResourceStatus.HEALTHY and first:
                    part.recovered_seconds = self._since_start(at)
            case e.ResourceSkipped(resource=resource, reason=reason, hint=hint):
                if resource in stage.resources:
                    stage.resources[resource].skipped = reason
                    stage.resources[resource].hint = hint
            case _:
                shard = stage.shards.get(getattr(payload, "shard", ""))
                if shard is not None:
                    take_in_shard(stage, shard, payload)

    def _since_start(self, at: datetime) -> float:
        return (at - self._created.at).total_seconds() if self._created else 0.0

    def _unhealthy(self) -> bool:
        """Whether it waits after an UNHEALTHY wave that nobody has overridden."""
        overridden = self._totals.reversal.overridden
        return any(
            stage.health is WaveHealth.UNHEALTHY and stage.plan.id not in overridden
            for stage in self._stages.values()
        )

    def _ways(self, created: Event, plan: e.ExecutionCreated) -> tally.Ways:
        totals = self._totals
        return tally.Ways(
            created.execution,
            plan,
            totals.status,
            self._unhealthy(),
            totals.reversal.rollback(),
            rejected=totals.waiting.to_roll_back,
            gate=any(
                stage.gate is not None and stage.gate.state is Progress.WAITING
                for stage in self._stages.values()
            ),
        )

    def given_up(self, by: str, reason: str) -> e.ErrorInfo:
        """What is told of an execution that a person gave up while it ran."""
        return tally.given_up(self._stages.values(), by, reason, self._ways(*self._begun()))

    def decisions(self) -> tuple[str, str, str]:
        """The commands between which a person decides after an UNHEALTHY wave."""
        return tally.decisions(self._ways(*self._begun()))

    def _begun(self) -> tuple[Event, e.ExecutionCreated]:
        if self._created is None or self._plan is None:
            raise JournalError(
                "the execution has no first event",
                why="the journal holds none of its events, or not the first one",
                hint="drstate history lists the executions that can be shown",
            )
        return self._created, self._plan

    def _readiness(
        self,
        created: Event,
        plan: e.ExecutionCreated,
        resources: dict[str, tuple[ResourceView, ...]],
    ) -> Readiness | None:
        """The statement once REPLICATE has ended; of chosen waves there is none."""
        over = self._phases.get(Phase.REPLICATE)
        if over is None or over.seconds is None or plan.plan.partial:
            return None
        rows = tally.standbys(self._stages.values(), resources)
        at, totals = self._last or created.at, self._totals
        return statement(plan.scope, totals.serving, totals.recovery, at, rows)

    def view(self, now: datetime) -> ExecutionView:
        """The picture at ``now``. Raises JournalError where no event was fed."""
        created, plan = self._begun()
        last = self._last or created.at
        totals = self._totals
        stages = list(self._stages.values())
        resources = {stage.plan.id: stage.resource_views() for stage in stages}
        current = _current(stages)
        end = totals.ended_at or (last if totals.status is ExecutionStatus.PAUSED else now)
        shown = tuple(stage.view(resources[stage.plan.id]) for stage in stages)
        shown = taken_back(shown, totals.reversal.rollback())
        savings = plan.plan.savings
        return ExecutionView(
            execution=created.execution,
            scope=plan.scope,
            operation=plan.operation,
            status=totals.status,
            phases=tuple(
                PhaseView(phase=p, region=r.region, state=r.state, seconds=r.seconds)
                for p, r in ((p, self._phases[p]) for p in plan.phases if p in self._phases)
            ),
            phase=current.phase if current else None,
            stage=current.plan.id if current else None,
            wave=current.plan.wave if current else None,
            counts=tally.counts(resources.values()),
            percent=tally.percent(stages, totals.status),
            eta_seconds=tally.eta(stages, totals.status),
            started_at=created.at,
            updated_at=last,
            ended_at=totals.ended_at,
            duration_seconds=max(0.0, (end - created.at).total_seconds()),
            operator=plan.operator,
            actor=plan.actor.shown if plan.actor else "",
            message=plan.message,
            engine=plan.engine,
            sandbox=plan.sandbox,
            force=plan.force,
            emergency=plan.plan.emergency,
            consents=tuple(totals.consents),
            changes=self.changes,
            serving=totals.serving,
            recovery=totals.recovery,
            sites=dict(sorted(totals.sites.items())),
            endpoints={key: totals.endpoints[key] for key in sorted(totals.endpoints)},
            stages=shown,
            failed=self._failed(),
            warnings=(
                *(WarningView(text=text) for text in plan.plan.warnings),
                *totals.warnings.values(),
            ),
            overrides=tuple(totals.reversal.overrides),
            rollback=totals.reversal.rollback(),
            savings=savings,
            saved=reached(savings, shown) if savings else None,
            skips=plan.plan.skips,
            moves=plan.plan.moves,
            moved=tuple(totals.moved),
            readiness=self._readiness(created, plan, resources),
            retries=totals.retries,
            pauses=tuple(totals.waiting.pauses),
            requests=totals.waiting.requests,
            background=totals.waiting.background,
            resumed=totals.resumed,
            error=totals.finished.error if totals.finished else None,
            next=tally.next_commands(self._ways(created, plan)),
        )


def abandoned(view: ExecutionView, why: str) -> ExecutionView:
    """The view of an execution that is RUNNING by its journal while nobody works on it."""
    rest = f"{view.execution}{' --sandbox' if view.sandbox else ''}"
    on = "resume" if view.rollback is None else "rollback --yes"
    warning = WarningView(
        text=f"nobody works on this execution: {why}", hint=f"drstate {on} {view.execution}"
    )
    return view.model_copy(
        update={
            "eta_seconds": None,
            "warnings": (*view.warnings, warning),
            "next": tuple(f"drstate {verb} {rest}" for verb in (on, "cancel", "logs")),
        }
    )


def _current(stages: list[StagePart]) -> StagePart | None:
    """The first stage that has not ended well, or the last one."""
    for stage in stages:
        if stage.state not in (Progress.DONE, Progress.SKIPPED):
            return stage
    return stages[-1] if stages else None
