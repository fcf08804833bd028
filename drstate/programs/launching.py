"""Which launch settings a server gets, and who said each of them.

Four places may say a setting; the most specific one wins, and between two that are equally specific
the group's file does: a server's part of its group, the server's part of ``policies.drs``, the
group, ``policies.drs``. What none of them says is as it was captured and as the site map has it.
Plan, preview, program, adapter, prerequisites and quotas all ask here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ProtectionGroup, ServerLaunch, taken_by
from drstate.model.resource import Technology
from drstate.model.scope import AccountId, Policies
from drstate.model.shard import ShardInput


class Launch(StrEnum):
    """In which phase data is launched into the instances."""

    #: with the data of that moment
    ACTIVATE = "activate"
    #: earlier, which saves the launch's time and loses what is written until ACTIVATE
    INSTANTIATE = "instantiate"


class LaunchChoices(Value):
    """DRS's launch settings.

    Copied address and tags are for drills: DRS refuses them where it launches into an instance.
    """

    right_sizing: Literal["NONE", "BASIC", "IN_AWS"] = "NONE"
    copy_private_ip: bool = False
    copy_tags: bool = False
    #: bring your own license of the operating system
    os_byol: bool = False
    disposition: Literal["STARTED", "STOPPED"] = "STARTED"
    #: run the post-launch actions that are configured on the source server
    post_launch: bool = False


class DrsPolicy(LaunchChoices):
    """Choices for DRS servers of the scope."""

    launch: Launch = Launch.ACTIVATE
    #: accounts whose DRS replicates servers that are recovered in another account
    staging_accounts: tuple[AccountId, ...] = ()
    #: stop the instance that serves before its data is launched elsewhere
    stop_source: bool = True
    #: a launch that is older is made again by ACTIVATE, unless the site serves already
    launched_within_minutes: int = Field(default=60, ge=1, le=1440)
    #: instance id -> what differs for it
    servers: dict[str, ServerLaunch] = {}

    def of(self, instance: str) -> LaunchChoices:
        """The launch settings of one server."""
        names = LaunchChoices.model_fields
        own = self.servers.get(instance, ServerLaunch())
        return LaunchChoices.model_validate(
            {
                name: getattr(self, name) if getattr(own, name) is None else getattr(own, name)
                for name in names
            }
        )


def policy_for(
    policies: Policies, groups: Sequence[ProtectionGroup], entry: CatalogEntry
) -> DrsPolicy:
    """The scope's choices for DRS, in which ``servers`` says what holds for this entry's server."""
    policy = policies.of("drs", DrsPolicy)
    group = taken_by(entry.resource, tuple(groups))
    if group is None:
        return policy
    name = entry.resource.name
    merged = ServerLaunch.model_validate(
        {field: value for field, (value, _) in _said(policy, group, name).items()}
    )
    return policy.model_copy(update={"servers": {**policy.servers, name: merged}})


def shard_policy(shard: ShardInput, key: str) -> DrsPolicy:
    """As ``policy_for``, for the shard's resource with this key."""
    entry = next((one for one in shard.resources if one.key == key), None)
    if entry is None:
        return shard.policies.of("drs", DrsPolicy)
    return policy_for(shard.policies, shard.groups, entry)


def from_group(
    policies: Policies, group: ProtectionGroup, entry: CatalogEntry
) -> dict[str, tuple[Any, bool]]:
    """Field -> its value, and whether it was said of this server alone; of what the group decides.

    What the scope file says of the server itself, and the group says of all, is not the group's.
    """
    policy = policies.of("drs", DrsPolicy)
    return {
        field: (value, source == "server")
        for field, (value, source) in _said(policy, group, entry.resource.name).items()
        if source != "scope"
    }


def group_settings(
    policies: Policies, groups: Sequence[ProtectionGroup], entry: CatalogEntry
) -> str:
    """What its group decides of DRS's launch settings, as part of a sentence; empty: nothing."""
    group = taken_by(entry.resource, tuple(groups))
    if group is None:
        return ""
    said = from_group(policies, group, entry)
    settings = [
        f"{field} {shown(value)}"
        for field, (value, _) in said.items()
        if field in LaunchChoices.model_fields
    ]
    return f"{', '.join(settings)} of group {group.name!r}" if settings else ""


def shown(value: Any) -> str:
    """A setting's value as a scope file would say it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def groups_for(
    groups: Sequence[ProtectionGroup], entries: Sequence[CatalogEntry]
) -> tuple[ProtectionGroup, ...]:
    """The groups that any of the entries is in: what a shard has to know of all groups."""
    servers = [one.resource for one in entries if one.resource.technology == Technology.DRS]
    if not servers:
        return ()
    held = tuple(groups)
    used = {found.key for one in servers if (found := taken_by(one, held)) is not None}
    return tuple(one for one in groups if one.key in used)


def _said(policy: DrsPolicy, group: ProtectionGroup, server: str) -> dict[str, tuple[Any, str]]:
    nothing = ServerLaunch()
    layers = (
        ("group", group.launch.said),
        ("scope", policy.servers.get(server, nothing).said),
        ("server", group.launch.servers.get(server, nothing).said),
    )
    return {field: (value, source) for source, said in layers for field, value in said.items()}
