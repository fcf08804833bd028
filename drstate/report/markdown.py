"""The final report of an execution as markdown: for a pull request, a ticket, a mail.

Text from AWS and from people is escaped; nothing here is read back.
"""

from __future__ import annotations

from collections.abc import Iterator

from drstate.report.savings import savings_lines
from drstate.report.tally import owns
from drstate.report.view import (
    ExecutionView,
    Progress,
    ResourceView,
    RollbackView,
    ShardView,
    StageView,
)


def markdown(view: ExecutionView) -> str:
    """The report, ending in a newline."""
    return "\n".join([*_head(view), *_stages(view), *_failures(view), *_end(view), ""])


def _head(view: ExecutionView) -> Iterator[str]:
    where = " in the sandbox" if view.sandbox else ""
    yield f"# {view.scope}: {view.meant} {view.status}{where}"
    yield ""
    yield f"- execution {view.execution}, by {escaped(view.operator)}"
    yield f"- {view.duration_seconds:.0f} s, {view.changes} changes, {view.percent} %"
    yield f"- {regions_text(view)}"
    if view.readiness is not None:
        yield f"- DR readiness: {escaped(view.readiness.said)}"
    if view.message:
        yield f"- {escaped(view.message)}"
    for kind in view.consents:
        yield f"- consent given: {kind}"
    for row in view.overrides:
        who = f"{escaped(row.by)} went on at {row.at:%Y-%m-%d %H:%M:%S}"
        yield f"- {row.stage} was UNHEALTHY; {who}: {escaped(row.reason)}"
    if view.rollback is not None:
        yield from _rollback(view.rollback)
    yield ""


def regions_text(view: ExecutionView) -> str:
    """Which region serves, and which one is there to take over, where that is another."""
    if view.serving == view.recovery:
        return f"{view.serving} serves"
    if view.moving:
        return f"{view.recovery} serves what has moved, {view.serving} the rest"
    return f"{view.serving} serves, {view.recovery} is to take over next"


def _rollback(found: RollbackView) -> Iterator[str]:
    done = sum(row.state is Progress.DONE for row in found.steps)
    reason = f": {escaped(found.reason)}" if found.reason else ""
    yield f"- rolled back by {escaped(found.by)}, {done} of {len(found.steps)} steps{reason}"
    for row in found.steps:
        why = f" ({escaped(row.error.what)})" if row.error else ""
        yield f"  - undo {escaped(row.title)}: {row.state}{why}"
    for left in found.left:
        told = f"{escaped(left.what)}: {escaped(left.reason)} {escaped(left.hint)}"
        yield f"  - left: {told}".rstrip()


def _stages(view: ExecutionView) -> Iterator[str]:
    for stage in view.stages:
        health = stage.health or stage.state
        took = f", {stage.seconds:.1f} s" if stage.seconds is not None else ""
        yield f"## {stage.id}: {health}{took}"
        yield ""
        if stage.judged:
            yield f"*{escaped(stage.judged)}*"
            yield ""
        yield "| resource | declared | actions | health | recovery time |"
        yield "|---|---|---|---|---|"
        for resource in stage.resources:
            yield _row(stage, resource)
        yield ""
        yield from _endpoints(stage)
        yield from _updates(stage)


def _updates(stage: StageView) -> Iterator[str]:
    """Where a backend shows what was done to each stack."""
    linked = [one.stack for one in stage.shards if one.stack is not None and one.stack.permalink]
    for stack in linked:
        yield f"- update of {escaped(stack.name)}: <{stack.permalink}>"
    if linked:
        yield ""


def _endpoints(stage: StageView) -> Iterator[str]:
    moved = [row for row in stage.resources if row.endpoints_after]
    if not moved:
        return
    yield "| resource | endpoint | before | after |"
    yield "|---|---|---|---|"
    for row in moved:
        for name, host in sorted(row.endpoints_after.items()):
            cells = (row.key, name, row.endpoints_before.get(name, ""), host)
            yield f"| {' | '.join(escaped(cell) for cell in cells)} |"
    yield ""


def _row(stage: StageView, resource: ResourceView) -> str:
    mine = shards_of(stage, resource)
    cells = (
        resource.key,
        declared_text(mine, resource),
        actions_text(mine, resource.key),
        f"{resource.status or resource.state} {resource.detail}".strip(),
        recovery_text(resource),
    )
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def shards_of(stage: StageView, resource: ResourceView) -> list[ShardView]:
    """The stage's shards that may have worked on the resource."""
    return [shard for shard in stage.shards if shard.account == resource.account]


def declared_text(shards: list[ShardView], resource: ResourceView) -> str:
    """What the resource's stack did for it, or why nothing."""
    if resource.no_op is not None:
        return f"nothing to do: {resource.no_op}"
    ops = [
        op
        for shard in shards
        if shard.stack is not None
        for op in shard.stack.ops
        if owns(resource.key, op.urn)
    ]
    kinds = sorted({str(op.op) for op in ops})
    told = ", ".join(f"{sum(op.op == kind for op in ops)} {kind}" for kind in kinds)
    return told or ("no changes" if resource.declared else "foreign")


def actions_text(shards: list[ShardView], key: str) -> str:
    """What was done to the resource, and how each action ended."""
    told = []
    for action in (action for shard in shards for action in shard.actions):
        if action.resource == key:
            word = "was done" if action.already_done else str(action.state)
            told.append(f"{action.title} ({word})")
    return "; ".join(told)


def recovery_text(resource: ResourceView) -> str:
    """Its recovery time against its target; empty where it has none."""
    if resource.recovered_seconds is None:
        return ""
    measured = f"{resource.recovered_seconds / 60:.1f} min"
    if resource.rto_minutes is None:
        return measured
    verdict = "met" if resource.rto_met else "missed"
    return f"{measured}, target {resource.rto_minutes} min {verdict}"


def _failures(view: ExecutionView) -> Iterator[str]:
    if not view.failed and view.error is None:
        return
    yield "## What failed"
    yield ""
    if view.error is not None and not view.failed:
        yield f"- {escaped(view.error.what)}: {escaped(view.error.why)}. {escaped(view.error.hint)}"
    for row in view.failed:
        why = f" ({escaped(row.why)})" if row.why else ""
        yield f"- {row.resource} in {row.stage}: {escaped(row.what)}{why}. {escaped(row.hint)}"
    yield ""


def _end(view: ExecutionView) -> Iterator[str]:
    for skip in view.skips:
        yield f"- left out: {skip.resource}: {escaped(skip.reason)}. {escaped(skip.mend)}"
    for warning in view.warnings:
        yield f"- warning: {escaped(warning.text)} {escaped(warning.hint)}".rstrip()
    if view.savings is not None:
        yield from (f"- {escaped(line)}" for line in savings_lines(view.savings, view.saved))
    for debt in view.owed:
        way = f"`{escaped(debt.command)}`"
        yield f"- owed: {debt.phase} in {debt.region}: {escaped(debt.why)}; {way}"
    waiting = [s for s in view.stages if s.gate and s.gate.state is Progress.WAITING]
    for stage in waiting:
        yield f"- waits for approval before {stage.id}"
    if view.next:
        yield ""
        yield "Next:"
        yield ""
        yield "```"
        yield from view.next
        yield "```"


def escaped(text: str) -> str:
    """One line, with nothing in it that a table or HTML would take for its own."""
    plain = " ".join(text.split())
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
