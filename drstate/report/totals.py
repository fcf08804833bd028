"""The part of the status fold that is about the execution as a whole: status, roles, warnings.

Fed the same events, in the same order; what is of no concern here changes nothing. What happens
inside a stage is told by ``stages.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from drstate.model import events as e
from drstate.model.events import ExecutionStatus, Payload
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import Plan
from drstate.model.words import counted
from drstate.report.reversal import Reversal
from drstate.report.view import GateView, Progress, WarningView
from drstate.report.waiting import Waiting


@dataclass
class PhasePart:
    """One phase so far; ``seconds`` is None until it has ended."""

    region: str
    state: Progress = Progress.PENDING
    seconds: float | None = None


@dataclass
class Totals:
    """What is told of the execution as a whole, so far."""

    status: ExecutionStatus = ExecutionStatus.PENDING
    serving: str = ""
    recovery: str = ""
    phases: dict[Phase, PhasePart] = field(default_factory=dict)
    sites: dict[str, SiteState] = field(default_factory=dict)
    #: resource -> region -> name -> host
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
    finished: e.ExecutionFinished | None = None
    ended_at: datetime | None = None

    def planned(self, plan: Plan) -> None:
        """Take the plan, or a newer one."""
        self.serving, self.recovery = plan.serving, plan.recovery
        for stage in reversed(plan.stages):
            self.phases[stage.phase] = PhasePart(region=stage.region)

    def feed(self, payload: Payload, at: datetime) -> None:
        """Take the next event."""
        self.waiting.feed(payload, at)
        self.reversal.feed(payload, at)
        self._stand(payload, at)

    def _stand(self, payload: Payload, at: datetime) -> None:  # noqa: C901, PLR0912 - one case a kind
        match payload:
            case e.RunnerAttached(resumed=resumed):
                self.status = ExecutionStatus.RUNNING
                self.finished, self.ended_at = None, None
                self.resumed += int(resumed)
            case e.ExecutionPaused():
                self.status = ExecutionStatus.PAUSED
            case e.ExecutionFinished(status=status):
                self.status, self.finished, self.ended_at = status, payload, at
            case e.SiteChanged(sites=sites, serving=serving, recovery=recovery):
                self.sites, self.serving, self.recovery = dict(sites), serving, recovery
            case e.EndpointsRecorded(resource=resource, region=region, endpoints=endpoints):
                self.endpoints.setdefault(resource, {})[region] = dict(endpoints)
            case e.MoveFinished(resource=resource):
                self.moved[resource] = None
            case e.ConsentRecorded(kind=kind):
                self.consents[kind] = None
            case e.Escalated(stage=at_stage, resources=resources, contacts=contacts):
                text = f"ESCALATED: {', '.join(resources)} did not come up in {at_stage}"
                whom = f"call {', '.join(contacts)}" if contacts else "call incident response"
                self.warnings[text] = WarningView(text=text, hint=whom)
            case e.Warned(text=text, hint=hint):
                self.warnings[text] = WarningView(text=text, hint=hint)
            case e.CallRetried():
                self.retries += 1
            case e.PhaseStarted(phase=phase, region=region):
                self.phases[phase] = PhasePart(region=region, state=Progress.RUNNING)
            case e.PhaseFinished(phase=phase, ok=ok, duration_seconds=seconds):
                row = self.phases[phase]
                row.state, row.seconds = Progress.DONE if ok else Progress.FAILED, seconds
            case _:
                pass

    def gated(self, gate: GateView | None, payload: Payload) -> None:
        """Take an event of a gate; ``gate`` is how it stands after it."""
        if isinstance(payload, e.GateOpened):
            self.status = ExecutionStatus.PAUSED
        elif self.status is ExecutionStatus.PAUSED and gate is not None:
            approved = gate.state is Progress.DONE
            self.status = ExecutionStatus.RUNNING if approved else ExecutionStatus.PAUSED

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
