"""Says which execution it is, once, before anything of it is shown or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from drstate_cli.options import Common
from drstate_cli.payload import SANDBOX_NOTICE, say

if TYPE_CHECKING:
    from drstate.execution.services import Services
    from drstate.journal.port import ExecutionHeader
    from drstate.model.events import Event


def announce(common: Common, header: ExecutionHeader) -> None:
    """Scope, phases and id on stderr; in the sandbox, that it is one."""
    say(f"{header.scope}  {' + '.join(header.phases)}  execution {header.execution}")
    if common.sandbox:
        say(SANDBOX_NOTICE)


def announced(
    common: Common, services: Services, show: Callable[[Event], None]
) -> Callable[[Event], None]:
    """``show``, and before its first event the announcement: only then it is known which one."""
    said = False

    def on_event(event: Event) -> None:
        nonlocal said
        if not said:
            said = True
            announce(common, services.journal.header(event.execution))
        show(event)

    return on_event
