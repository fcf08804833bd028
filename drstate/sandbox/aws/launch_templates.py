"""Launch templates with more than one version, and the Auto Scaling groups that use them.

moto keeps the user data of a later version as plain text and then stops on it, ignores
SourceVersion, takes versions that do not exist, deletes none, forgets neither tags nor the place of
a template that is gone, shows every instance at the template's default version, and launches from
none that names a device without a volume.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidLaunchTemplateVersionNotFound
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.launch_templates import (
    LaunchTemplate,
    LaunchTemplateBackend,
    LaunchTemplateVersion,
)
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

from .autoscaling_groups import launched
from .extend import extend

_delete = LaunchTemplateBackend.delete_launch_template
_create_version = LaunchTemplates.create_launch_template_version
_set_launch_configuration = FakeAutoScalingGroup._set_launch_configuration  # noqa: SLF001
_update = FakeAutoScalingGroup.update
_launch = FakeAutoScalingGroup.replace_autoscaling_group_instances
_launched_from = InstanceBackend._get_template_from_args  # noqa: SLF001 - the only way in
_NUMBER = "_drstate_launched_from"
_NEXT = "_drstate_next_version"


class _Template:
    def get_version(self: Any, num: Any) -> Any:
        """A version by number, $Latest or $Default; there is none before the first."""
        if str(num).lower() not in {"$latest", "$default"} and not (
            str(num).isdigit() and int(num) > 0
        ):
            raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=num)
        return self.default_version() if str(num).lower() == "$default" else _numbered(self, num)

    def create_version(self: Any, data: dict[str, Any], description: str) -> LaunchTemplateVersion:
        """The next version: numbers are never given twice."""
        number = getattr(self, _NEXT, 1)
        setattr(self, _NEXT, number + 1)
        version = LaunchTemplateVersion(self, number, data, description)
        self.versions.append(version)
        return version

    def default_version(self: Any) -> Any:
        """The default one."""
        return _numbered(self, self.default_version_number)

    @property
    def tags(self: Any) -> dict[str, str]:
        """The tags as they are now."""
        found: dict[str, str] = self.get_tags()
        return found

    @tags.setter
    def tags(self: Any, given: Any) -> None:
        """Moto would keep the tags of the beginning for ever."""


class _Backend:
    def delete_launch_template(self: Any, name: str, tid: str | None) -> LaunchTemplate:
        """Delete it, with its tags."""
        gone: LaunchTemplate = _delete(self, name, tid)
        self.launch_template_insert_order.remove(gone.id)
        self.tags.pop(gone.id, None)
        return gone


class _Responses:
    def delete_launch_template_versions(self: Any) -> ActionResult:
        """Delete versions, but for the default one."""
        template = _named(self)
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        told = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        for asked in self._get_param("LaunchTemplateVersions") or self._get_param("Versions", []):
            number = int(asked)
            row = {**told, "VersionNumber": number}
            if number == template.default_version_number:
                error = {"Code": "unexpectedError", "Message": "The default version stays"}
                failed.append({**row, "ResponseError": error})
            elif all(one.number != number for one in template.versions):
                error = {"Code": "launchTemplateVersionDoesNotExist", "Message": "It is not there"}
                failed.append({**row, "ResponseError": error})
            else:
                template.versions[:] = [one for one in template.versions if one.number != number]
                done.append(row)
        return ActionResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": done,
                "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
            }
        )

    def create_launch_template_version(self: Any) -> ActionResult:
        """A version of its own, or on top of the source's."""
        given = dict(self._get_param("LaunchTemplateData") or {})
        if given.get("UserData") is not None:
            given["UserData"] = parse_user_data(given["UserData"])
        source = self._get_param("SourceVersion")
        if source:
            template = _named(self)
            given = {**template.get_version(source).data, **given}
        self.params["LaunchTemplateData"] = given
        answer: ActionResult = _create_version(self)
        return answer


def _numbered(template: LaunchTemplate, number: Any) -> LaunchTemplateVersion:
    if str(number).lower() == "$latest":
        return template.versions[-1]
    for version in template.versions:
        if version.number == int(number):
            return version
    raise InvalidLaunchTemplateVersionNotFound(template_id=template.id, version=number)


def _named(response: Any) -> LaunchTemplate:
    backend, name = response.ec2_backend, response._get_param("LaunchTemplateName")  # noqa: SLF001
    if name:
        return backend.get_launch_template_by_name(name)
    return backend.get_launch_template(response._get_param("LaunchTemplateId"))  # noqa: SLF001


class _Group:
    def _set_launch_configuration(
        self: Any,
        launch_config_name: str,
        launch_template: dict[str, Any],
        mixed_instances_policy: dict[str, Any] | None,
    ) -> None:
        _require_version(self, launch_template, mixed_instances_policy)
        _set_launch_configuration(self, launch_config_name, launch_template, mixed_instances_policy)

    def update(self: Any, **given: Any) -> None:
        """Nothing is changed if the template is not there; a policy that is not given stays."""
        template, policy = given.get("launch_template"), given.get("mixed_instances_policy")
        _require_version(self, template, policy)
        if not (template or policy or given.get("launch_config_name")):
            given["mixed_instances_policy"] = _as_given(self.mixed_instances_policy)
        _update(self, **given)

    def replace_autoscaling_group_instances(
        self: Any, count_needed: int, propagated_tags: dict[str, str]
    ) -> None:
        """Launch, and remember from which version."""
        before = len(self.instance_states)
        _launch(self, count_needed, propagated_tags)
        launched(self, self.instance_states[before:])
        if self.ec2_launch_template is not None:
            number = self.ec2_launch_template.get_version(self.launch_template_version).number
            for state in self.instance_states[before:]:
                setattr(state, _NUMBER, number)


class _Launching:
    def _get_template_from_args(self: Any, launch_template_arg: dict[str, Any]) -> Any:
        """What is launched from, with the devices that are volumes."""
        found = _launched_from(self, launch_template_arg)
        devices = found.data.get("BlockDeviceMappings") or []
        volumes = [one for one in devices if one.get("Ebs")]
        if len(volumes) == len(devices):
            return found
        plain = copy.copy(found)
        plain.data = {**found.data, "BlockDeviceMappings": volumes}
        return plain


class _Instance:
    @property
    def launch_template(self: Any) -> dict[str, Any] | None:
        """The template, and the version that the instance was launched from."""
        group = self.auto_scaling_group
        template = group.ec2_launch_template if group is not None else None
        number = getattr(self, _NUMBER, None)
        if template is None or number is None:
            return None
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": str(number),
        }


def _as_given(policy: Any) -> Any:
    """A kept policy as a request: moto keeps id and name, and takes one of them."""
    if not policy:
        return policy
    template = dict(policy["LaunchTemplate"])
    named = dict(template["LaunchTemplateSpecification"])
    if named.get("LaunchTemplateId"):
        named.pop("LaunchTemplateName", None)
    return {**policy, "LaunchTemplate": {**template, "LaunchTemplateSpecification": named}}


def _require_version(group: Any, template: Any, policy: Any) -> None:
    wanted = template
    if not wanted and policy:
        wanted = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    if not wanted:
        return
    backend = group.ec2_backend
    name = wanted.get("LaunchTemplateId")
    if not name and not wanted.get("LaunchTemplateName"):
        return
    found = (
        backend.get_launch_template(name)
        if name
        else backend.get_launch_template_by_name(wanted["LaunchTemplateName"])
    )
    try:
        found.get_version(wanted.get("Version") or "$Default")
    except InvalidLaunchTemplateVersionNotFound as error:
        raise ValidationError(
            "You must use a valid fully-formed launch template. Could not find the specified "
            f"version {wanted.get('Version')} for the launch template with ID {found.id}."
        ) from error


def install() -> None:
    """Correct moto's launch templates and Auto Scaling groups."""
    extend(
        LaunchTemplate,
        _Template,
        replaces=frozenset({"create_version", "default_version", "get_version"}),
    )
    extend(LaunchTemplateBackend, _Backend, replaces=frozenset({"delete_launch_template"}))
    extend(LaunchTemplates, _Responses, replaces=frozenset({"create_launch_template_version"}))
    extend(
        FakeAutoScalingGroup,
        _Group,
        replaces=frozenset(
            {"_set_launch_configuration", "update", "replace_autoscaling_group_instances"}
        ),
    )
    extend(InstanceBackend, _Launching, replaces=frozenset({"_get_template_from_args"}))
    extend(InstanceState, _Instance, replaces=frozenset({"launch_template"}))
