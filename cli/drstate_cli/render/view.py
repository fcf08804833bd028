"""An execution as text: the answer of `status` and the report at the end of `up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.rollback import decisions_text
from drstate_cli.render.words import (
    bare,
    conditional,
    counts,
    duration,
    left_out,
    many,
    remedy,
    table,
    waits,
)

if TYPE_CHECKING:
    from drstate.report.view import ActionView, ExecutionView, ResourceView, ShardView, StageView


def text(view: ExecutionView) -> str:
    """The whole execution."""
    lines = [*_head(view), ""]
    for stage in view.stages:
        block = _stage(stage)
        # stages that were not begun take one line each, so that what happened fits a screen
        lines += block if len(block) == 1 else [*([""] if lines[-1] else []), *block, ""]
    while not lines[-1]:
        lines.pop()
    lines += _troubles(view)
    lines += _endpoints(view)
    if view.savings is not None:
        from drstate.report.savings import savings_lines

        lines += ["", *savings_lines(view.savings, view.saved)]
    for debt in view.owed:
        lines += ["", f"OWED {debt.phase} in {debt.region}: {debt.why}"]
        lines += remedy("", debt.command)
    if view.next:
        lines += ["", "next", *[f"  {command}" for command in view.next]]
    return "\n".join(lines)


def _head(view: ExecutionView) -> list[str]:
    left = (
        f"  about {duration(round(view.eta_seconds))} left" if view.eta_seconds is not None else ""
    )
    took = duration(view.duration_seconds)
    steps = f"{view.counts.done} of {many(view.counts.total, 'resource step')} done"
    steps += f", {view.counts.failed} failed" if view.counts.failed else ""
    steps += f", {view.counts.skipped} skipped" if view.counts.skipped else ""
    head = [
        f"{view.status}  {view.scope}  {view.meant}  {view.percent}%  {took}{left}",
        f"  execution {view.execution}  by {view.actor or view.operator}"
        + ("  SANDBOX" if view.sandbox else ""),
        f"  {_sites(view)}",
        f"  {many(view.changes, 'change')}; {steps}",
    ]
    if view.readiness is not None:
        head.append(f"  DR readiness: {view.readiness.said}")
    if view.message:
        head.append(f"  message: {view.message}")
    if view.background is not None and str(view.status) in ("PENDING", "RUNNING", "PAUSED"):
        found = view.background
        head.append(f"  in the background: process {found.pid} on {found.host}, log {found.log}")
    head += [f"  asked: {text}" for text in view.requests]
    waited = [row.seconds for row in view.pauses if row.seconds is not None]
    if waited:
        head.append(f"  waited for people {many(len(waited), 'time')}, {duration(sum(waited))}")
    if view.consents:
        head.append(f"  consent: {', '.join(view.consents)}")
    head += decisions_text(view)
    return head


def _sites(view: ExecutionView) -> str:
    """Each site once: what it is for, and the state it is in as far as it is known."""
    roles = {view.serving: "serves", view.recovery: "is the recovery site"}
    if view.serving == view.recovery:
        roles = {view.serving: "serves, it is the recovery site"}
    if view.moving:
        roles = {view.recovery: "serves what has moved", view.serving: "serves the rest"}
    for region in sorted(view.sites):
        roles.setdefault(region, "is the other site")
    return "; ".join(
        f"{region} {role}" + (f" ({view.sites[region]})" if region in view.sites else "")
        for region, role in roles.items()
    )


def _stage(stage: StageView) -> list[str]:
    health = f"  {stage.health}" if stage.health else f"  {stage.state}"
    line = f"{stage.id}  {stage.region}{health}  {duration(stage.seconds)}".rstrip()
    if str(stage.state) == "pending" and (stage.gate is None or str(stage.gate.state) == "pending"):
        gate = "  [gate]" if stage.gate else ""
        told = f"{line}  {many(len(stage.resources), 'resource')}{gate}{waits(stage.needs)}"
        return [told, *conditional(stage.when)]
    lines = [line, *_gate(stage)]
    lines += [f"  {stage.judged}"] if stage.judged else conditional(stage.when)
    if str(stage.state) == "skipped":
        return lines
    for shard in stage.shards:
        lines += _shard(shard)
    rows = [_resource(resource) for resource in stage.resources]
    lines += table(rows, indent="  ")
    return lines


def _gate(stage: StageView) -> list[str]:
    gate = stage.gate
    if gate is None or str(gate.state) == "pending":
        return []
    if str(gate.state) == "waiting":
        alerted = f" (people were alerted {many(gate.reminders, 'time')})" if gate.reminders else ""
        lines = [f"  GATE: {gate.reason}{alerted}"]
        return [*lines, *(f"    {item}" for item in (*gate.summary, *gate.checklist))]
    if str(gate.state) == "skipped":
        return ["  the gate was not decided"]
    verdict = "rejected" if str(gate.state) == "failed" else "approved"
    by = f" by {gate.by}" if gate.by else ""
    return [f"  gate {verdict}{by}" + (f": {gate.comment}" if gate.comment else "")]


def _shard(shard: ShardView) -> list[str]:
    lines = []
    if shard.stack is not None:
        stack = shard.stack
        said = counts(stack.counts) if stack.counts else str(stack.state)
        said += "; rolled back" if stack.counts and str(stack.state) == "rolled back" else ""
        lines.append(f"  stack {stack.name}: {said}  {duration(stack.seconds)}".rstrip())
        lines += [f"    {op.op:<8} {op.type}  {op.name}" for op in stack.ops]
        lines += [f"    update   {stack.permalink}"] if stack.permalink else []
        lines += [
            f"    error    {urn.rsplit('::', 1)[-1]}: {what}" for urn, what in stack.errors.items()
        ]
    lines += [_action(action) for action in shard.actions]
    if shard.error is not None:
        lines.append(f"  shard {shard.id} failed: {shard.error.what}")
    return lines


def _action(action: ActionView) -> str:
    line = f"  action {bare(action.resource)}: {action.title}: "
    if action.already_done and str(action.state) == "done":
        return line + "done already"
    return f"{line}{action.state}  {duration(action.seconds)}".rstrip()


def _resource(resource: ResourceView) -> tuple[str, ...]:
    rto = ""
    if resource.recovered_seconds is not None:
        rto = f"recovered in {duration(resource.recovered_seconds)}"
        if resource.rto_minutes is not None:
            rto += f" (RTO {resource.rto_minutes} min: {'met' if resource.rto_met else 'MISSED'})"
    detail = resource.detail or (
        f"nothing to do, because {resource.no_op}" if resource.no_op else ""
    )
    return (bare(resource.key), str(resource.status or resource.state), rto, detail)


def _endpoints(view: ExecutionView) -> list[str]:
    """Where clients found things before and find them now; else what was recorded."""
    moved = [row for stage in view.stages for row in stage.resources if row.endpoints_after]
    known = {row.key for row in moved}
    lines = ["", "endpoints, before and after"] if moved else []
    for row in sorted(moved, key=lambda one: one.key):
        lines += [
            f"  {bare(row.key)}  {name}: {row.endpoints_before.get(name, 'none')} -> {host}"
            for name, host in sorted(row.endpoints_after.items())
        ]
    others = {key: found for key, found in view.endpoints.items() if key not in known}
    lines += ["", "endpoints recorded"] if others else []
    for key, regions in sorted(others.items()):
        for region, hosts in sorted(regions.items()):
            lines += [f"  {bare(key)}  {region}  {name}: {host}" for name, host in hosts.items()]
    return lines


def _troubles(view: ExecutionView) -> list[str]:
    lines: list[str] = []
    for failed in view.failed:
        lines += ["", f"FAILED {bare(failed.resource)} in {failed.stage}: {failed.what}"]
        lines += remedy(failed.why, failed.hint)
    if view.error is not None:
        lines += ["", f"error: {view.error.what}", *remedy(view.error.why, view.error.hint)]
    if view.skips:
        lines += ["", "left out"]
        for skip in view.skips:
            lines += left_out(skip.resource, skip.reason, skip.mend)
    if view.warnings:
        lines.append("")
    for warning in view.warnings:
        lines += [f"warning: {warning.text}", *remedy("", warning.hint)]
    return lines
