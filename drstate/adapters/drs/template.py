"""The EC2 launch template of a server during a drill: a version in the drill's security group.

DRS launches what a template's default version says, and has one template for each server. For the
time of a drill the default is a version of the drill's own, made on top of the one that was: only
the security groups differ. Whoever puts it back deletes that version; other versions stay as they
are. Reads and writes EC2 only.
"""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.adapters.confining import default_vpc, in_group, vpc_of_groups, vpc_of_subnets
from drstate.model.names import DRILL_TAG

READS = ("DescribeLaunchTemplateVersions",)
_GONE = ("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.VersionNotFound")
_DEFAULT = "$Default"


def of_server(at: At, server_id: str) -> str:
    """Id of the server's launch template; empty where it has none."""
    found = at.call("drs", "get_launch_configuration", sourceServerID=server_id)
    return str(found.get("ec2LaunchTemplateID") or "")


def vpc(at: At, template: str) -> str | None:
    """The VPC that a launch goes to: by its subnet, by its groups, or the default one."""
    data = (_version(at, template) or {}).get("LaunchTemplateData") or {}
    first: dict[str, Any] = next(iter(data.get("NetworkInterfaces") or []), {})
    if first.get("SubnetId"):
        return vpc_of_subnets(at, [first["SubnetId"]])
    groups = first.get("Groups") or data.get("SecurityGroupIds")
    return vpc_of_groups(at, groups) if groups else default_vpc(at)


def default(at: At, template: str) -> str:
    """Number of the default version; empty where the template is gone."""
    found = _version(at, template)
    return str(found["VersionNumber"]) if found else ""


def confined(at: At, template: str, drill: str) -> bool:
    """Whether the default version is the drill's."""
    found = _version(at, template)
    return found is not None and found.get("VersionDescription") == _mark(drill)


def confine(at: At, template: str, groups: list[str], drill: str) -> None:
    """Make the drill's version, unless it is there, and the default."""
    if confined(at, template, drill):
        return
    number = _of_drill(at, template, drill)
    if number is None:
        now = _version(at, template) or {}
        content = in_group(now.get("LaunchTemplateData") or {}, groups)
        changed = {
            name: content[name]
            for name in ("NetworkInterfaces", "SecurityGroupIds")
            if name in content
        }
        answer = at.call(
            "ec2",
            "create_launch_template_version",
            LaunchTemplateId=template,
            SourceVersion=str(now["VersionNumber"]),
            VersionDescription=_mark(drill),
            LaunchTemplateData=changed,
        )
        number = str(answer["LaunchTemplateVersion"]["VersionNumber"])
    at.call("ec2", "modify_launch_template", LaunchTemplateId=template, DefaultVersion=number)


def release(at: At, template: str, drill: str, was: str) -> None:
    """Make ``was`` the default again where the drill's version is it, and delete that one."""
    if confined(at, template, drill):
        at.call("ec2", "modify_launch_template", LaunchTemplateId=template, DefaultVersion=was)
    number = _of_drill(at, template, drill)
    if number is not None:
        at.call(
            "ec2",
            "delete_launch_template_versions",
            LaunchTemplateId=template,
            Versions=[number],
        )


def _version(at: At, template: str, version: str = _DEFAULT) -> dict[str, Any] | None:
    if not template:
        return None
    answer = at.find(
        "ec2",
        "describe_launch_template_versions",
        *_GONE,
        LaunchTemplateId=template,
        Versions=[version],
    )
    found: list[dict[str, Any]] = answer.get("LaunchTemplateVersions", [])
    return found[0] if found else None


def _of_drill(at: At, template: str, drill: str) -> str | None:
    """Number of the drill's version, if it was made."""
    versions = at.pages(
        "ec2",
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        LaunchTemplateId=template,
    )
    mark = _mark(drill)
    return next(
        (str(one["VersionNumber"]) for one in versions if one.get("VersionDescription") == mark),
        None,
    )


def _mark(drill: str) -> str:
    return f"{DRILL_TAG}={drill}"
