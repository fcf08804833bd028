"""There and back, phase by phase, with everything checked that every technology keeps to."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from drstate.adapters import quotas
from drstate.adapters.at import At
from drstate.adapters.declared import undeclared
from drstate.adapters.site import SiteContext
from drstate.model.catalog import Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.stackops import Op
from drstate.programs.registry import stateful_types
from drstate.sandbox import process
from tests.adapters.world import Ran
from tests.contract.masks import differences, masked
from tests.contract.stage import Stage

#: what reading operations begin with
READS = re.compile(
    r"(describe|get|list|head|test|validate|batch_get|lookup|search|simulate|query)_"
)
#: the checks of the circle, by the names that ``Adapter.deviations`` uses
CHECKS = (
    "tells-unhealthy",
    "healthy",
    "constant-urns",
    "nothing-replaced",
    "activate-creates-nothing",
    "again-changes-nothing",
    "told-calls",
    "declared-calls",
    "observe-reads-only",
    "prerequisites-met",
    "work-or-reason",
    "same-capture",
    "others-untouched",
    "ends-where-it-began",
)


def exists(stage: Stage, region: str | None = None) -> Counter[str]:
    """What exists in the scope's accounts, settled, apart from ids and times."""
    process.advance(stage.home, 0.0, settle=True)
    lines: Counter[str] = Counter()
    for account in stage.world.scope.accounts:
        lines += masked(process.digest(stage.home, account=account.id), region)
    return lines


def unhealthy_first(stage: Stage) -> None:
    """Before anything is protected, the recovery site is neither ready nor healthy."""
    world, adapter = stage.world, stage.adapter
    recovery = world.catalog.recovery
    for entry in world.catalog.entries:
        for state in (SiteState.STANDBY, SiteState.ACTIVE):
            site = SiteContext.of(world.scope, world.catalog, entry, recovery, state)
            if adapter.check(entry, site, world.aws).ok:
                stage.found("tells-unhealthy", entry.key, state, "healthy before protection")


def run_phase(stage: Stage, phase: Phase, *, again: bool = False) -> list[Ran]:
    """One phase of everything, checked; ``again``: a second time, which changes nothing."""
    world = stage.world
    _observe_only(stage, phase)
    catalog = world.catalog
    ran = _checked(stage, phase)
    if again:
        after = world.catalog
        world.catalog = catalog
        second = _checked(stage, phase)
        world.catalog = after
        for one in second:
            if set(one.actions) != set(one.done):
                stage.found("again-changes-nothing", phase, one.key, one.actions, one.done)
        changed = {
            name: [f"{op.op} {op.name} {op.changed}" for op in outcome.ops if op.op is not Op.SAME]
            for name, outcome in world.outcomes.items()
            if outcome.changes
        }
        if changed:
            stage.found("again-changes-nothing", phase, changed)
    return ran


def _checked(stage: Stage, phase: Phase) -> list[Ran]:
    world = stage.world
    world.outcomes.clear()
    ran = world.phase(phase)
    stateful = stateful_types()
    for outcome in world.outcomes.values():
        for op in outcome.ops:
            gone = op.op in (Op.DELETE, Op.REPLACE)
            if gone:
                stage.found("nothing-replaced", phase, op.op, op.name, op.changed)
            if op.type in stateful and not op.protected and not gone:
                stage.found("nothing-replaced", op.name, "holds data and is not protected")
            if op.op is Op.CREATE and phase is Phase.ACTIVATE:
                stage.found("activate-creates-nothing", op.name)
    for one in ran:
        entry = world.catalog.entry(one.key)
        if one.health is None or one.health.status is not ResourceStatus.HEALTHY:
            stage.found("healthy", phase, one.key, one.health)
        told = {(c.service, c.operation, c.region) for s in one.specs for c in s.calls}
        made = {(c.service, c.api_operation, c.region) for c in one.calls}
        if made - told:
            stage.found("told-calls", phase, one.key, sorted(made - told))
        declared = any(owner is Ownership.DECLARED for owner in entry.ownership.values())
        if not (declared or one.actions or one.no_op):
            stage.found("work-or-reason", phase, one.key)
    return ran


def _observe_only(stage: Stage, phase: Phase) -> None:
    """What a preview asks of actions reads only."""
    world = stage.world
    seen = len(world.calls)
    for entry in world.catalog.entries:
        site = world.site(entry, phase)
        for held in stage.adapter.prerequisites(phase, entry, site, world.aws):
            if held.status is ResourceStatus.UNHEALTHY or (not held.ok and not held.hint):
                stage.found("prerequisites-met", phase, entry.key, held)
        for taken in stage.adapter.demand(phase, entry, site, world.aws):
            if not taken.limit.counted or taken.amount < 0:
                stage.found("prerequisites-met", phase, entry.key, taken)
        for action in stage.adapter.work(phase, entry, site).actions:
            action.observe(world.aws)
    wrote = [
        f"{call.service}:{call.operation}"
        for call in world.calls[seen:]
        if not READS.match(call.operation)
    ]
    if wrote:
        stage.found("observe-reads-only", phase, wrote)


def _count(stage: Stage) -> None:
    """Counted limits, as ``drstate capacity`` and a run's prerequisites ask for them."""
    world = stage.world
    seen = len(world.calls)
    account = world.catalog.entries[0].resource.account
    for limit in stage.adapter.limits:
        if not limit.counted:
            continue
        at = At(world.aws, account, limit.control_region or world.catalog.recovery)
        quotas.live(at, limit)
        if limit.spread:
            quotas.regions(at, limit.service)
        if any(count < 0 for count in stage.adapter.used(limit, at).values()):
            stage.found("prerequisites-met", limit.what, "is used less than not at all")
    for call in world.calls[seen:]:
        if not READS.match(call.operation):
            stage.found("observe-reads-only", call.service, call.operation)


def finish(stage: Stage, begun: Counter[str], others: dict[str, Any]) -> None:
    """What has to hold in the end."""
    world, adapter = stage.world, stage.adapter
    _count(stage)
    made = {(call.service, call.operation) for call in world.calls}
    for call in undeclared([adapter], made):
        stage.found("declared-calls", call)
    for entry in world.catalog.entries:
        kept = adapter.spec_type.model_validate(entry.spec)
        later = adapter.capture(entry.resource, world.aws)
        if not later.same_configuration(kept):
            stage.found("same-capture", entry.key, kept, later)
    if process.digest(stage.home, customer="acme") != others:
        stage.found("others-untouched", "acme was changed")
    for line in differences(begun, exists(stage)):
        stage.found("ends-where-it-began", line)


def constant_urns(stage: Stage, seen: dict[str, set[frozenset[str]]]) -> None:
    """Every state of a stack declares the same."""
    for stack, sets in seen.items():
        if len(sets) > 1:
            common = frozenset.intersection(*sets)
            stage.found("constant-urns", stack, sorted(set().union(*sets) - common))
