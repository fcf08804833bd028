"""The timeline: the events that people want to read, as one line each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.base import Value
from drstate.model.events import Event, Payload
from drstate.model.health import ResourceStatus
from drstate.model.phases import meant
from drstate.model.words import counted


class Level(StrEnum):
    """How much attention a line wants."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TimelineEntry(Value):
    """One line."""

    seq: int
    at: datetime
    #: seconds since the execution was created
    offset_seconds: float
    level: Level
    text: str
    stage: str = ""
    resource: str = ""


def timeline(story: Iterable[Event]) -> list[TimelineEntry]:
    """Lines in the order of the events; progress of single stack resources is left out."""
    lines: list[TimelineEntry] = []
    start: datetime | None = None
    for event in story:
        start = start or event.at
        told = _tell(event.payload)
        if told is None:
            continue
        level, text = told
        lines.append(
            TimelineEntry(
                seq=event.seq,
                at=event.at,
                offset_seconds=(event.at - start).total_seconds(),
                level=level,
                text=text,
                stage=getattr(event.payload, "stage", ""),
                resource=getattr(event.payload, "resource", ""),
            )
        )
    return lines


def describe(payload: Payload) -> tuple[Level, str] | None:
    """The line of one event, or None where the timeline leaves it out."""
    return _tell(payload)


def _who(actor: Actor | None, name: str) -> str:
    """The person with the AWS identity, where it is known."""
    return actor.shown if actor is not None else name


def _tell(payload: Payload) -> tuple[Level, str] | None:  # noqa: C901, PLR0912 - one case a kind
    match payload:
        case e.ExecutionCreated(operator=operator, phases=phases, message=message):
            names = meant(payload.operation, phases, emergency=payload.plan.emergency)
            operator = _who(payload.actor, operator)
            return _info(f"{operator} starts {names}" + (f": {message}" if message else ""))
        case e.ConsentRecorded(by=by, text=text):
            return Level.WARNING, f"{by} consents: {text}"
        case e.RunnerAttached(host=host, pid=pid, resumed=resumed, instead_of=dead):
            text = f"{'resumed' if resumed else 'begun'} by process {pid} on {host}"
            text += f" of {payload.actor.shown}" if resumed and payload.actor else ""
            return _info(f"{text}; {dead} is dead, its lease was cleared" if dead else text)
        case e.PhaseStarted(phase=phase, region=region):
            return _info(f"phase {phase} in {region}")
        case e.PhaseFinished(phase=phase, ok=ok, duration_seconds=seconds):
            return _judged(ok, f"phase {phase}", seconds)
        case e.SiteChanged(serving=serving, recovery=recovery):
            if serving == recovery:
                return _info(f"{serving} serves; the other site is no standby yet")
            return _info(f"{serving} serves, {recovery} is to take over next")
        case e.StageStarted(stage=stage):
            return _info(f"stage {stage}")
        case e.StageFinished(stage=stage, health=health, duration_seconds=seconds):
            level = {"HEALTHY": Level.INFO, "DEGRADED": Level.WARNING}.get(health, Level.ERROR)
            return level, f"stage {stage} is {health} after {seconds:.1f} s"
        case e.GateOpened(reason=reason):
            return Level.WARNING, f"waits for a person: {reason}"
        case e.GateDecided(approved=approved, by=by, comment=comment):
            word = f"{'approves' if approved else 'rejects'} {payload.stage}"
            word += " and wants undone what was done" if payload.rollback else ""
            return _info(f"{_who(payload.actor, by)} {word}" + (f": {comment}" if comment else ""))
        case e.ConditionChecked(stage=stage, met=met, reason=reason):
            word = "is run" if met else "is left out"
            return (Level.INFO if met else Level.WARNING), f"{stage} {word}: {reason}"
        case e.CleanupOwed(region=region, resources=resources):
            names = ", ".join(resources)
            return Level.WARNING, f"CLEANUP of {region} is owed for {names}; nothing waits for it"
        case e.GateReminded(stage=stage, waited_seconds=seconds):
            text = f"still waits for a person before {stage}, for {seconds / 60:.0f} min now"
            return Level.WARNING, f"{text}; its token is replaced by another one"
        case e.WaveRevalidated(stage=stage, health=health):
            level = {"HEALTHY": Level.INFO, "DEGRADED": Level.WARNING}.get(health, Level.ERROR)
            return level, f"{stage} was looked at again before going on: {health}"
        case e.PauseRequested(by=by, reason=reason):
            text = f"{_who(payload.actor, by)} asks for a pause once this wave has ended"
            return Level.WARNING, text + (f": {reason}" if reason else "")
        case e.CancelRequested(by=by, reason=reason):
            text = f"{_who(payload.actor, by)} gives the execution up; what runs is ended"
            return Level.WARNING, text + (f": {reason}" if reason else "")
        case e.ExecutionPlanned(plan=plan):
            return _info(f"planned: {counted(len(plan.stages), 'stage')}")
        case e.RunnerLaunched(host=host, pid=pid, log=log):
            return _info(f"process {pid} on {host} runs it in the background, its log is {log}")
        case e.WaveOverridden(stage=stage, by=by, reason=reason):
            return Level.WARNING, f"{by} goes on after {stage} although it is UNHEALTHY: {reason}"
        case e.RollbackStarted(by=by, reason=reason, steps=steps):
            tail = f": {reason}" if reason else ""
            return Level.WARNING, f"{by} rolls back {counted(len(steps), 'step')}{tail}"
        case e.ExecutionPaused(reason=reason, hint=hint):
            return Level.WARNING, f"paused: {reason}" + (f"; {hint}" if hint else "")
        case e.ExecutionFinished(status=status, changes=changes, duration_seconds=seconds):
            good = status is e.ExecutionStatus.COMPLETED
            level = Level.INFO if good else Level.ERROR
            return level, f"{status} after {seconds:.1f} s, {changes} changes"
        case _:
            return _tell_step(payload)


def _tell_step(payload: Payload) -> tuple[Level, str] | None:  # noqa: C901, PLR0912 - the same
    match payload:
        case e.ShardFinished(shard=shard, ok=ok, error=error, duration_seconds=seconds):
            tail = f": {error.what}" if error else ""
            level, text = _judged(ok, f"shard {shard}", seconds)
            return level, text + tail
        case e.StackStarted(stack=stack):
            return _info(f"stack {stack}")
        case e.StackFinished(stack=stack, ok=ok, counts=counts, duration_seconds=seconds):
            said = ", ".join(f"{count} {op}" for op, count in counts.items() if count)
            level, text = _judged(ok, f"stack {stack}", seconds)
            link = f", {payload.permalink}" if payload.permalink else ""
            return level, f"{text} ({said or 'no resources'}){link}"
        case e.StackRebound(stack=stack, was=was, now=now):
            ids = ", ".join(f"{was[urn]} -> {now[urn]}" for urn in sorted(now))
            return _info(f"{stack}: replaced resources are taken over under their names ({ids})")
        case e.EndpointsRecorded(resource=resource, region=region, endpoints=endpoints):
            return _info(f"{resource} answers in {region} at {', '.join(endpoints.values())}")
        case e.ActionIntended(resource=resource, title=title):
            return _info(f"{resource}: {title}")
        case e.ActionFinished(action=action, already_done=done, duration_seconds=seconds):
            return _info(f"{action} " + ("was done already" if done else f"done, {seconds:.1f} s"))
        case e.ActionFailed(action=action, error=error):
            return Level.ERROR, f"{action} failed: {error.what}"
        case e.UndoIntended(title=title):
            return _info(f"undo: {title}")
        case e.UndoFinished(step=step, duration_seconds=seconds):
            return _info(f"{step} undone, {seconds:.1f} s")
        case e.UndoFailed(step=step, error=error):
            return Level.ERROR, f"{step} could not be undone: {error.what}"
        case e.CallRetried(service=service, operation=operation, attempt=attempt, reason=reason):
            again = f"again in {payload.wait_seconds:.0f} s"
            return Level.WARNING, f"{service}:{operation} {again} (attempt {attempt}): {reason}"
        case e.HealthChecked(resource=resource, status=status, detail=detail):
            good = status is ResourceStatus.HEALTHY
            level = Level.INFO if good else Level.WARNING
            return level, f"{resource} is {status}: {detail}"
        case e.ResourceSkipped(resource=resource, reason=reason):
            return Level.WARNING, f"{resource} is left out: {reason}"
        case e.MoveFinished(resource=resource, from_stack=source, to_stack=target):
            return _info(f"{resource} moved from {source} to {target}")
        case e.Dispatched(dispatcher=dispatcher, arn=arn):
            return _info(f"run by {dispatcher}: {arn}")
        case e.ShardTaken(shard=shard, host=host, pid=pid, attempt=attempt):
            again = f", attempt {attempt}" if attempt > 1 else ""
            return _info(f"shard {shard} taken by process {pid} on {host}{again}")
        case e.ShardLeft(shard=shard, reason=reason):
            return Level.WARNING, f"shard {shard} was let go of: {reason}"
        case e.StepUnknown(step=step, finding=finding):
            return Level.WARNING, f"{step} was interrupted: {finding}"
        case e.Escalated(stage=stage, resources=resources, contacts=contacts):
            whom = f": call {', '.join(contacts)}" if contacts else ""
            return Level.ERROR, f"ESCALATED {stage}: {', '.join(resources)} did not come up{whom}"
        case e.ExecutionHidden(by=by, hidden=hidden, reason=reason):
            text = f"{_who(payload.actor, by)} {'hides it from' if hidden else 'shows it in'} lists"
            return _info(text + (f": {reason}" if reason else ""))
        case e.Warned(text=text):
            return Level.WARNING, text
        case e.NotificationDelivered(topic=topic, kind=kind, about=about, delay_seconds=seconds):
            name = topic.rpartition(":")[2]
            whom = f" for {', '.join(payload.recipients)}" if payload.recipients else ""
            held = len(payload.covers)
            what = counted(held, "held event") if held else f"event {about}"
            return _info(f"told {name}{whom} of {what} ({kind}) after {seconds:.1f} s")
        case e.NotificationFailed(topic=topic, kind=kind, about=about, error=error):
            name = topic.rpartition(":")[2]
            return Level.WARNING, f"could not tell {name} of event {about} ({kind}): {error.what}"
        case e.NotificationHeld(recipient=recipient, kind=kind, about=about, until=until, why=why):
            word = "its digest" if why == "digest" else "too many at once"
            return _info(f"event {about} ({kind}) waits for {recipient}: {word}, {until:%H:%M:%S}")
        case _:
            return None


def _info(text: str) -> tuple[Level, str]:
    return Level.INFO, text


def _judged(ok: bool, what: str, seconds: float) -> tuple[Level, str]:
    word = "done" if ok else "failed"
    return (Level.INFO if ok else Level.ERROR), f"{what} {word} after {seconds:.1f} s"
