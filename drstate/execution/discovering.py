"""Use case: what is in the scope's accounts, and what is wrong with its tags. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.execution.services import Services
from drstate.model.scope import Scope

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.model.inventory import Inventory


def discover(
    services: Services, scope: Scope, *, refresh: bool = False, caller: AwsCaller | None = None
) -> Inventory:
    """The scope's inventory at its primary region; at most 5 minutes old unless ``refresh``.

    An account that cannot be reached is reported in the inventory, not raised.
    """
    from drstate.inventory import discovery  # noqa: PLC0415 loaded when it is needed

    return discovery.discover(
        scope,
        caller or services.caller(scope, session="drstate-discover"),
        claims=[claim for adapter in services.technologies() for claim in adapter.claims],
        cache=services.journal,
        clock=services.clock,
        refresh=refresh,
    )
