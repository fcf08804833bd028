"""Puts a workbench together: which room answers which question of a running execution."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from drstate.execution.catalogkeeper import CatalogKeeper
from drstate.execution.health import essential_resources
from drstate.execution.order import Order, order_of
from drstate.execution.recorder import Recorder
from drstate.execution.retelling import retries_to
from drstate.execution.services import Services
from drstate.execution.slots import Slots
from drstate.execution.workbench import Program, Stop, Workbench
from drstate.execution.worksource import AdapterWork, site_context
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.plan import Move, Plan, ShardPlan, Stage
from drstate.model.scope import Scope, WaveOrder
from drstate.model.shard import Binding, ShardInput

if TYPE_CHECKING:
    from drstate.adapters.site import SiteContext


def work_source(services: Services) -> AdapterWork:
    """What planning asks of adapters and programs."""
    from drstate.programs.prerequisites import prerequisites  # noqa: PLC0415 loaded when it is needed

    return AdapterWork(services.adapter, prerequisites, declare_seconds)


def declare_seconds(entry: CatalogEntry, _state: object) -> int:
    """How long declaring the resource may take, from its spec's own estimate where it has one."""
    known = entry.spec.get("declare_seconds")
    return int(known) if isinstance(known, int) else DECLARE_SECONDS


#: what one declared resource takes where nothing better is known
DECLARE_SECONDS = 60


def program_of(shard: ShardInput) -> Program:
    """The shard's program."""
    from drstate.programs.site import program  # noqa: PLC0415 loaded when it is needed

    return program(shard)


def order_for(
    plan: Plan,
    catalog: Catalog,
    slots: int | None = None,
    wanted: WaveOrder = WaveOrder.PRIORITY,
) -> Order:
    """Priorities, dependencies and what is essential, for a run of the plan in so many slots."""
    from drstate.planning.dependencies import resolve  # noqa: PLC0415 loaded when it is needed

    needs = resolve(catalog.entries).of
    essential = essential_resources(catalog.entries, needs, emergency=plan.emergency)
    return order_of(plan, catalog, needs, essential, slots, wanted)


def workbench(
    services: Services,
    scope: Scope,
    plan: Plan,
    recorder: Recorder,
    keeper: CatalogKeeper,
    *,
    parallel: int | None,
    message: str,
    stop: Stop,
) -> Workbench:
    """The workbench of one attempt at an execution."""
    from drstate.engine.planned import save_planned  # noqa: PLC0415 loaded when it is needed
    from drstate.planning.bindings import bindings_for  # noqa: PLC0415 loaded when it is needed
    from drstate.planning.drill import bubble_input  # noqa: PLC0415 loaded when it is needed
    from drstate.planning.shards import shard_input  # noqa: PLC0415 loaded when it is needed

    at_once = parallel or scope.policies.parallel

    #: asked for at every action, and dear: an answer holds as long as the catalog is the same
    answered: dict[tuple[str, tuple[str, ...]], tuple[Catalog, tuple[Binding, ...]]] = {}

    def bindings(shard: ShardPlan) -> tuple[Binding, ...]:
        catalog, key = keeper.catalog, (str(shard.id), shard.resources)
        known = answered.get(key)
        if known is None or known[0] is not catalog:
            known = answered[key] = (catalog, bindings_for(shard, catalog))
        return known[1]

    def given(shard: ShardPlan, bound: tuple[Binding, ...]) -> ShardInput:
        if plan.drill:
            return bubble_input(shard, scope, plan.drill)
        return shard_input(shard, keeper.catalog, scope, bound)

    def site(stage: Stage, shard: ShardPlan, entry: CatalogEntry) -> SiteContext:
        return site_context(
            scope,
            keeper.catalog,
            entry,
            stage.region,
            shard.site_state,
            force=plan.force,
            emergency=plan.emergency,
            bindings=bindings(shard),
            drill=plan.drill,
        )

    def remember(shard: ShardInput) -> None:
        services.journal.save_planned_shard(shard)
        if not services.sandbox:
            # a clone, in a pipeline say, has no journal: plain `pulumi preview` reads this copy
            save_planned(services.project_dir, shard)

    return Workbench(
        scope=scope,
        plan=plan,
        clock=services.clock,
        recorder=recorder,
        catalog=keeper,
        aws=services.caller(
            scope,
            session=f"drstate-{recorder.execution}",
            on_retry=retries_to(recorder),
            runs=True,
            near=plan.recovery,
        ),
        adapter=services.adapter,
        stacks=services.stacks,
        program=program_of,
        bindings=bindings,
        shard_input=given,
        site=site,
        remember_shard=remember,
        parallel=at_once,
        message=message,
        why=recorder.view().message,
        stop=stop,
        slots=Slots(at_once),
    )


def mover(services: Services) -> Callable[[Move], tuple[str, ...]]:
    """Moves a resource's state between stacks; returns the URNs that went."""

    def move(row: Move) -> tuple[str, ...]:
        from drstate.engine.moves import StackMove, move_state  # noqa: PLC0415 loaded when it is needed
        from drstate.engine.recovery import recover  # noqa: PLC0415 loaded when it is needed

        stacks = services.stacks()
        for stack in (row.from_stack, row.to_stack):
            recover(stacks, stack)
        wanted = StackMove(row.resource, row.from_stack, row.to_stack)
        return move_state(stacks, wanted).urns

    return move
