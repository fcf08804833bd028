"""A preview as a comment on a pull request: what a reviewer has to know, from top to bottom.

First a table that is never trimmed and the predicted recovery time, then what is refused or
destructive, then folded details (the diff of each stack, what each action would call), then whether
the scope could be recovered now. Made for GitHub, and read well as plain text. Nothing is decided
here, and whatever came from outside is written with ``report.outside``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drstate.model.recovery import RecoveryTime
from drstate.model.stackops import Op
from drstate.model.words import counted
from drstate.report.comment_details import (
    actions,
    changed_values,
    in_order,
    readiness,
    stacks,
    warnings,
)
from drstate.report.comment_table import OPS, lasting, table
from drstate.report.cutting import LEAST, LIMIT, Block, Fitted, Part, fitted
from drstate.report.outside import code, prose, shortened, strong
from drstate.report.preview import PlanPreview, unexplained
from drstate.report.review import Predicted, Review

#: of the comment: what the table may take before lines of it are put together
_TABLE = 0.4


@dataclass(frozen=True)
class _Room:
    """How much of what is always shown is shown, in characters and in lines."""

    #: of one sentence from outside
    sentence: int
    #: stages of a longest chain that are named
    chain: int
    #: files that are named as the reason
    files: int
    #: of the comment: all lists together
    lists: float


#: the first one with which everything fits is taken
_ROOMS = (
    _Room(sentence=600, chain=12, files=5, lists=0.35),
    _Room(sentence=300, chain=12, files=3, lists=0.25),
    _Room(sentence=120, chain=6, files=2, lists=0.15),
    _Room(sentence=60, chain=3, files=1, lists=0.0),
)


def comment(
    review: Review, names: dict[str, str], *, limit: int = LIMIT, whole: str = ""
) -> Fitted:
    """The comment, at most ``limit`` characters.

    ``names``: account -> its name in the scope file. ``whole``: a sentence of markdown that says
    where everything is that does not fit. Raises ValueError for a limit below ``LEAST``.
    """
    if limit < LEAST:
        raise ValueError(f"a comment of less than {LEAST} characters has no room for its table")
    for room in _ROOMS:
        found = _composed(review, names, limit, whole or _whole(review), room)
        if len(found.text) <= limit:
            break
    return found


def _composed(review: Review, names: dict[str, str], limit: int, whole: str, room: _Room) -> Fitted:
    head = [_title(review), ""]
    parts: list[Part] = []
    if review.preview is None:
        head += _not_previewed(review, room)
    else:
        head += [*table(review.preview, names, int(limit * _TABLE)), ""]
        head += [*_recovery(review, room), ""]
        head += [*_rehearsed(review.preview, room), ""]
        lists = list(_lists(review.preview, int(limit * room.lists), room.sentence // 2))
        for heading, intro, _ in lists:
            head += [f"### {heading}", "", *intro, ""]
        more = [block for _, _, block in lists if block is not None]
        details = [*more, *stacks(review.preview), *actions(review.preview)]
        parts.append(Part("Details", (), tuple(details)))
        parts.append(warnings(review.preview, review.not_now, review.notices, room.sentence // 2))
    parts.append(readiness(review, room.sentence // 2))
    text = "\n".join(head).rstrip() + "\n"
    return fitted(text, parts, _foot(review, room), limit=limit, whole=whole)


def _title(review: Review) -> str:
    phases = " and ".join(code(phase) for phase in review.phases)
    what = f"## DR preview of {code(str(review.scope))}: "
    if review.gone:
        return what + "its file is gone"
    if review.preview is None:
        return what + (f"{phases} cannot be previewed" if phases else "cannot be previewed")
    seen = review.preview
    where = code(seen.stages[0].region) if seen.stages else code(seen.plan.recovery)
    rehearsed = " in the sandbox" if review.sandbox else ""
    told = [f"{phases} on {where}{rehearsed}", _sum(seen)]
    if seen.refusals:
        told.append(f"**{len(seen.refusals)} refused**")
    broken = len(unexplained(seen))
    if broken:
        told.append(f"**{counted(broken, 'part')} could not be previewed**")
    return what + ", ".join(told)


def _sum(seen: PlanPreview) -> str:
    if seen.empty:
        return "no changes"
    ops: Counter[str] = Counter()
    running = 0
    for shard in (shard for stage in seen.stages for shard in stage.shards):
        ops.update(str(op.op) for op in (shard.stack.ops if shard.stack else ()))
        running += sum(one.runs for one in shard.actions)
    kinds = [op for op in (*OPS[:-1], Op.IMPORT) if ops[op]]
    told = [f"{ops[op]} {op}" for op in kinds]
    told += [counted(running, "action")] if running else []
    told += [counted(len(seen.moves), "move")] if seen.moves else []
    return ", ".join(told) or counted(seen.changes, "change")


def _not_previewed(review: Review, room: _Room) -> Iterator[str]:
    error = review.error
    if error is None:
        yield "Its file is gone, and nothing of it is protected: nothing would change."
        return
    yield strong(shortened(error.what, room.sentence))
    for mark, text in (("why", error.why), ("help", error.hint)):
        lines = [line for line in text.splitlines() if line.strip()]
        if lines:
            yield ""
            yield f"{mark}:"
            yield ""
        for line in lines[: room.files]:
            yield f"- {prose(shortened(line, room.sentence // 3))}"
        if len(lines) > room.files:
            yield f"- and {len(lines) - room.files} more"


def _recovery(review: Review, room: _Room) -> Iterator[str]:
    now, before = review.recovery, review.base_recovery
    if now.time is None:
        why = prose(shortened(now.why, room.sentence)) or "it was not asked for"
        yield f"Predicted recovery time: **none**: {why}"
    else:
        yield f"Predicted recovery time: **{lasting(now.time.seconds)}**{_against(review, room)}"
        yield ""
        yield f"Longest chain: {_chain(now.time, room.chain)}"
    if now.time is None and before.time is not None:
        yield f"On {code(shortened(review.base, 80))} it is {lasting(before.time.seconds)}."


def _rehearsed(seen: PlanPreview, room: _Room) -> Iterator[str]:
    found = seen.verification
    if found is not None:
        mark = "VERIFIED" if found.verified else "not verified"
        why = found.said.removeprefix("not ").removeprefix("verified").lstrip(": ")
        mend = f"; {code(found.mend)}" if found.mend else ""
        yield f"Rehearsal: **{mark}**: {prose(shortened(why, room.sentence))}{mend}"


def _against(review: Review, room: _Room) -> str:
    before: Predicted = review.base_recovery
    now = review.recovery.time
    if not review.base or now is None:
        return ""
    base = code(shortened(review.base, 80))
    if before.time is None:
        return f"; on {base} it cannot be planned: {prose(shortened(before.why, room.sentence))}"
    more = now.seconds - before.time.seconds
    chain = [step.stage for step in now.critical_path]
    if not more:
        moved = chain != [step.stage for step in before.time.critical_path]
        return f", as on {base}" + (", by another chain" if moved else "")
    word = "longer" if more > 0 else "shorter"
    return f", **{lasting(abs(more))} {word}** than on {base} ({lasting(before.time.seconds)})"


def _chain(time: RecoveryTime, most: int) -> str:
    told = []
    for step in time.critical_path[:most]:
        inside = [code(shortened(_bare(step.slowest), 80))] if step.slowest else []
        told.append(f"{code(step.stage)} ({', '.join([lasting(step.seconds), *inside])})")
    more = len(time.critical_path) - most
    return " → ".join([*told, *([f"{more} more"] if more > 0 else [])])


def _bare(key: str) -> str:
    """A resource's key without its account."""
    technology, _, rest = key.partition("/")
    return f"{technology}/{rest.partition('/')[2]}" if "/" in rest else key


def _lists(
    seen: PlanPreview, room: int, most: int
) -> Iterator[tuple[str, list[str], Block | None]]:
    """Heading, the lines that are always shown, and the rest, folded.

    ``room``: characters of all lists together, shared out; ``most``: of one sentence.
    """
    told = (
        ("Refused", list(_refusals(seen, most))),
        ("Could not be previewed", list(_errors(seen, most))),
        ("Destructive", list(_destructive(seen, most))),
        ("Would fail as things are now", list(_blocked(seen, most))),
        ("Moves between stacks", list(_moves(seen, most))),
        ("Cannot be undone, or needs consent", list(_final(seen, most))),
    )
    present = [(heading, lines) for heading, lines in told if lines]
    left = room
    for number, (heading, lines) in enumerate(present):
        kept = _fitting(lines, left // (len(present) - number))
        left -= sum(len(line) + 1 for line in lines[:kept])
        shown = lines[:kept]
        rest = None
        if kept < len(lines):
            more = f"and {len(lines) - kept} more" if kept else f"{len(lines)}"
            shown.append(f"- {more}, in the details")
            rest = Block(f"{heading}: {len(lines) - kept} more", tuple(lines[kept:]))
        yield heading, shown, rest


def _fitting(lines: Sequence[str], room: int) -> int:
    used = kept = 0
    for line in lines:
        used += len(line) + 1
        if used > room:
            break
        kept += 1
    return kept


def _refusals(seen: PlanPreview, most: int) -> Iterator[str]:
    for row in sorted(seen.refusals, key=lambda one: (one.stack, one.what)):
        told = f"- {strong(shortened(row.what, most))}"
        why = f": {prose(shortened(row.why, most))}" if row.why else ""
        mend = f"; {prose(shortened(row.hint, most))}" if row.hint else ""
        yield told + why + mend
    for lost in seen.plan.unreached:
        mend = f"; {prose(shortened(lost.hint, most))}" if lost.hint else ""
        what = strong(shortened(f"not asked: {lost.subject} {lost.what}", most))
        yield f"- {what}{mend}"


def _errors(seen: PlanPreview, most: int) -> Iterator[str]:
    for stage, shard, error in unexplained(seen):
        why = f": {prose(shortened(error.why, most))}" if error.why else ""
        mend = f"; {prose(shortened(error.hint, most))}" if error.hint else ""
        what = strong(shortened(error.what, most))
        yield f"- {code(stage)} {code(shard)}: {what}{why}{mend}"


def _destructive(seen: PlanPreview, most: int) -> Iterator[str]:
    for op in in_order(seen.destructive):
        kept = " (protected)" if op.protected else ""
        because = changed_values(op, most)
        told = f": {because}" if because else ""
        name, kind = code(shortened(op.name, most)), code(shortened(op.type, 100))
        yield f"- **{op.op}** of {name}, {kind}{kept}{told}"


def _blocked(seen: PlanPreview, most: int) -> Iterator[str]:
    for shard in (shard for stage in seen.stages for shard in stage.shards):
        for action in shard.actions:
            if action.blocked and action.runs:
                what = prose(shortened(action.spec.title, most))
                why = strong(shortened(action.blocked, most))
                yield f"- {code(shortened(_bare(action.spec.resource), 200))}: {what}: {why}"


def _moves(seen: PlanPreview, most: int) -> Iterator[str]:
    for move in seen.moves:
        reason = prose(shortened(move.reason, most))
        what = code(shortened(_bare(move.resource), 200))
        yield f"- {what} from {code(move.from_stack)} to {code(move.to_stack)}, {reason}"


def _final(seen: PlanPreview, most: int) -> Iterator[str]:
    for shard in (shard for stage in seen.stages for shard in stage.shards):
        for action in shard.actions:
            spec = action.spec
            if not action.runs or (spec.undoable and not spec.needs_consent):
                continue
            marks = [f"needs consent to {prose(spec.needs_consent)}"] if spec.needs_consent else []
            marks += [] if spec.undoable else ["cannot be undone"]
            what = prose(shortened(spec.title, most))
            name = code(shortened(_bare(spec.resource), 200))
            yield f"- {name}: {what} ({', '.join(marks)})"


def _foot(review: Review, room: _Room) -> str:
    lines = []
    if review.changed_by:
        shown = review.changed_by[: room.files]
        files = [
            f"{code(shortened(one.path, room.sentence // 3))} ({prose(shortened(one.why, 80))})"
            for one in shown
        ]
        more = len(review.changed_by) - len(shown)
        files += [f"{more} more"] if more else []
        lines.append(f"Touched by {', '.join(files)}.")
    if review.phases_why:
        phases = ", ".join(code(phase) for phase in review.phases)
        lines.append(f"Phase {phases}: {prose(shortened(review.phases_why, room.sentence))}.")
    if review.preview is not None:
        engine = prose(shortened(review.preview.engine, 80))
        made = f"Plan {code(review.preview.plan_digest[:12])}, {engine}"
        lines.append(f"{made}, on an emulated AWS." if review.sandbox else f"{made}.")
    return "\n".join(["---", "", " ".join(lines), ""]) if lines else ""


def _whole(review: Review) -> str:
    scope = f"-c {review.scope.customer} -e {review.scope.environment}"
    phases = " ".join(f"--phase {phase}" for phase in review.phases)
    return f"The whole: {code(f'drstate preview {phases} {scope} -o json')}."
