"""Servers and protection groups for tests of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ProtectionGroup
from drstate.model.scope import Scope
from tests.planning.planning_estate import APP, EAST, NOW, SCOPE, entry

#: ids of servers, by number
SUBNET, SECURITY_GROUP = "subnet-00000000000000001", "sg-00000000000000001"


def instance(number: int) -> str:
    """The id of a server."""
    return f"i-{number:017x}"


def server(
    number: int, *, account: str = APP, missing: bool = False, wave: int = 2, **tags: str
) -> CatalogEntry:
    """A server of the scope, with its owner's tags."""
    made = entry(
        instance(number),
        technology="drs",
        account=account,
        wave=wave,
        missing_since=NOW if missing else None,
    )
    return made.model_copy(
        update={"resource": made.resource.model_copy(update={"raw_tags": dict(tags)})}
    )


def group(
    name: str, *servers: int, account: str = APP, tags: Mapping[str, str] | None = None, **more: Any
) -> ProtectionGroup:
    """A group by tags, or of named servers."""
    chosen = {"tags": dict(tags)} if tags else {"servers": [instance(one) for one in servers]}
    return ProtectionGroup.model_validate(
        {"name": name, "account": account, "region": EAST, **chosen, **more}
    )


def scope(*groups: ProtectionGroup, **changes: Any) -> Scope:
    """The scope with these groups."""
    return SCOPE.model_copy(update={"groups": tuple(groups), **changes})
