"""Use cases: plan a drill, and plan the removal of one that was cut off.

Both are carried out like any plan: one lease, one journal, resumed where they stopped. What a drill
makes is owed from before its first action until its removal has ended well.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drstate.errors import PlanRefusedError, UnknownNameError, UsageError
from drstate.execution.cancelling import OPEN, cancel
from drstate.execution.making_plan import PlannedRun
from drstate.execution.services import Services
from drstate.execution.worksource import site_context
from drstate.model import events as e
from drstate.model.catalog import Catalog, CatalogEntry, OwedDrill
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Operation, Phase
from drstate.model.problem import Problem
from drstate.model.scope import Approval, Scope
from drstate.model.shard import ShardInput
from drstate.planning.work import PlannedWork, WorkRequest

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.confining import Confined, Unconfined

_ID_BYTES = 3
#: a security group and its rules are there within seconds
DECLARE_SECONDS = 5


@dataclass(frozen=True)
class DrillWork:
    """``planning.work.WorkSource`` of a drill: copies instead of what is live."""

    adapter: Callable[[str], Adapter]
    scope: Scope
    catalog: Catalog
    drill: str

    def work(self, request: WorkRequest) -> PlannedWork:
        """See ``WorkSource.work``."""
        entry = request.entry
        site = site_context(
            request.scope,
            request.catalog,
            entry,
            request.region,
            request.state,
            force=False,
            emergency=False,
            drill=self.drill,
        )
        adapter = self.adapter(entry.resource.technology)
        found = adapter.work(request.phase, entry, site)
        warnings = list(found.warnings)
        if found.actions and request.phase is Phase.ACTIVATE:
            warnings += _outside(adapter.confinement(entry, site))
        return PlannedWork(
            actions=tuple(action.spec for action in found.actions),
            no_op=found.no_op,
            declare_seconds=DECLARE_SECONDS if found.actions else 0,
            warnings=tuple(warnings),
        )

    def declares(self, entry: CatalogEntry, site: str) -> bool:
        """See ``WorkSource.declares``: the drill's own stack declares what the copy stands in."""
        from drstate.adapters.confining import Confined  # noqa: PLC0415 loaded when it is needed

        adapter = self.adapter(entry.resource.technology)
        active = site_context(
            self.scope,
            self.catalog,
            entry,
            site,
            Phase.ACTIVATE.leaves,
            force=False,
            emergency=False,
            drill=self.drill,
        )
        makes = adapter.work(Phase.ACTIVATE, entry, active).actions
        return bool(makes) and isinstance(adapter.confinement(entry, active), Confined)

    def problems(self, shard: ShardInput) -> Sequence[Problem]:  # noqa: ARG002 - the port
        """See ``WorkSource.problems``: it has no program that could lack anything."""
        return ()


def _outside(found: Confined | Unconfined) -> list[str]:
    """What the plan says of a copy that takes no security group."""
    from drstate.adapters.confining import Unconfined  # noqa: PLC0415 loaded when it is needed

    if not isinstance(found, Unconfined):
        return []
    return [f"its copy takes no security group of the drill: {found.reason}"]


def new_drill() -> str:
    """A drill's id: a letter and six digits, short enough for every service's names."""
    return f"d{secrets.token_hex(_ID_BYTES)}"


def make_drill(
    services: Services,
    scope: Scope,
    *,
    waves: Sequence[int] = (),
    targets: Sequence[str] = (),
    approval: Approval | None = None,
    hold: bool = False,
    drill: str = "",
) -> PlannedRun:
    """The plan of a new drill. Its catalog, which executing saves first, owes it already.

    Raises PlanRefusedError, ConfigError, UnknownNameError: see ``compile_drill``.
    """
    from drstate.planning.drill import compile_drill, owed_stacks  # noqa: PLC0415 loaded late

    catalog = saved_catalog(services, scope)
    name = drill or new_drill()
    plan = compile_drill(
        catalog,
        scope,
        DrillWork(services.adapter, scope, catalog, name),
        name,
        chosen_waves=waves,
        targets=targets,
        approval=approval,
        hold=hold,
    )
    keys = {key for stage in plan.stages for shard in stage.shards for key in shard.resources}
    owed = OwedDrill(
        id=name,
        region=catalog.recovery,
        since=services.clock.now(),
        resources=tuple(sorted(keys)),
        stacks=owed_stacks(plan),
    )
    return PlannedRun(scope=scope, plan=plan, catalog=catalog.with_drill(owed))


def make_cleanup(services: Services, scope: Scope, drill: str) -> PlannedRun:
    """The plan that removes what the drill left. Raises UnknownNameError: it is not owed."""
    from drstate.planning.drill import compile_removal  # noqa: PLC0415 loaded when it is needed

    catalog = saved_catalog(services, scope)
    owed = _owed(catalog, scope, drill)
    there = seen_from(catalog, owed.region)
    work = DrillWork(services.adapter, scope, there, owed.id)
    plan = compile_removal(there, scope, work, owed.id, owed.resources, owed.stacks)
    return PlannedRun(scope=scope, plan=plan, catalog=catalog)


def owed_drill(services: Services, scope: Scope, named: str | None) -> OwedDrill | None:
    """The drill to clean up: ``named`` by its id or by its execution, or the one that is owed.

    None: nothing is owed. Raises UnknownNameError where what is named is not owed.
    """
    catalog = saved_catalog(services, scope)
    if named is None:
        return catalog.drills[0] if catalog.drills else None
    if named in {one.id for one in catalog.drills}:
        return _owed(catalog, scope, named)
    return _owed(catalog, scope, drill_of(services, named))


def drill_of(services: Services, execution: str) -> str:
    """The id of the drill that an execution ran. Raises UnknownNameError, UsageError."""
    story = services.journal.events(execution, kinds=("execution_created",))
    created = story[0].payload if story else None
    if not isinstance(created, e.ExecutionCreated) or not created.plan.drill:
        raise UsageError(
            f"execution {execution} is no drill",
            why="only drills have copies that can be removed",
            hint="drstate history lists the executions and what they were",
        )
    return created.plan.drill


def give_up_open_drill(services: Services, scope: Scope) -> str | None:
    """Cancel a drill of the scope that is open and that nobody runs, so that it can be cleaned up.

    Its id, or None where there is none. Raises JournalError while its runner lives, UsageError
    where another operation is open.
    """
    newest = services.journal.executions(scope.key, limit=1)
    if not newest or newest[0].status not in OPEN:
        return None
    found = newest[0]
    if found.operation is not Operation.TEST:
        raise UsageError(
            f"execution {found.execution} of {scope.key} is {found.status}",
            why="one execution at a time works on a scope, and this one is no drill",
            hint=f"go on with it: drstate resume {found.execution}\n"
            f"or give it up: drstate cancel {found.execution}",
        )
    cancel(services, found.execution, reason="its copies are removed by drstate test --cleanup")
    return found.execution


def left_behind(services: Services, scope: Scope, execution: str) -> OwedDrill | None:
    """What the drill of ``execution``, which has ended, left to be removed at once; None: nothing.

    One that was cancelled in the middle is not followed by a removal: whoever gave it up may need
    the scope for a recovery.
    """
    status = services.journal.header(execution).status
    if status in OPEN:
        return None
    if status is ExecutionStatus.CANCELLED and services.journal.events(
        execution, kinds=("action_intended", "stack_started")
    ):
        return None
    return owed_drill(services, scope, None)


def _owed(catalog: Catalog, scope: Scope, drill: str) -> OwedDrill:
    for one in catalog.drills:
        if one.id == drill:
            return one
    raise UnknownNameError(
        f"{scope.key} owes no drill {drill}",
        why="owed: " + (", ".join(one.id for one in catalog.drills) or "none"),
        hint="drstate history lists the executions",
    )


def seen_from(catalog: Catalog, region: str) -> Catalog:
    """``catalog`` so that CLEANUP acts on ``region``, whatever the roles have become since."""
    if catalog.serving != region:
        return catalog
    other = next(one for one in catalog.sites if one != region)
    return catalog.model_copy(update={"serving": other, "recovery": region})


def saved_catalog(services: Services, scope: Scope) -> Catalog:
    """The scope's catalog. Raises PlanRefusedError where none is stored."""
    catalog = services.journal.load_catalog(scope.key)
    if catalog is None:
        raise PlanRefusedError(
            f"{scope.key} is not protected yet",
            why="no catalog is stored for it, so that there is nothing to rehearse",
            hint=f"drstate up --phase replicate -c {scope.customer} -e {scope.environment}",
        )
    return catalog


__all__ = [
    "DrillWork",
    "drill_of",
    "give_up_open_drill",
    "left_behind",
    "make_cleanup",
    "make_drill",
    "new_drill",
    "owed_drill",
    "saved_catalog",
    "seen_from",
]
