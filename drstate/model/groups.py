"""Protection groups: servers of a scope that belong together, and how their copies are launched.

A group says which servers it takes, by tags or by name, and never by both: with both, nobody could
tell which of the two a server that came later is in for. It holds choices only; which servers are
in it now is worked out from the catalog (``planning.groups``), and whether a server is in one
enabled group only is judged there, over all groups together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import Field, StringConstraints, field_validator, model_validator

from drstate.model.base import Value
from drstate.model.forms import AccountId, Region
from drstate.model.resource import Resource, Technology

#: namespace of groups' ids
_IDS = UUID("6f0d4f5e-52a1-5a0b-9d0e-3f1c5f1b8a77")

GroupName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$")
]
InstanceId = Annotated[str, StringConstraints(pattern=r"^i-[0-9a-f]{8,17}$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]
SecurityGroupId = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-f]{8,17}$")]
InstanceType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]{1,128}$")]
Address = Annotated[
    str,
    StringConstraints(pattern=r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$"),
]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]
TagValue = Annotated[str, StringConstraints(max_length=256)]


class LaunchConfiguration(Value):
    """How servers are launched in the recovery region; what is not said is as it would be without.

    Identifiers are the recovery region's own: they are not translated.
    """

    subnet: SubnetId | None = None
    security_groups: tuple[SecurityGroupId, ...] | None = Field(
        default=None, min_length=1, max_length=16
    )
    instance_type: InstanceType | None = None
    #: name, not ARN
    instance_profile: ProfileName | None = None
    right_sizing: Literal["NONE", "BASIC", "IN_AWS"] | None = None
    #: for drills: DRS copies neither address nor tags where it launches into an instance
    copy_private_ip: bool | None = None
    copy_tags: bool | None = None
    #: DRS's ``licensing.osByol``: bring your own license of the operating system
    os_byol: bool | None = None
    disposition: Literal["STARTED", "STOPPED"] | None = None
    #: run the post-launch actions that are configured on the source server
    post_launch: bool | None = None

    @property
    def said(self) -> dict[str, Any]:
        """Field -> value, of what is said, without the servers of a group."""
        return {
            name: value
            for name in type(self).model_fields
            if name != "servers" and (value := getattr(self, name)) is not None
        }


class ServerLaunch(LaunchConfiguration):
    """What differs for one server of a group."""

    #: its fixed address in the recovery region, where otherwise the kept one is taken
    private_ip: Address | None = None


class GroupLaunch(LaunchConfiguration):
    """A group's launch configuration, with what differs for single servers."""

    #: instance id -> what differs for it
    servers: dict[InstanceId, ServerLaunch] = {}

    @field_validator("servers")
    @classmethod
    def _apart(cls, servers: dict[str, ServerLaunch]) -> dict[str, ServerLaunch]:
        held: dict[str, str] = {}
        for name, one in servers.items():
            if one.private_ip is None:
                continue
            other = held.setdefault(one.private_ip, name)
            if other != name:
                raise ValueError(
                    f"{other} and {name} have the same private_ip {one.private_ip}: give each its "
                    "own"
                )
        return servers


class ProtectionGroup(Value):
    """Servers of one account and region that are launched alike."""

    #: unique in its account, whatever its case
    name: GroupName
    description: str = Field(default="", max_length=512)
    account: AccountId
    #: where its servers run while the scope's primary region serves
    region: Region
    #: a server is in one enabled group at most; a group that is not enabled takes none
    enabled: bool = True
    #: a server that carries all of them, exactly, is in the group
    tags: dict[TagKey, TagValue] | None = None
    #: instance ids
    servers: tuple[InstanceId, ...] | None = None
    launch: GroupLaunch = GroupLaunch()

    @property
    def key(self) -> tuple[str, str]:
        """What is unique: the account, and the name whatever its case."""
        return (self.account, self.name.casefold())

    @property
    def id(self) -> str:
        """For programs: the same UUID as long as account, region and name stay."""
        return str(uuid5(_IDS, f"{self.account}/{self.region}/{self.name.casefold()}"))

    @property
    def by_tags(self) -> bool:
        """Whether tags choose its servers."""
        return self.tags is not None

    def selects(self, resource: Resource) -> bool:
        """Whether the resource is one of its servers, were it enabled."""
        if resource.technology != Technology.DRS:
            return False
        if (resource.account, resource.region) != (self.account, self.region):
            return False
        if self.servers is not None:
            return resource.name in self.servers
        return all(resource.raw_tags.get(key) == value for key, value in (self.tags or {}).items())

    @model_validator(mode="after")
    def _whole(self) -> ProtectionGroup:
        if self.tags is not None and self.servers is not None:
            raise ValueError(
                "it has tags and servers: keep one of the two; a group is chosen by tags or by "
                "explicit servers, never by both"
            )
        if not self.tags and not self.servers:
            raise ValueError(
                "it chooses nothing: add tags (all of them have to match) or servers (instance ids)"
            )
        if self.servers is None:
            return self
        twice = sorted({one for one in self.servers if self.servers.count(one) > 1})
        if twice:
            raise ValueError(f"servers: {twice[0]} is listed twice: remove one of them")
        strange = sorted(set(self.launch.servers) - set(self.servers))
        if strange:
            raise ValueError(
                f"launch.servers names {strange[0]}, which servers lacks: add it there, or remove "
                "what is said of it"
            )
        return self


class GroupsFile(Value):
    """``stacks/<customer>/<environment>.groups.yaml``."""

    schema_: Literal["drstate.groups/1"] = Field(alias="schema")
    groups: tuple[ProtectionGroup, ...] = ()


def taken_by(resource: Resource, groups: tuple[ProtectionGroup, ...]) -> ProtectionGroup | None:
    """The enabled group that the resource is in; of several, the first by name.

    That there are several is refused before a start. In a disaster it is told, and this rule holds
    then, so that two runs of one plan launch alike.
    """
    found = [one for one in groups if one.enabled and one.selects(resource)]
    return min(found, key=lambda one: one.key) if found else None
