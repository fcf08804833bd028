"""What forbids any execution on a scope now: another one, or a maintenance window.

Light to load: `drstate start` asks it before it answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.errors import ConfigError
from drstate.execution.lease import living
from drstate.execution.services import Services
from drstate.execution.states import OPEN
from drstate.model.events import ExecutionStatus
from drstate.model.scope import Scope, ScopeKey
from drstate.report.preview import Hindrances, RefusalView

if TYPE_CHECKING:
    from drstate.execution.making_plan import PlannedRun


def hindrances(
    services: Services,
    scope: Scope,
    *,
    urgent: bool = False,
    own: str = "",
    planned: PlannedRun | None = None,
) -> Hindrances:
    """What stands in the way of an execution now, and what is announced.

    ``urgent``: a disaster does not wait for a window to close, nor for a mistake in one to be
    mended. ``own``: the execution that is about to begin. ``planned``: what it would do; with it,
    its servers' groups and other scopes' executions are looked at too. Raises ConfigError for a
    window that is not sound.
    """
    refusals = [] if urgent else maintenance(services, scope)
    other = another(services, scope.key, own=own)
    servers = Hindrances()
    if planned is not None:
        from drstate.execution.grouping import of_servers  # noqa: PLC0415 loaded when it is needed

        servers = of_servers(services, planned, urgent=urgent, own=own)
    return Hindrances(
        refusals=(*refusals, *([other] if other is not None else []), *servers.refusals),
        notices=(*announcements(services, scope, urgent=urgent), *servers.notices),
    )


def announcements(services: Services, scope: Scope, *, urgent: bool = False) -> tuple[str, ...]:
    """Windows that open soon, or that an emergency goes ahead in. As for ``hindrances``."""
    from drstate.inventory.maintenance import windows_of  # noqa: PLC0415 loaded when it is needed

    try:
        windows = windows_of(services.project_dir, scope)
    except ConfigError as error:
        if not urgent:
            raise
        return (f"maintenance windows are not looked at: {error.what}",)
    now = services.clock.now()
    soon = [
        f"maintenance of {row.of} from {row.window}: no execution begins then; what runs "
        f"{'finishes' if row.window.running == 'finish' else 'is paused after its wave'}"
        for row in windows
        if row.window.soon(now)
    ]
    ahead = [
        f"maintenance of {row.of} is under way, from {row.window}: it goes ahead because it is an "
        "emergency"
        for row in windows
        if urgent and row.window.open_at(now)
    ]
    return (*soon, *ahead)


def maintenance(services: Services, scope: Scope) -> list[RefusalView]:
    """The windows that are open now. Raises ConfigError for one that is not sound."""
    from drstate.inventory.maintenance import windows_of  # noqa: PLC0415 loaded when it is needed

    now = services.clock.now()
    where = f"-c {scope.customer} -e {scope.environment}"
    return [
        RefusalView(
            stack="",
            what=f"{row.of} is in maintenance until {row.window.ends:%Y-%m-%d %H:%M %Z}",
            why=row.window.reason,
            hint=f"wait until then; in a disaster: drstate failover --emergency {where}; "
            f"the window is in {row.file}: maintenance",
        )
        for row in windows_of(services.project_dir, scope)
        if row.window.open_at(now)
    ]


def another(services: Services, scope: ScopeKey, *, own: str = "") -> RefusalView | None:
    """The execution that is open on the scope: whose it is, since when, how to watch it."""
    newest = services.journal.executions(scope, limit=1)
    if not newest or newest[0].status not in OPEN or newest[0].execution == own:
        return None
    found = newest[0]
    held = living(services.journal, scope)
    where = f"process {held.pid} on {held.host}" if held else "nobody works on it"
    coming = found.status is ExecutionStatus.PENDING and services.readers.runner_gone(found) is None
    if held is None and coming:
        where = "its process in the background is about to begin"
    hint = f"watch it: drstate watch {found.execution}" if held or coming else ""
    more = f"go on with it: drstate resume {found.execution}\n"
    return RefusalView(
        stack="",
        what=f"execution {found.execution} of {scope} is not finished: {found.status}",
        why=f"{found.operator} started it at {found.created_at:%Y-%m-%d %H:%M:%S %Z}; {where}; "
        "a second one could not tell what the first has begun",
        hint=f"{hint or more.strip()}\nor give it up: drstate cancel {found.execution}",
    )
