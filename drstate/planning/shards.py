"""Shards: the work of one account, region and group, and the one value that its program gets.

A stack is always given all that its group declares, whatever was chosen and whatever discovery no
longer finds: a resource that is left out of a program would be deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry
from drstate.model.names import stack_name
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import ActionSpec, NoOp, Place, ShardPlan
from drstate.model.scope import Scope
from drstate.model.shard import Binding, ShardId, ShardInput
from drstate.planning import estimate
from drstate.planning.dependencies import admission_order
from drstate.planning.work import WorkRequest, WorkSource
from drstate.programs.launching import groups_for

#: above this many resources, a stack on a file or S3 backend becomes slow
LARGE_STACK = 150


@dataclass(frozen=True)
class PhaseContext:
    """What all shards of one phase have in common. ``catalog`` is as the phase finds it."""

    phase: Phase
    catalog: Catalog
    scope: Scope
    work: WorkSource
    dependencies: Mapping[str, tuple[str, ...]]
    force: bool
    emergency: bool

    @property
    def region(self) -> str:
        """The region acted on."""
        return self.catalog.target(self.phase)

    @property
    def state(self) -> SiteState:
        """The state that the phase leaves the site in."""
        return self.phase.leaves


def regional_shard(
    context: PhaseContext,
    account: str,
    group: str,
    entries: Iterable[CatalogEntry],
    place: Place = Place.WORK,
) -> ShardPlan:
    """The shard of one account and group in the region acted on.

    ``place``: hooks of a whole wave are a shard of their own, before or after the others.
    """
    group = group if place is Place.WORK else f"{group}-{place}"
    ordered = admission_order(entries, context.dependencies)
    declared: list[str] = []
    actions: list[ActionSpec] = []
    no_ops: list[NoOp] = []
    seconds: list[int] = []
    warnings: list[str] = []
    for entry in ordered:
        work = context.work.work(
            WorkRequest(
                entry=entry,
                phase=context.phase,
                region=context.region,
                state=context.state,
                catalog=context.catalog,
                scope=context.scope,
                force=context.force,
                emergency=context.emergency,
            )
        )
        is_declared = not context.emergency and context.work.declares(entry, context.region)
        if is_declared:
            declared.append(entry.key)
            seconds.append(work.declare_seconds)
        actions.extend(work.actions)
        warnings.extend(f"{entry.key}: {text}" for text in work.warnings)
        if not work.actions and (work.no_op or not is_declared):
            reason = work.no_op or f"{context.phase} has nothing to do for it in {context.region}"
            no_ops.append(NoOp(resource=entry.key, reason=reason))
    stack = stack_name(context.catalog.scope, context.region, account, group) if declared else None
    return ShardPlan(
        id=ShardId(
            scope=context.catalog.scope, region=context.region, account=account, group=group
        ),
        stack=stack,
        site_state=context.state,
        resources=tuple(entry.key for entry in ordered),
        declared=tuple(declared),
        actions=tuple(actions),
        no_ops=tuple(no_ops),
        estimate_seconds=estimate.shard_seconds(
            actions,
            seconds,
            has_stack=stack is not None,
            dependencies=context.dependencies,
            parallel=context.scope.policies.parallel,
        ),
        warnings=tuple(warnings),
        place=place,
    )


def global_shard(context: PhaseContext, account: str, entries: Sequence[CatalogEntry]) -> ShardPlan:
    """The shard of what spans both sites, in one account."""
    keys = tuple(sorted(entry.key for entry in entries))
    return ShardPlan(
        id=ShardId(scope=context.catalog.scope, region=GLOBAL, account=account, group=GLOBAL),
        stack=stack_name(context.catalog.scope, GLOBAL, account, GLOBAL),
        site_state=context.state,
        resources=keys,
        declared=keys,
        actions=(),
        estimate_seconds=estimate.shard_seconds((), (), has_stack=True),
    )


def shard_input(
    shard: ShardPlan, catalog: Catalog, scope: Scope, bindings: Sequence[Binding] = ()
) -> ShardInput:
    """What the shard's program gets. ``catalog``: as the phase finds it (``roles.catalog_for``).

    Raises ValueError for a shard without a stack, KeyError for a resource that the catalog lacks.
    """
    entries = {entry.key: entry for entry in catalog.entries}
    return make_input(shard, entries, scope, bindings)


def make_input(
    shard: ShardPlan,
    entries: Mapping[str, CatalogEntry],
    scope: Scope,
    bindings: Sequence[Binding] = (),
) -> ShardInput:
    """``shard_input`` for callers that hold the catalog by key."""
    if shard.stack is None:
        raise ValueError(f"shard {shard.id} has no stack")
    is_global = shard.id.region == GLOBAL
    resources = tuple(entries[key] for key in sorted(shard.declared))
    target = scope.regions.recovery if is_global else shard.id.region
    return ShardInput(
        id=shard.id,
        stack=shard.stack,
        site_state=shard.site_state,
        regions=scope.regions,
        provider_region=scope.regions.primary if is_global else shard.id.region,
        account=scope.account(shard.id.account),
        site_map=scope.site_map.get(target, {}),
        policies=scope.policies,
        resources=resources,
        bindings=tuple(bindings),
        groups=groups_for(scope.groups, resources),
    )
