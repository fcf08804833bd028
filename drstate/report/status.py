"""The status fold: events in, ``ExecutionView`` out.

``feed`` takes one event in constant time, so that watching costs as much as reading; ``view`` makes
the picture at a moment. An execution that was killed and resumed folds to the same picture as one
that was not: repeated events change nothing, and what earlier attempts did is in the events.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from drstate.errors import JournalError
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.health import Impaired, WaveHealth
from drstate.model.phases import Phase
from drstate.report import outcome, tally
from drstate.report.facts import Facts
from drstate.report.parts import StagePart
from drstate.report.readiness import Readiness, statement
from drstate.report.reversal import taken_back
from drstate.report.savings import reached
from drstate.report.stages import take_in_stage
from drstate.report.totals import Totals
from drstate.report.view import (
    ExecutionView,
    FailedView,
    PhaseView,
    Progress,
    ResourceView,
    WarningView,
)
from drstate.report.ways import Ways, decisions, next_commands


def view_of(story: Iterable[Event], now: datetime) -> ExecutionView:
    """The picture after all ``story`` events. Raises JournalError where there are none."""
    fold = StatusFold()
    for event in story:
        fold.feed(event)
    return fold.view(now)


class StatusFold:
    """Feed events in order; ask for a view at any time."""

    def __init__(self) -> None:
        self._created: Event | None = None
        self._plan: e.ExecutionCreated | None = None
        self._last: datetime | None = None
        self._stages: dict[str, StagePart] = {}
        self._totals = Totals()
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
        return outcome.ended_badly(self.failed_resources(), self._ways())

    def not_cleaned_up(self, left: tuple[str, ...]) -> e.ErrorInfo:
        """What CLEANUP left, in an execution that is otherwise done; it is owed."""
        return outcome.not_cleaned_up(left, self._ways())

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
        if isinstance(payload, e.NotificationHeld):
            return  # it is told later, and is no part of the run
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
        self._totals.feed(payload, event.at)
        if isinstance(payload, e.ExecutionFinished) and payload.status is ExecutionStatus.CANCELLED:
            for row in self._stages.values():
                row.cut_off()
        stage = self._stages.get(getattr(payload, "stage", ""))
        if stage is not None and self._created is not None:
            begun = self._created.at
            take_in_stage(stage, payload, event.at, facts=self.facts, begun=begun)
            if isinstance(payload, (e.GateOpened, e.GateReminded, e.GateDecided)):
                self._totals.gated(stage.gate, payload)

    def _take_plan(self, created: e.ExecutionCreated) -> None:
        self._plan = created
        self._stages = {stage.id: StagePart.of(stage) for stage in created.plan.stages}
        self._totals.planned(created.plan)

    def _unhealthy(self) -> bool:
        """Whether it waits after an UNHEALTHY wave that nobody has overridden."""
        overridden = self._totals.reversal.overridden
        return any(
            stage.health is WaveHealth.UNHEALTHY and stage.plan.id not in overridden
            for stage in self._stages.values()
        )

    def _ways(self) -> Ways:
        (created, plan), totals = self._begun(), self._totals
        return Ways(
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
        return outcome.given_up(self._stages.values(), by, reason, self._ways())

    def decisions(self) -> tuple[str, str, str]:
        """The commands between which a person decides after an UNHEALTHY wave."""
        return decisions(self._ways())

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
        over = self._totals.phases.get(Phase.REPLICATE)
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
                for p, r in ((p, totals.phases[p]) for p in plan.phases if p in totals.phases)
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
            next=next_commands(self._ways()),
        )


def _current(stages: list[StagePart]) -> StagePart | None:
    """The first stage that has not ended well, or the last one."""
    for stage in stages:
        if stage.state not in (Progress.DONE, Progress.SKIPPED):
            return stage
    return stages[-1] if stages else None
