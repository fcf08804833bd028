"""Use case: protection groups of scopes, what does not fit among them, and servers in use.

Reads project files and the journal only, so that it answers where AWS does not. Another scope's
file that cannot be read is told and stops nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from drstate.errors import DrstateError, PlanRefusedError
from drstate.execution.discovering import discover
from drstate.execution.errorinfo import error_info
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.execution.states import OPEN
from drstate.inventory.scopes import known_scopes, load_scope
from drstate.journal.port import ExecutionHeader, Journal
from drstate.model import events as e
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.events import ExecutionStatus
from drstate.model.plan import Plan
from drstate.model.scope import Scope, ScopeKey
from drstate.planning.group_rules import GroupFinding, Neighbour, ServerId, server_id, servers_of
from drstate.planning.groups import Resolution, resolve, stopping
from drstate.report.preview import Hindrances, RefusalView

if TYPE_CHECKING:
    from drstate.execution.making_plan import PlannedRun

#: open executions that are looked at; there is one per scope
_OPEN_LIMIT = 1000


class Project:
    """The scopes of a project and their servers, each read once however often it is asked for."""

    def __init__(self, project_dir: Path, journal: Journal) -> None:
        self._folder = project_dir
        self._journal = journal
        self._scopes: dict[ScopeKey, Scope | DrstateError] = {}
        self._servers: dict[ScopeKey, frozenset[ServerId]] = {}

    def scope(self, key: ScopeKey) -> Scope:
        """The scope as its files describe it. Raises as ``load_scope`` does."""
        if key not in self._scopes:
            try:
                found = load_scope(self._folder, key.customer, str(key.environment))
            except DrstateError as error:
                self._scopes[key] = error
            else:
                self._scopes[key] = found
        held = self._scopes[key]
        if isinstance(held, DrstateError):
            raise held
        return held

    def resolution(
        self, scope: Scope, entries: Sequence[CatalogEntry] | None = None
    ) -> tuple[Resolution, tuple[str, ...]]:
        """The scope's groups over its catalog (or ``entries``), and what could not be looked at."""
        if entries is None:
            catalog = self._journal.load_catalog(scope.key)
            entries = catalog.entries if catalog is not None else None
        others, untold = self.neighbours(scope)
        return resolve(scope, entries, others), untold

    def neighbours(self, scope: Scope) -> tuple[tuple[Neighbour, ...], tuple[str, ...]]:
        """Other scopes with an account in common, and what could not be looked at."""
        accounts = {one.id for one in scope.accounts}
        found: list[Neighbour] = []
        untold: list[str] = []
        for key in known_scopes(self._folder):
            if key == scope.key:
                continue
            try:
                other = self.scope(key)
            except DrstateError as error:
                untold.append(f"{key} could not be looked at: {error.what}; {error.hint}")
                continue
            if accounts & {one.id for one in other.accounts}:
                found.append(Neighbour(key, other.groups, self.servers(key)))
        return tuple(found), tuple(untold)

    def servers(self, key: ScopeKey) -> frozenset[ServerId]:
        """Servers of the scope's catalog."""
        if key not in self._servers:
            catalog = self._journal.load_catalog(key)
            found = servers_of(catalog.entries) if catalog is not None else {}
            self._servers[key] = frozenset(found)
        return self._servers[key]


def discovered(
    services: Services, scope: Scope
) -> tuple[tuple[CatalogEntry, ...], tuple[str, ...]]:
    """The scope's resources as AWS has them now, as far as groups ask, and what was not asked."""
    found = discover(services, scope, refresh=True)
    entries = tuple(
        CatalogEntry(
            resource=one, ownership={}, group="", spec={}, spec_version=1, last_seen=found.taken_at
        )
        for one in found.resources
    )
    untold = tuple(
        f"account {row.account} ({row.name}) in {row.region} could not be asked: {row.error.what}; "
        f"{row.error.hint}"
        for row in found.account_errors
    )
    return entries, untold


def of_servers(services: Services, planned: PlannedRun, *, urgent: bool, own: str) -> Hindrances:
    """What hinders the plan on account of its servers.

    A disaster does not wait for groups to be put in order: conflicts are told then, and the rule of
    ``taken_by`` holds. A server that another execution works on is refused all the same: DRS takes
    one job for a server at a time, and two recoveries of it would undo each other.
    """
    scope, plan, catalog = planned.scope, planned.plan, planned.catalog
    keys = set(_resources(plan))
    found = in_conflict(services.project_dir, services.journal, scope, catalog, keys)
    used = in_use(services.journal, scope.key, plan, catalog, own=own, older_only=bool(own))
    if urgent:
        told = tuple(f"{row.what}: {row.why}; {row.hint}" for row in found)
        return Hindrances(refusals=tuple(used), notices=told)
    conflicts = [RefusalView(stack="", what=one.what, why=one.why, hint=one.hint) for one in found]
    return Hindrances(refusals=(*conflicts, *used))


def in_conflict(
    project_dir: Path, journal: Journal, scope: Scope, catalog: Catalog, keys: Collection[str]
) -> list[GroupFinding]:
    """What among the scope's own groups stops a plan for the resources ``keys``.

    Only the servers of other scopes are asked for, and only where a group names what the scope does
    not have: a start waits for no more than it needs.
    """
    if not scope.groups:
        return []
    found = resolve(scope, catalog.entries)
    if any(view.unknown for view in found.groups):
        project = Project(project_dir, journal)
        others = [
            Neighbour(key, servers=project.servers(key))
            for key in known_scopes(project_dir)
            if key != scope.key
        ]
        found = resolve(scope, catalog.entries, others)
    return list(stopping(found, keys))


def in_use(
    journal: Journal,
    scope: ScopeKey,
    plan: Plan,
    catalog: Catalog,
    *,
    own: str = "",
    older_only: bool = False,
) -> list[RefusalView]:
    """Open executions of other scopes that work on a server of the plan.

    ``own``: the execution that is about to begin, where it was created already. ``older_only``: of
    two that were created at once, and saw each other, the younger one gives way.
    """
    wanted = set(_resources(plan))
    servers = {entry.key: entry for entry in servers_of(catalog.entries).values()}
    mine = servers.keys() & wanted
    if not mine:
        return []
    running = [row for row in _open(journal) if row.scope != scope and row.execution != own]
    if older_only and own:
        ours = journal.header(own)
        running = [row for row in running if _age(row) < _age(ours)]
    found = []
    for row in running:
        both = [servers[key].resource for key in sorted(mine & _worked_on(journal, row))]
        if both:
            found.append(_taken(row, [server_id(one) for one in both]))
    return found


def give_way(journal: Journal, plan: Plan, catalog: Catalog, recorder: Recorder) -> None:
    """End an execution that has just been created, where an older one works on its servers.

    Leases are held by scope, so that two scopes that have a server in common may both have found it
    free. Looked at after the first event, at least one of them sees the other. Raises
    PlanRefusedError, journaled; nothing was done.
    """
    found = in_use(journal, plan.scope, plan, catalog, own=recorder.execution, older_only=True)
    if not found:
        return
    error = _refusal(found)
    recorder.append(
        e.ExecutionFinished(
            status=ExecutionStatus.FAILED,
            changes=0,
            error=error_info(error),
            duration_seconds=recorder.seconds_since("execution"),
        )
    )
    raise error


def refuse_in_use(journal: Journal, plan: Plan, catalog: Catalog, own: str) -> None:
    """Raise PlanRefusedError where a failed execution would go on with servers in use by now."""
    found = in_use(journal, plan.scope, plan, catalog, own=own)
    if found:
        raise _refusal(found)


def _refusal(found: Sequence[RefusalView]) -> PlanRefusedError:
    return PlanRefusedError(
        "; ".join(row.what for row in found),
        why="\n".join(dict.fromkeys(row.why for row in found)),
        hint="\n".join(dict.fromkeys(row.hint for row in found)),
    )


def _taken(row: ExecutionHeader, servers: Sequence[ServerId]) -> RefusalView:
    ids = [f"{name} ({account}, {region})" for account, region, name in servers]
    listed = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    customer, environment = row.scope.customer, row.scope.environment
    return RefusalView(
        stack="",
        what=f"execution {row.execution} of {row.scope} works on {listed}: {row.status}",
        why=f"{row.operator} started it at {row.created_at:%Y-%m-%d %H:%M:%S %Z}; a server is "
        "recovered by one execution at a time, in a disaster too",
        hint=f"watch it: drstate watch {row.execution}\n"
        f"or give it up: drstate cancel {row.execution}\n"
        f"why both scopes have it: drstate group check -c {customer} -e {environment}",
    )


#: journal -> execution -> keys of what it was planned for, which never changes again
_PLANNED: WeakKeyDictionary[Journal, dict[str, frozenset[str]]] = WeakKeyDictionary()


def _worked_on(journal: Journal, row: ExecutionHeader) -> frozenset[str]:
    """Keys of what the execution works on; one that is not planned yet may work on all it has.

    A key is made of technology, account and instance id: it is the same in every scope.
    """
    known = _PLANNED.setdefault(journal, {})
    if row.execution not in known:
        plan = _plan_of(journal, row.execution)
        if plan is None:
            catalog = journal.load_catalog(row.scope)
            return frozenset(one.key for one in catalog.entries) if catalog else frozenset()
        known[row.execution] = frozenset(_resources(plan))
    return known[row.execution]


def _plan_of(journal: Journal, execution: str) -> Plan | None:
    story = journal.events(execution, kinds=("execution_created", "execution_planned"))
    for event in reversed(story):
        payload = event.payload
        if isinstance(payload, e.ExecutionPlanned):
            return payload.plan
        if isinstance(payload, e.ExecutionCreated) and payload.planned:
            return payload.plan
    return None


def _resources(plan: Plan) -> list[str]:
    return [key for stage in plan.stages for shard in stage.shards for key in shard.resources]


def _open(journal: Journal) -> list[ExecutionHeader]:
    return [row for status in OPEN for row in journal.executions(limit=_OPEN_LIMIT, status=status)]


def _age(row: ExecutionHeader) -> tuple[object, str]:
    return (row.created_at, row.execution)
