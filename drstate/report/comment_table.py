"""The table at the head of a preview for reviewers: what each wave does in each account.

It is never trimmed. Where it would grow beyond its room, accounts of a wave share a line, and then
waves of a phase do; every number stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from drstate.model.plan import Stage
from drstate.model.stackops import Op
from drstate.model.words import counted
from drstate.report.outside import code, prose, shortened
from drstate.report.preview import PlanPreview, ShardPreview

#: operations that have a column of their own, always
OPS = (Op.CREATE, Op.UPDATE, Op.REPLACE, Op.DELETE, Op.SAME)
#: told only where there is one
_SELDOM = (Op.IMPORT, Op.READ, Op.REFRESH, Op.DISCARD)
#: of an account's name
_NAME = 40


@dataclass
class _Row:
    wave: str
    account: str
    resources: int = 0
    ops: Counter[str] = field(default_factory=Counter)
    running: int = 0
    actions: int = 0
    #: something of it could not be previewed: its numbers are not whole
    unknown: bool = False
    seconds: int = 0
    gate: str = ""

    def add(self, other: _Row) -> None:
        """Count the other one's numbers here as well."""
        self.resources += other.resources
        self.ops += other.ops
        self.running += other.running
        self.actions += other.actions
        self.unknown = self.unknown or other.unknown


def table(preview: PlanPreview, names: dict[str, str], room: int) -> list[str]:
    """The lines of the table; ``names``: account -> its name in the scope file."""
    rows = list(_rows(preview, names))
    for fewer in (_as_they_are, _by_wave, _by_phase):
        lines = _lines(fewer(rows, preview), preview)
        if sum(len(line) + 1 for line in lines) <= room:
            break
    return lines


def lasting(seconds: float) -> str:
    """``45 s``, ``6 min 35 s``, ``2 h 05 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes:02d} min"
    told = [f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest or not minutes)
    return " ".join(told)


def _rows(preview: PlanPreview, names: dict[str, str]) -> Iterator[tuple[Stage, _Row]]:
    planned = {stage.id: stage for stage in preview.plan.stages}
    for seen in preview.stages:
        stage = planned[seen.stage]
        shards = {str(shard.id): shard for shard in stage.shards}
        gate = "approval" if stage.gate else ""
        gate = ", ".join(filter(None, (gate, "on a condition" if stage.when else "")))
        merged: dict[str, _Row] = {}
        for shard in seen.shards:
            account = f"{code(shard.account, cell=True)} {_named(names.get(shard.account, ''))}"
            row = merged.setdefault(
                shard.account,
                _Row(wave=code(_wave(stage, preview)), account=account.strip(), gate=gate),
            )
            held = shards.get(shard.shard)
            row.add(_counted(shard, len(held.resources) if held else 0))
            row.seconds = max(row.seconds, held.estimate_seconds if held else 0)
        yield from ((stage, row) for row in merged.values())


def _wave(stage: Stage, preview: PlanPreview) -> str:
    """``w1``, where there is one phase only."""
    return stage.id if len(preview.plan.phases) > 1 else stage.id.partition(".")[2] or stage.id


def _named(name: str) -> str:
    return prose(shortened(name, _NAME), cell=True)


def _counted(shard: ShardPreview, resources: int) -> _Row:
    ops: Counter[str] = Counter()
    if shard.stack is not None:
        ops.update(str(op.op) for op in shard.stack.ops)
    broken = not shard.explained or any(one.error is not None for one in shard.actions)
    return _Row(
        wave="",
        account="",
        resources=resources,
        ops=ops,
        running=sum(one.runs for one in shard.actions),
        actions=len(shard.actions),
        unknown=broken,
    )


def _as_they_are(rows: Sequence[tuple[Stage, _Row]], _: PlanPreview) -> list[_Row]:
    return [row for _, row in rows]


def _by_wave(rows: Sequence[tuple[Stage, _Row]], _: PlanPreview) -> list[_Row]:
    return _together(rows, [stage.id for stage, _ in rows], "account")


def _by_phase(rows: Sequence[tuple[Stage, _Row]], preview: PlanPreview) -> list[_Row]:
    merged = _together(rows, [str(stage.phase) for stage, _ in rows], "account")
    for row, phase in zip(merged, dict.fromkeys(stage.phase for stage, _ in rows), strict=True):
        stages = [stage for stage in preview.plan.stages if stage.phase is phase]
        row.wave = f"{phase}, {counted(len(stages), 'wave')}"
        row.seconds = sum(stage.estimate_seconds for stage in stages)
        gates = sum(stage.gate for stage in stages)
        row.gate = counted(gates, "approval") if gates else ""
    return merged


def _together(rows: Sequence[tuple[Stage, _Row]], keys: Sequence[str], noun: str) -> list[_Row]:
    merged: dict[str, _Row] = {}
    accounts: dict[str, set[str]] = {}
    for key, (_, row) in zip(keys, rows, strict=True):
        into = merged.setdefault(key, _Row(wave=row.wave, account="", gate=row.gate))
        into.add(row)
        into.seconds = max(into.seconds, row.seconds)
        accounts.setdefault(key, set()).add(row.account)
    for key, into in merged.items():
        into.account = counted(len(accounts[key]), noun)
    return list(merged.values())


def _lines(rows: Sequence[_Row], preview: PlanPreview) -> list[str]:
    seldom = [op for op in _SELDOM if any(row.ops[op] for row in rows)]
    shown = [*OPS[:-1], *seldom, OPS[-1]]
    head = ["wave", "account", "resources", *map(str, shown), "actions", "time", "gate"]
    numbers = len(shown) + 2
    lines = [
        f"| {' | '.join(head)} |",
        f"|:--|:--|{'--:|' * numbers}--:|:--|",
    ]
    total = _Row(wave="**all**", account="")
    for row in rows:
        lines.append(_line(row, shown))
        total.add(row)
    # what spans both sites is handled twice, and is one resource
    stages = preview.plan.stages
    handled = (key for stage in stages for shard in stage.shards for key in shard.resources)
    total.resources = len(set(handled))
    total.seconds = preview.plan.estimate_seconds
    gates = sum(stage.gate for stage in stages)
    total.gate = counted(gates, "gate") if gates else "none"
    return [*lines, _line(total, shown)]


def _line(row: _Row, shown: Sequence[Op]) -> str:
    ops = [str(row.ops[op]) if row.ops[op] else "" for op in shown]
    if row.unknown:
        # numbers of what answered; that they are not all of them is seen in the first column
        ops[0] = f"{ops[0]} ?".strip()
    actions = str(row.running) if row.running == row.actions else f"{row.running} of {row.actions}"
    cells = [
        row.wave,
        row.account,
        str(row.resources),
        *ops,
        actions if row.actions else "",
        lasting(row.seconds).replace(" ", "&nbsp;"),
        row.gate,
    ]
    return f"| {' | '.join(cells)} |"
