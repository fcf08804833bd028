"""An Auto Scaling group's values at a site. They are the same in every site state.

The sizes are not among them: minimum, maximum and desired capacity have to change in one call, and
that is the adapter's. A group is declared at zero.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from pydantic import Field

from drstate.model.base import Value
from drstate.model.scope import SiteMapTable
from drstate.programs import identifiers
from drstate.programs.autoscaling.spec import AutoScalingSpec, BlockDevice, TemplateSpec
from drstate.programs.translator import Translator


class AutoScalingPolicy(Value):
    """Choices for Auto Scaling groups of the scope."""

    #: instances per group in a warm site, as a part of production (at least one instance)
    warm_percent: int = Field(default=25, ge=1, le=100)


@dataclass(frozen=True)
class TemplateValues:
    """The launch template's identifiers at the site. None: another stack has yet to make it."""

    image: str | None
    key_name: str | None
    instance_profile: str | None
    security_groups: tuple[str | None, ...]
    #: per interface, in the spec's order
    interface_groups: tuple[tuple[str | None, ...], ...]
    devices: tuple[BlockDevice, ...]
    #: base64; None where there is none
    user_data: str | None


@dataclass(frozen=True)
class AutoScalingValues:
    """The group's identifiers at the site."""

    template: TemplateValues
    subnets: tuple[str, ...]
    target_groups: tuple[str | None, ...]
    service_role: str | None
    #: policy's name -> resource label of target tracking on a load balancer
    resource_labels: dict[str, str]


def autoscaling_values(spec: AutoScalingSpec, translator: Translator) -> AutoScalingValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    return AutoScalingValues(
        template=_template(spec.template, translator),
        subnets=translator.subnets(spec.subnets),
        target_groups=tuple(
            identifiers.here(translator, SiteMapTable.TARGET_GROUPS, group, "target group")
            for group in spec.target_groups
        ),
        service_role=translator.optional(SiteMapTable.ROLES, spec.service_role)
        if spec.service_role
        else None,
        resource_labels=_labels(spec, translator),
    )


def _template(spec: TemplateSpec, translator: Translator) -> TemplateValues:
    def group(identifier: str) -> str | None:
        return identifiers.here(
            translator, SiteMapTable.SECURITY_GROUPS, identifier, "security group"
        )

    return TemplateValues(
        image=_image(spec.image, translator),
        key_name=translator.optional(SiteMapTable.KEY_PAIRS, spec.key_name)
        if spec.key_name
        else None,
        instance_profile=translator.optional(SiteMapTable.INSTANCE_PROFILES, spec.instance_profile)
        if spec.instance_profile
        else None,
        security_groups=tuple(group(one) for one in spec.security_groups),
        interface_groups=tuple(
            tuple(group(one) for one in interface.security_groups) for interface in spec.interfaces
        ),
        devices=tuple(_device(device, translator) for device in spec.devices),
        user_data=_user_data(spec, translator),
    )


def _image(image: str | None, translator: Translator) -> str | None:
    # a parameter's name is resolved by EC2 in its own region
    if image is None or not image.startswith("ami-"):
        return image
    return translator.required(SiteMapTable.AMIS, image, "machine image")


def _device(device: BlockDevice, translator: Translator) -> BlockDevice:
    return device.model_copy(
        update={
            "kms_key": translator.arn(SiteMapTable.KMS_KEYS, device.kms_key, "KMS key of a volume")
            if device.kms_key
            else None,
            "snapshot": translator.required(
                SiteMapTable.IDENTIFIERS, device.snapshot, "snapshot of a volume"
            )
            if device.snapshot
            else None,
        }
    )


def _user_data(spec: TemplateSpec, translator: Translator) -> str | None:
    if spec.user_data is None:
        return spec.user_data_binary
    text = translator.bound(spec.user_data)
    if not translator.translation.identity:
        table = translator.shard.site_map.get(SiteMapTable.IDENTIFIERS, {})
        # the longest first: one identifier may be the beginning of another
        for source in sorted(table, key=lambda name: (-len(name), name)):
            text = text.replace(source, table[source])
    return base64.b64encode(text.encode()).decode()


def _labels(spec: AutoScalingSpec, translator: Translator) -> dict[str, str]:
    found: dict[str, str] = {}
    for policy in spec.policies:
        tracking = policy.configuration.get("TargetTrackingConfiguration") or {}
        label = (tracking.get("PredefinedMetricSpecification") or {}).get("ResourceLabel")
        if label:
            found[policy.name] = translator.required(
                SiteMapTable.TARGET_GROUPS, label, "resource label of target tracking"
            )
    return found
