"""An execution as text: the answer of `status` and the report at the end of `up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.words import bare, counts, duration, table

if TYPE_CHECKING:
    from drstate.report.view import ActionView, ExecutionView, ResourceView, ShardView, StageView


def text(view: ExecutionView) -> str:
    """The whole execution."""
    lines = _head(view)
    for stage in view.stages:
        lines += ["", *_stage(stage)]
    lines += _troubles(view)
    if view.endpoints:
        lines += ["", "endpoints recorded"]
        for key, regions in sorted(view.endpoints.items()):
            for region, hosts in sorted(regions.items()):
                lines += [
                    f"  {bare(key)}  {region}  {name}: {host}" for name, host in hosts.items()
                ]
    if view.next:
        lines += ["", "next", *[f"  {command}" for command in view.next]]
    return "\n".join(lines)


def _head(view: ExecutionView) -> list[str]:
    done = view.counts.done
    head = [
        f"{view.status}  {view.scope}  {', '.join(part.phase for part in view.phases)}"
        f"  {view.percent}%  {duration(view.duration_seconds)}"
        + (f"  about {duration(view.eta_seconds)} left" if view.eta_seconds is not None else ""),
        f"  execution {view.execution}  by {view.operator}" + ("  SANDBOX" if view.sandbox else ""),
        f"  {view.serving} serves; {view.recovery} is the recovery site"
        + "".join(f"; {region} {state}" for region, state in sorted(view.sites.items())),
        f"  {view.changes} changes; {done} of {view.counts.total} resource steps done"
        + (f", {view.counts.failed} failed" if view.counts.failed else "")
        + (f", {view.counts.skipped} skipped" if view.counts.skipped else ""),
    ]
    if view.message:
        head.append(f"  message: {view.message}")
    if view.consents:
        head.append(f"  consent: {', '.join(view.consents)}")
    return head


def _stage(stage: StageView) -> list[str]:
    health = f"  {stage.health}" if stage.health else f"  {stage.state}"
    lines = [f"{stage.id}  {stage.region}{health}  {duration(stage.seconds)}".rstrip()]
    for shard in stage.shards:
        lines += _shard(shard)
    rows = [_resource(resource) for resource in stage.resources]
    lines += table(rows, indent="  ")
    return lines


def _shard(shard: ShardView) -> list[str]:
    lines = []
    if shard.stack is not None:
        stack = shard.stack
        said = counts(stack.counts) if stack.counts else str(stack.state)
        lines.append(f"  stack {stack.name}: {said}  {duration(stack.seconds)}".rstrip())
        lines += [f"    {op.op:<8} {op.type}  {op.name}" for op in stack.ops]
        lines += [
            f"    error    {urn.rsplit('::', 1)[-1]}: {what}" for urn, what in stack.errors.items()
        ]
    lines += [_action(action) for action in shard.actions]
    if shard.error is not None:
        lines.append(f"  shard {shard.id} failed: {shard.error.what}")
    return lines


def _action(action: ActionView) -> str:
    state = "done already" if action.already_done else str(action.state)
    return f"  action {bare(action.resource)}: {action.title}: {state}  " + (
        duration(action.seconds) if action.seconds is not None and not action.already_done else ""
    )


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


def _troubles(view: ExecutionView) -> list[str]:
    lines: list[str] = []
    for failed in view.failed:
        lines += ["", f"FAILED {bare(failed.resource)} in {failed.stage}: {failed.what}"]
        lines += [f"  why:  {failed.why}"] if failed.why else []
        lines += [f"  help: {failed.hint}"] if failed.hint else []
    if view.error is not None:
        lines += ["", f"error: {view.error.what}"]
        lines += [f"  why:  {view.error.why}"] if view.error.why else []
        lines += [f"  help: {view.error.hint}"] if view.error.hint else []
    for skip in view.skips:
        lines += ["", f"LEFT OUT {bare(skip.resource)}: {skip.reason}", f"  mend: {skip.mend}"]
    for warning in view.warnings:
        lines += [f"warning: {warning.text}"]
        lines += [f"  help: {warning.hint}"] if warning.hint else []
    return lines
