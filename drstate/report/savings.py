"""What a CLEANUP has saved so far of what its plan said: a fold over how far its resources are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drstate.model.cost import Reached, ResourceSavings, Savings
from drstate.model.phases import Phase
from drstate.report.view import Progress, ResourceView, StageView


def reached(planned: Savings, stages: Iterable[StageView]) -> Reached:
    """What is reached of the plan's savings."""
    seen: dict[str, ResourceView] = {
        row.key: row for stage in stages if stage.phase is Phase.CLEANUP for row in stage.resources
    }
    wanted = [row for row in planned.resources if row.saved_usd]
    done = [row for row in wanted if _is_done(seen.get(row.resource))]
    return Reached(
        saved_usd=round(sum(row.saved_usd for row in done), 2),
        open=tuple(row.resource for row in wanted if row not in done),
    )


def _is_done(row: ResourceView | None) -> bool:
    return row is not None and row.state is Progress.DONE


def savings_lines(planned: Savings, so_far: Reached | None = None) -> list[str]:
    """What people read, without indentation: a headline, what each resource saves, the sum.

    ``so_far`` is for an execution that has begun; a plan has none.
    """
    share = "" if planned.of_list == 1 else f", of which {planned.of_list:.0%} is paid"
    own = f", own prices of {', '.join(planned.own)}" if planned.own else ""
    headline = (
        f"what cleaning up {planned.region} saves, in USD per month ({planned.source}, "
        f"{planned.price_region}, {planned.as_of}{share}{own}; regions and agreements differ)"
    )
    lines = [headline]
    lines += [f"  {line}" for row in planned.told() for line in _row(row)]
    if planned.free:
        lines.append(f"  nothing costs by the hour: {', '.join(map(_bare, planned.free))}")
    unsure = any(row.unknown for row in planned.resources)
    beside = ", beside what is not estimated" if unsure else ""
    lines.append(
        f"  in sum {planned.saved_usd:,.2f} of {planned.before_usd:,.2f}; "
        f"{planned.after_usd:,.2f} stays{beside}"
    )
    if so_far is not None:
        rest = f"; not yet: {', '.join(map(_bare, so_far.open))}" if so_far.open else ""
        lines.append(f"  saved so far: {so_far.saved_usd:,.2f}{rest}")
    return lines


def _row(row: ResourceSavings) -> Iterator[str]:
    yield f"{_bare(row.resource)}  saves {row.saved_usd:,.2f}: {row.done or 'nothing is done'}"
    for heading, texts in (
        ("no longer", row.gone),
        ("stays", row.stays),
        ("not estimated", row.unknown),
    ):
        if texts:
            yield f"  {heading}: {', '.join(texts)}"
    if row.note:
        yield f"  {row.note}"


def _bare(key: str) -> str:
    """The key without its account."""
    technology, _, rest = key.partition("/")
    return f"{technology}/{rest.partition('/')[2] or rest}"
