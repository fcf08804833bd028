"""A plan and its preview as text: what is declared, what acts, what has nothing to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from drstate_cli.render.capacity import taken
from drstate_cli.render.policy import exempt
from drstate_cli.render.verification import verification_lines
from drstate_cli.render.words import (
    MARKS,
    bare,
    conditional,
    counts,
    duration,
    left_out,
    many,
    placed,
    remedy,
    waits,
)

if TYPE_CHECKING:
    from drstate.model.plan import ActionSpec, Plan, ShardPlan, Stage
    from drstate.report.preview import ActionPreview, PlanPreview, ShardPreview


def plan_text(plan: Plan, title: str = "") -> str:
    """The plan alone, as compiled. ``title`` names scope and direction, where nothing else did."""
    lines = _head(plan, title)
    for stage in plan.stages:
        lines += ["", *_stage_lines(stage)]
        for shard in stage.shards:
            lines += _shard_lines(shard)
    lines += _tail(plan)
    return "\n".join(lines)


def preview_text(preview: PlanPreview, plan: Plan, title: str = "") -> str:
    """Both halves of what would happen now. ``title`` as for ``plan_text``."""
    lines = _head(plan, title)
    by_id = {stage.id: stage for stage in plan.stages}
    for stage in preview.stages:
        planned = by_id[stage.stage]
        places = {str(shard.id): shard.place for shard in planned.shards}
        lines += ["", *_stage_lines(planned)]
        for shard in stage.shards:
            seen = _previewed(shard)
            lines += [seen[0] + placed(places.get(shard.shard)), *seen[1:]]
    lines += _tail(plan)
    known = set(plan.warnings)
    lines += [f"warning: {text}" for text in preview.warnings if text not in known]
    lines += taken(preview.capacity)
    lines += exempt(preview.policy)
    lines += verification_lines(preview.verification)
    for refusal in preview.refusals:
        lines += ["", f"REFUSED: {refusal.what}"]
        lines += remedy(refusal.why, refusal.hint)
    lines += ["", _sum(preview)]
    return "\n".join(lines)


def _head(plan: Plan, title: str) -> list[str]:
    stages, seconds = many(len(plan.stages), "stage"), duration(plan.estimate_seconds)
    told = f"Plan: {stages}, about {seconds}, approval {plan.approval}"
    lines = [title, told] if title else [told]
    if plan.stability is not None:
        lines.append(f"  static stability: it {plan.stability.said}")
    if plan.critical_path:
        lines.append(f"  waves overlap; the longest chain: {' > '.join(plan.critical_path)}")
    return lines


def _stage_lines(stage: Stage) -> list[str]:
    gate = "  [gate]" if stage.gate else ""
    line = f"{stage.id}  {stage.region}  about {duration(stage.estimate_seconds)}{gate}"
    return [line + waits(stage.needs), *conditional(stage.when)]


def _shard_lines(shard: ShardPlan) -> list[str]:
    where = f"  {shard.id.account}  " + (f"stack {shard.stack}" if shard.stack else "actions only")
    lines = [where + placed(shard.place)]
    lines += [f"    = {bare(key)} declared: {shard.site_state}" for key in shard.declared]
    lines += [_action_line(action) for action in shard.actions]
    lines += [
        f"    . {bare(row.resource)}: nothing to do, because {row.reason}" for row in shard.no_ops
    ]
    return lines


def _action_line(action: ActionSpec, mark: str = "!") -> str:
    consent = f"  needs consent: {action.needs_consent}" if action.needs_consent else ""
    final = "" if action.undoable else "  cannot be undone"
    where = ", ".join(dict.fromkeys(f"{call.service} in {call.region}" for call in action.calls))
    where = f"  [{where}]" if where else ""
    return f"    {mark} {bare(action.resource)}: {action.title}{where}{consent}{final}"


def _previewed(shard: ShardPreview) -> list[str]:
    if shard.error is not None:
        return [
            f"  {shard.account}",
            f"    ERROR {shard.error.what}",
            *remedy(shard.error.why, shard.error.hint, indent="      "),
        ]
    stack = shard.stack
    if stack is None:
        lines = [f"  {shard.account}  actions only"]
    else:
        seen = Counter(str(op.op) for op in stack.ops)
        lines = [f"  {shard.account}  stack {stack.stack}: {counts(seen)}"]
        for op in stack.ops:
            if op.op == "same":
                continue
            changed = f"  ({', '.join(op.changed)})" if op.changed else ""
            lines.append(f"    {MARKS[op.op]:<2} {op.type}  {op.name}{changed}")
    for action in shard.actions:
        lines += _previewed_action(action)
    lines += [
        f"    .  {bare(row.resource)}: nothing to do, because {row.reason}" for row in shard.no_ops
    ]
    return lines


def _previewed_action(action: ActionPreview) -> list[str]:
    what = f"{bare(action.spec.resource)}: {action.spec.title}"
    if action.error is not None:
        told = [f"    ?  {what}", f"      ERROR {action.error.what}"]
        return [*told, *remedy(action.error.why, action.error.hint, indent="        ")]
    if action.done:
        return [f"    .  {what}: done already"]
    if action.after_create:
        return [f"    .  {what}: seen to once it is there"]
    blocked = [f"      BLOCKED: {action.blocked}"] if action.blocked else []
    return [_action_line(action.spec, "! "), *blocked]


def _tail(plan: Plan) -> list[str]:
    lines: list[str] = []
    if plan.savings is not None:
        from drstate.report.savings import savings_lines

        lines += ["", *savings_lines(plan.savings)]
    if plan.moves:
        lines += ["", "moves between stacks (nothing is deleted or made anew)"]
        lines += [
            f"  > {bare(move.resource)}: {move.from_group} to {move.to_group}, {move.reason}"
            for move in plan.moves
        ]
    for need in plan.stability.dependences if plan.stability else ():
        lines += ["", f"DEPENDS ON {need.call.region}: {bare(need.resource)}: {need.what}"]
        lines += remedy(str(need.call), need.hint)
    if plan.generated:
        lines += ["", "waves that no tag says (waves.generate in the scope file)"]
        lines += [f"  {bare(row.resource)}: {row.wave}, {row.reason}" for row in plan.generated]
    for row in plan.unreached:
        lines += ["", f"NOT ASKED {row.subject}: it {row.what}", *remedy("", row.hint)]
    if plan.skips:
        lines += ["", "left out"]
        for skip in plan.skips:
            lines += left_out(skip.resource, skip.reason, skip.mend)
    if plan.launch:
        from drstate_cli.render.groups import settings_lines

        lines += settings_lines(plan.launch)
    if plan.warnings:
        lines += ["", *[f"warning: {text}" for text in plan.warnings]]
    return lines


def _sum(preview: PlanPreview) -> str:
    if preview.errors:
        return f"{many(len(preview.errors), 'part')} could not be previewed"
    if preview.empty:
        return "no changes"
    ops: Counter[str] = Counter()
    running = 0
    for stage in preview.stages:
        for shard in stage.shards:
            if shard.stack is not None:
                ops.update(str(op.op) for op in shard.stack.ops if op.op != "same")
            running += sum(action.runs for action in shard.actions)
    parts = ([counts(ops)] if ops else []) + ([many(running, "action")] if running else [])
    parts += [many(len(preview.moves), "move")] if preview.moves else []
    return f"{many(preview.changes, 'change')}: {', '.join(parts)}"
