"""What forbids any execution on a scope now: another one, or a maintenance window.

Light to load: `drstate start` asks it before it answers.
"""

from __future__ import annotations

from drstate.execution.lease import living
from drstate.execution.services import Services
from drstate.execution.states import OPEN
from drstate.model.scope import Scope, ScopeKey
from drstate.report.preview import RefusalView


def maintenance(scope: Scope, services: Services) -> list[RefusalView]:
    """The scope's maintenance windows that are open now."""
    now = services.clock.now()
    return [
        RefusalView(
            stack="",
            what=f"{scope.key} is in maintenance until {window.ends:%Y-%m-%d %H:%M %Z}",
            why=window.reason,
            hint=f"wait until then; in a disaster: drstate failover --emergency -c "
            f"{scope.customer} -e {scope.environment}; the window is in "
            f"stacks/{scope.customer}/{scope.environment}.yaml: maintenance",
        )
        for window in scope.maintenance
        if window.open_at(now)
    ]


def another(services: Services, scope: ScopeKey, *, own: str = "") -> RefusalView | None:
    """The execution that is open on the scope: whose it is, since when, how to watch it."""
    newest = services.journal.executions(scope, limit=1)
    if not newest or newest[0].status not in OPEN or newest[0].execution == own:
        return None
    found = newest[0]
    held = living(services.journal, scope, services.clock.now())
    where = f"process {held.pid} on {held.host}" if held else "nobody works on it"
    hint = f"watch it: drstate watch {found.execution}" if held else ""
    more = f"go on with it: drstate resume {found.execution}\n" if not held else ""
    return RefusalView(
        stack="",
        what=f"execution {found.execution} of {scope} is not finished: {found.status}",
        why=f"{found.operator} started it at {found.created_at:%Y-%m-%d %H:%M:%S %Z}; {where}; "
        "a second one could not tell what the first has begun",
        hint=f"{hint or more.strip()}\nor give it up: drstate cancel {found.execution}",
    )
