"""The folded part of a preview for reviewers: diffs of stacks, calls of actions, readiness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from drstate.model.health import ResourceStatus
from drstate.model.plan import Plane
from drstate.model.stackops import Op, ResourceOp
from drstate.model.words import counted
from drstate.report.comment_table import OPS, lasting
from drstate.report.cutting import Block, Part
from drstate.report.outside import code, in_html, prose, shortened
from drstate.report.policy import PolicyLevel
from drstate.report.preview import ActionPreview, PlanPreview, RefusalView, ShardPreview
from drstate.report.review import Review

#: a code block of kind ``diff`` colours lines by their first character
_MARKS = {
    Op.CREATE: "+",
    Op.UPDATE: "!",
    Op.REPLACE: "-",
    Op.DELETE: "-",
    Op.IMPORT: "+",
    Op.DISCARD: "-",
}
_ORDER = (
    Op.DELETE,
    Op.REPLACE,
    Op.UPDATE,
    Op.IMPORT,
    Op.CREATE,
    Op.DISCARD,
    Op.READ,
    Op.REFRESH,
    Op.SAME,
)
#: of a value or a sentence
_MOST = 300
#: values that are named outside of the details
_NAMED = 4


def stacks(seen: PlanPreview) -> Iterator[Block]:
    """One fold for each stack that would change, then one for those that would not."""
    quiet: list[str] = []
    for stage in seen.stages:
        for shard in stage.shards:
            if shard.stack is None:
                continue
            lines = [line for op in in_order(shard.stack.ops) for line in _diff(op)]
            if not lines:
                same = counted(len(shard.stack.ops), "resource")
                where = f"{code(stage.stage)} {code(shard.stack.stack)}"
                quiet.append(f"- {where}: {same}, no changes")
                continue
            summary = f"{stage.stage}: {in_html(shard.stack.stack)}: {_counted(shard)}"
            yield Block(summary, tuple(lines), fence="diff")
    if quiet:
        yield Block(f"{counted(len(quiet), 'stack')} without changes", tuple(quiet))


def in_order(ops: Iterable[ResourceOp]) -> list[ResourceOp]:
    """What is lost first; else by name, because the engine's own order is another each time."""
    return sorted(ops, key=lambda op: (_ORDER.index(op.op), op.type.startswith("aws:"), op.urn))


def _counted(shard: ShardPreview) -> str:
    ops = Counter(op.op for op in shard.stack.ops) if shard.stack else Counter[Op]()
    order = [*OPS[:-1], Op.IMPORT, Op.READ, Op.REFRESH, Op.DISCARD, Op.SAME]
    return ", ".join(f"{ops[op]} {op}" for op in order if ops[op])


def _diff(op: ResourceOp) -> Iterator[str]:
    mark = _MARKS.get(op.op)
    if mark is None:
        return
    kept = "  (protected)" if op.protected else ""
    yield f"{mark} {op.op} {op.type} {shortened(op.name, _MOST)}{kept}"
    told = {change.path for change in op.diff}
    for change in op.diff:
        forces = "  (forces the replacement)" if change.replaces else ""
        yield f"{mark}     {change.path}: {change.told}{forces}"
    for path in op.changed:
        if path not in told:
            yield f"{mark}     {path}"


def changed_values(op: ResourceOp, most: int) -> str:
    """Which properties change, those that force a replacement first, in one line."""
    if op.op is Op.DELETE:
        return ""
    forcing = [one for one in op.diff if one.replaces] or list(op.diff)
    told = [
        f"{code(shortened(one.path, most))} {code(shortened(one.told, most))}" for one in forcing
    ]
    told = told or [code(shortened(path, most)) for path in op.changed]
    more = len(told) - _NAMED
    return ", ".join([*told[:_NAMED], *([f"{more} more"] if more > 0 else [])])


def actions(seen: PlanPreview) -> Iterator[Block]:
    """One fold for the actions of each shard: what would be called, where, on which plane."""
    for stage in seen.stages:
        for shard in stage.shards:
            lines = [line for action in shard.actions for line in _action(action)]
            lines += [
                f"- {_resource(row.resource)}: nothing to do, because "
                f"{prose(shortened(row.reason, _MOST))}"
                for row in shard.no_ops
            ]
            if not lines:
                continue
            running = sum(one.runs for one in shard.actions)
            told = f"{counted(running, 'action')} would run"
            rest = len(shard.actions) - running
            told += f", {rest} would not" if rest else ""
            told = told if shard.actions else "nothing to do"
            summary = f"{stage.stage}: {in_html(shard.account)}: {told}"
            yield Block(summary, tuple(lines))


def _action(action: ActionPreview) -> Iterator[str]:
    spec = action.spec
    what = f"- {_resource(spec.resource)}: {prose(shortened(spec.title, _MOST))}"
    if action.error is not None:
        why = prose(shortened(action.error.what, _MOST))
        yield f"{what}: **could not be looked at**: {why}"
        return
    if action.done:
        yield f"{what}: done already"
        return
    if action.after_create:
        yield f"{what}: seen to once it is there"
        return
    marks = [f"about {lasting(spec.estimate_seconds)}"]
    marks += [f"needs consent to {prose(spec.needs_consent)}"] if spec.needs_consent else []
    marks += [] if spec.undoable else ["cannot be undone"]
    yield f"{what} ({', '.join(marks)})"
    for call in spec.calls:
        plane = "data plane" if call.plane is Plane.DATA else "control plane"
        yield f"  - {code(f'{call.service}:{call.operation}')} in {code(call.region)}, {plane}"
    if action.blocked:
        yield f"  - **blocked now**: {prose(shortened(action.blocked, _MOST))}"


def _resource(key: str) -> str:
    return code(shortened(key, _MOST))


def warnings(
    seen: PlanPreview, not_now: Sequence[RefusalView], notices: Sequence[str], most: int
) -> Part:
    """What the plan and its preview warn of, what they leave out, what forbids a start now.

    ``most``: characters of a sentence that is always shown.
    """
    intro = tuple(
        f"- **not now**: {prose(shortened(row.what, most))}: {prose(shortened(row.why, most))}"
        for row in not_now[:_NAMED]
    )
    more = len(not_now) - _NAMED
    intro += (f"- and {more} more",) if more > 0 else ()
    told = (*notices, *seen.warnings)
    lines = [f"- {prose(shortened(text, 2 * _MOST))}" for text in told]
    left = [
        f"- {_resource(skip.resource)}: {prose(_less(skip.reason, skip.resource))}; "
        f"{prose(_less(skip.mend, skip.resource))}"
        for skip in seen.plan.skips
    ]
    exempt = [
        f"- {prose(shortened(row.said, _MOST))}: exempt until {row.until}, because "
        f"{prose(shortened(row.reason, _MOST))}"
        for row in seen.policy
        if row.level is PolicyLevel.EXEMPT
    ]
    near = [f"- {prose(shortened(need.told, _MOST))}" for need in seen.capacity]
    blocks = [
        Block(summary, tuple(rows))
        for rows, summary in (
            (lines, counted(len(lines), "warning")),
            (left, f"{counted(len(left), 'resource')} left out"),
            (exempt, f"{counted(len(exempt), 'exemption')} from policies"),
            (near, counted(len(near), "quota")),
        )
        if rows
    ]
    return Part("Warnings", intro, tuple(blocks))


def readiness(review: Review, most: int) -> Part:
    """Whether the scope could be recovered as it is now, before this change."""
    found = review.readiness
    if found is None:
        if not review.readiness_why:
            return Part("Readiness")
        return Part("Readiness", (f"Not known: {prose(shortened(review.readiness_why, most))}",))
    bad = [row for row in found.resources if row.status is not ResourceStatus.HEALTHY]
    rows = [
        f"- {_resource(row.key)}: {prose(str(row.status))} {prose(shortened(row.detail, _MOST))}"
        + (f"; {prose(shortened(row.hint, _MOST))}" if row.hint else "")
        for row in bad
    ]
    rows += [
        f"- {'**stops a recovery**: ' * one.stops}{prose(shortened(one.what, _MOST))}"
        + (f"; {prose(shortened(one.hint, _MOST))}" if one.hint else "")
        for one in found.findings
    ]
    rows += [
        f"- owed: {code(debt.phase)} in {code(debt.region)}: {prose(shortened(debt.why, _MOST))}. "
        f"{code(debt.command)}"
        for debt in found.owed
    ]
    said = prose(shortened(_after(found.said), most))
    intro: tuple[str, ...] = (f"As it is now: **{found.standing}**, {said}",)
    if found.verification is not None:
        told = found.verification
        mend = f"; {code(told.mend)}" if told.mend else ""
        intro = (*intro, "", f"Its failover is {prose(shortened(told.said, most))}{mend}")
    blocks = (Block(f"{counted(len(rows), 'finding')}", tuple(rows)),) if rows else ()
    return Part("Readiness", intro, blocks)


def _less(text: str, resource: str) -> str:
    """Without the resource's name, which stands before it."""
    return shortened(text.removeprefix(f"{resource}: ").replace(f" on {resource}", ""), _MOST)


def _after(said: str) -> str:
    return said.partition(": ")[2] or said
