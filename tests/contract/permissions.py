"""What was called, held against what is declared: nothing more, and nothing for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from drstate.adapters.confining import GRANTS as OWN_NETWORK
from drstate.adapters.policy import lifecycle
from drstate.inventory.asking import GRANTS
from drstate.sandbox.policies import permission_of
from tests.contract.stage import Stage

PERMISSION_CHECKS = ("declared-permissions", "used-permissions")
#: asked of AWS itself by any signed caller
_FREE = {"sts:AssumeRole", "sts:GetCallerIdentity"}


def held_against_grants(stage: Stage, calls: Iterable[dict[str, Any]]) -> None:
    """Compare the sandbox's record of calls with the technology's grants."""
    adapter = stage.adapter
    called = {permission_of(call["service"], call["operation"]) for call in calls} - _FREE
    found = {action for grant in (*GRANTS, *OWN_NETWORK) for action in grant.actions}
    grants = (*adapter.grants, *adapter.stack_grants, *adapter.drill_grants)
    declared = {action for grant in grants for action in grant.actions}
    for permission in sorted(called - found):
        if not any(fnmatchcase(permission.lower(), one.lower()) for one in declared):
            stage.found("declared-permissions", permission, "was called and no grant names it")
    lowered = {one.lower() for one in called}
    stacks = {id(grant) for grant in adapter.stack_grants}
    for grant in grants:
        for action in grant.actions:
            if grant.uncalled or action.lower() in lowered:
                continue
            if id(grant) in stacks and lifecycle(action):
                continue
            stage.found("used-permissions", action, "is granted, and nothing calls it")
