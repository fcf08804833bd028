"""What a CLEANUP saves per month: what runs before it, less what stays after it. Pure.

The quantities are the technologies' own (``Program.runs``), the prices the list's or the scope
file's. What has no price is named; it is never counted as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from drstate.model.catalog import Catalog, CatalogEntry, Ownership
from drstate.model.cost import ResourceSavings, Running, Savings, Usage
from drstate.model.phases import Phase
from drstate.model.plan import Stage
from drstate.model.prices import Prices
from drstate.model.resource import Technology
from drstate.model.scope import Scope
from drstate.programs.launching import policy_for
from drstate.programs.registry import program_for
from drstate.programs.running import At


def savings(stages: Sequence[Stage], catalog: Catalog, scope: Scope) -> Savings | None:
    """The estimate of the plan's CLEANUP; None where the plan has none."""
    cleaning = [stage for stage in stages if stage.phase is Phase.CLEANUP]
    if not cleaning:
        return None
    prices = scope.policies.prices
    keys = [key for stage in cleaning for shard in stage.shards for key in shard.resources]
    region = cleaning[0].region
    rows = tuple(of_resource(catalog.entry(key), region, scope) for key in dict.fromkeys(keys))
    return Savings(
        region=region,
        before_usd=round(sum(row.before_usd for row in rows), 2),
        after_usd=round(sum(row.after_usd for row in rows), 2),
        saved_usd=round(sum(row.saved_usd for row in rows), 2),
        resources=rows,
        of_list=prices.of_list,
        own=tuple(sorted(prices.own)),
    )


def of_resource(entry: CatalogEntry, region: str, scope: Scope) -> ResourceSavings:
    """What cleaning up one resource at the site saves."""
    before, after = (_running(entry, region, scope, retired=retired) for retired in (False, True))
    if before is None or after is None:
        return ResourceSavings(
            resource=entry.key,
            done="not told",
            unknown=(f"what {entry.resource.technology} says of it is not known",),
        )
    prices = scope.policies.prices
    left = list(after.usages)
    gone: list[str] = []
    for row in before.usages:
        if row in left:
            left.remove(row)
        else:
            gone.append(_told(row, prices))
    unpriced = _unpriced((*before.usages, *after.usages), prices)
    costs = [_sum(running.usages, prices) for running in (before, after)]
    return ResourceSavings(
        resource=entry.key,
        before_usd=costs[0],
        after_usd=costs[1],
        saved_usd=round(costs[0] - costs[1], 2),
        done=after.done,
        gone=tuple(gone),
        stays=tuple(_told(row, prices) for row in after.usages),
        unknown=tuple(dict.fromkeys((*unpriced, *before.unknown, *after.unknown))),
        note="; ".join(dict.fromkeys(text for text in (before.note, after.note) if text)),
    )


def _running(entry: CatalogEntry, region: str, scope: Scope, *, retired: bool) -> Running | None:
    technology = entry.resource.technology
    program = program_for(technology)
    if program is None or program.runs is None:
        return None
    try:
        spec = program.spec.model_validate(entry.spec)
    except ValidationError:
        # an estimate stops no clean-up; whoever has to read the spec will say what is wrong with it
        return None
    policy = scope.policies.of(technology, program.policy) if program.policy else None
    if technology == Technology.DRS:
        policy = policy_for(scope.policies, scope.groups, entry)
    place = At(
        retired=retired,
        declared=entry.owner(region) is Ownership.DECLARED,
        captured_here=spec.region == region,
        policy=policy,
    )
    return program.runs(spec, place)


def _sum(usages: Sequence[Usage], prices: Prices) -> float:
    known = ((row.quantity, prices.monthly(row.price)) for row in usages)
    return round(sum(quantity * usd for quantity, usd in known if usd is not None), 2)


def _told(row: Usage, prices: Prices) -> str:
    usd = prices.monthly(row.price)
    return row.what if usd is None else f"{row.what} ({row.quantity * usd:,.2f})"


def _unpriced(usages: Sequence[Usage], prices: Prices) -> list[str]:
    return [
        f"{row.what}: no price of {row.price}"
        for row in usages
        if prices.monthly(row.price) is None
    ]
